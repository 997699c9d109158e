"""The panel's keyboard and the screen of further screens. Buttons never change places, whatever the state."""

from aiogram.types import InlineKeyboardButton, InlineKeyboardMarkup

from engine.core.snapshot import Snapshot
from keyboards.base import DANGER, button, link, markup
from keyboards.data import Ask, DeskOrder, Open, Place


def panel_keyboard(snapshot: Snapshot, *, several: bool = False) -> InlineKeyboardMarkup:
    """The keyboard of the panel; screens open as new messages, because the panel stays a panel. `several`: the desk has
    more accounts than this one.
    """
    accounts = [_fresh(f"Account {snapshot.account}", Place.ACCOUNT)] if several else []
    return markup(
        [button("Pause", Ask(order=DeskOrder.PAUSE)), button("CLOSE ALL", Ask(order=DeskOrder.CLOSE_ALL), DANGER)],
        [_fresh("Positions", Place.POSITIONS), _fresh("Today", Place.TODAY), _fresh("Risk", Place.RISK)],
        [_fresh("Strategies", Place.STRATEGIES), _fresh("Charts", Place.CHARTS), _fresh("More", Place.MORE)],
        [button("Resume", Ask(order=DeskOrder.RESUME)), button("Refresh", Open(place=Place.PANEL))],
        accounts,
    )


def _fresh(text: str, place: Place) -> InlineKeyboardButton:
    return button(text, Open(place=place, fresh=True))


def more_keyboard() -> InlineKeyboardMarkup:
    """Everything the panel has no room for."""
    return markup(
        [link("Status", Place.STATUS), link("Balance", Place.BALANCE), link("Trades", Place.TRADES)],
        [link("Today", Place.TODAY), link("Performance", Place.PERFORMANCE), link("Analytics", Place.ANALYTICS)],
        [link("Limits", Place.LIMITS), link("Cooldowns", Place.COOLDOWNS), link("Signals", Place.SIGNALS)],
        [link("Backtest", Place.BACKTEST), link("Health", Place.HEALTH), link("Version", Place.VERSION)],
        [link("Help", Place.HELP)],
    )


def refresh_keyboard(place: Place) -> InlineKeyboardMarkup:
    """A single refresh, and the way to the other screens."""
    return markup([link("Refresh", place), link("More", Place.MORE)])
