"""The buttons under an alert."""

from aiogram.types import InlineKeyboardButton, InlineKeyboardMarkup

from engine.core.alerts import (
    Alert,
    EmergencyAlert,
    EmergencyDecidedAlert,
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
from engine.core.commands import Choice
from keyboards.base import DANGER, button, markup
from keyboards.data import Ask, Card, Close, DeskOrder, Emergency, Open, Picture, Place, Why

_KEEP = "Keep 15 min"


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
        case EmergencyAlert(number=number, open_positions=open_positions):
            return markup(
                [_close_now(number, open_positions)],
                [_answer("Pause only", number, Choice.PAUSE), _answer(_KEEP, number, Choice.KEEP)],
            )
        case EmergencyDecidedAlert(outcome="paused", number=number, open_positions=open_positions):
            return markup([_close_now(number, open_positions)], [_answer(_KEEP, number, Choice.KEEP)], _state())
        case EmergencyDecidedAlert(outcome="kept", number=number, open_positions=open_positions):
            return markup([_close_now(number, open_positions)], _state())
        case LimitAlert(level="warned" | "breached"):
            return markup([*_state(), button("CLOSE ALL", Ask(order=DeskOrder.CLOSE_ALL), DANGER)])
        case LimitAlert() | HoldAlert() | EmergencyDecidedAlert():
            return markup(_state())
        case _:
            return None


def _state() -> list[InlineKeyboardButton]:
    places = (("Risk", Place.RISK), ("Status", Place.STATUS))
    return [button(text, Open(place=place, fresh=True)) for text, place in places]


def _close_now(number: int, open_positions: int) -> InlineKeyboardButton:
    return button(f"CLOSE ALL {open_positions} NOW", Emergency(number=number, choice=Choice.CLOSE), DANGER)


def _answer(text: str, number: int, choice: Choice) -> InlineKeyboardButton:
    return button(text, Emergency(number=number, choice=choice))
