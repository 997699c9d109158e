"""Keyboards of a backtest: stopping it, and the pictures of its result."""

from aiogram.types import InlineKeyboardMarkup

from keyboards.base import DANGER, button, markup
from keyboards.data import Backtest

STOP = "stop"


def running_keyboard(run: str) -> InlineKeyboardMarkup:
    """Stop a running backtest."""
    return markup([button("Cancel", Backtest(run=run, what=STOP), DANGER)])


def result_keyboard(run: str) -> InlineKeyboardMarkup:
    """Pictures of a finished backtest."""
    return markup(
        [button("Equity", Backtest(run=run, what="equity")), button("Drawdown", Backtest(run=run, what="drawdown"))],
        [button("Results", Backtest(run=run, what="distribution")), button("P&L", Backtest(run=run, what="pnl"))],
    )
