"""The buttons under an alert."""

from aiogram.types import InlineKeyboardButton, InlineKeyboardMarkup

from engine.core.alerts import (
    Alert,
    EntryAlert,
    ExitAlert,
    HoldAlert,
    LimitAlert,
    LiquidationAlert,
    OrderAlert,
    ProtectionAlert,
    SlippageAlert,
    StopMovedAlert,
    TrailAlert,
)
from keyboards.base import DANGER, button, markup
from keyboards.data import Ask, Card, Close, DeskOrder, Open, Picture, Place, Why


def alert_keyboard(alert: Alert) -> InlineKeyboardMarkup | None:
    """What one may want to do on reading an alert; None where nothing follows. Screens open as new messages."""
    match alert:
        case (
            EntryAlert(symbol=symbol)
            | StopMovedAlert(symbol=symbol)
            | ProtectionAlert(symbol=symbol)
            | TrailAlert(symbol=symbol)
        ):
            return markup(
                [
                    button("Card", Card(symbol=symbol, fresh=True)),
                    button("Chart", Picture(what=symbol, fresh=True)),
                    button("Close", Close(symbol=symbol, percent=100, fresh=True), DANGER),
                ]
            )
        case (
            ExitAlert(symbol=symbol)
            | OrderAlert(symbol=symbol)
            | LiquidationAlert(symbol=symbol)
            | SlippageAlert(symbol=symbol)
        ):
            return markup(
                [button("Chart", Picture(what=symbol, fresh=True)), button("Why", Why(symbol=symbol, fresh=True))]
            )
        case LimitAlert(level="warned" | "breached"):
            return markup([*_state(), button("CLOSE ALL", Ask(order=DeskOrder.CLOSE_ALL), DANGER)])
        case LimitAlert() | HoldAlert():
            return markup(_state())
        case _:
            return None


def _state() -> list[InlineKeyboardButton]:
    places = (("Risk", Place.RISK), ("Status", Place.STATUS))
    return [button(text, Open(place=place, fresh=True)) for text, place in places]
