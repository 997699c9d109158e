"""Keyboards of risk and cooldowns."""

from collections.abc import Sequence

from aiogram.types import InlineKeyboardMarkup

from engine.core.snapshot import SymbolView
from keyboards.base import DANGER, button, in_rows, link, markup
from keyboards.data import Ask, DeskOrder, Place, Unlock

_SHOWN = 12


def risk_keyboard() -> InlineKeyboardMarkup:
    """Making the desk safer first, then the screens of risk."""
    return markup(
        [button("Pause", Ask(order=DeskOrder.PAUSE)), button("CLOSE ALL", Ask(order=DeskOrder.CLOSE_ALL), DANGER)],
        [link("Limits", Place.LIMITS), link("Cooldowns", Place.COOLDOWNS), link("Signals", Place.SIGNALS)],
        [link("Refresh", Place.RISK), link("Positions", Place.POSITIONS)],
    )


def cooldowns_keyboard(resting: Sequence[SymbolView]) -> InlineKeyboardMarkup:
    """A button to unlock each symbol that rests."""
    unlock = [button(f"Unlock {s.symbol.removesuffix('USDT')}", Unlock(symbol=s.symbol)) for s in resting[:_SHOWN]]
    return markup(*in_rows(unlock, 3), [link("Refresh", Place.COOLDOWNS), link("Risk", Place.RISK)])
