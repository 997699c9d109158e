"""The buttons under an alert."""

from aiogram.types import InlineKeyboardMarkup

from engine.core.alerts import (
    Alert,
    EntryAlert,
    ExitAlert,
    HoldAlert,
    LimitAlert,
    LiquidationAlert,
    OrderAlert,
    ProtectionAlert,
    StopMovedAlert,
)
from keyboards.base import DANGER, button, markup
from keyboards.data import Ask, Card, Close, DeskOrder, Open, Picture, Place, Why


def alert_keyboard(alert: Alert) -> InlineKeyboardMarkup | None:
    """What one may want to do on reading an alert; None where nothing follows. Screens open as new messages."""
    match alert:
        case EntryAlert(symbol=symbol) | StopMovedAlert(symbol=symbol) | ProtectionAlert(symbol=symbol):
            return markup(
                [
                    button("Card", Card(symbol=symbol, fresh=True)),
                    button("Chart", Picture(what=symbol, fresh=True)),
                    button("Close", Close(symbol=symbol, percent=100, fresh=True), DANGER),
                ]
            )
        case ExitAlert(symbol=symbol) | OrderAlert(symbol=symbol) | LiquidationAlert(symbol=symbol):
            return markup(
                [button("Chart", Picture(what=symbol, fresh=True)), button("Why", Why(symbol=symbol, fresh=True))]
            )
        case LimitAlert() | HoldAlert():
            return markup(
                [
                    button("Risk", Open(place=Place.RISK, fresh=True)),
                    button("Status", Open(place=Place.STATUS, fresh=True)),
                    button("CLOSE ALL", Ask(order=DeskOrder.CLOSE_ALL), DANGER),
                ]
            )
        case _:
            return None
