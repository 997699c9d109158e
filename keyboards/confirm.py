"""Confirm and cancel: the button says the act, is red where it closes, and is bound to a one-time nonce."""

from aiogram.enums import ButtonStyle
from aiogram.types import InlineKeyboardMarkup

from keyboards.base import DANGER, Row, button, link, markup
from keyboards.data import Add, Ask, Cancel, DeskOrder, DropCode, Place, Reduce

_HALF_ROW = 16


def confirm_keyboard(
    label: str, nonce: str, *, adds: bool, style: ButtonStyle = DANGER, further: Row = ()
) -> InlineKeyboardMarkup:
    """[act] [Cancel], and below them what may be meant instead. Acts that add risk carry another kind of data than acts
    that reduce it.

    A label too long for half the width of a phone has a row to itself, so that the act is never cut.
    """
    act = button(label, Add(nonce=nonce) if adds else Reduce(nonce=nonce), style)
    cancel = button("Cancel", Cancel(nonce=nonce))
    return markup([act], [cancel], further) if len(label) > _HALF_ROW else markup([act, cancel], further)


def code_keyboard() -> InlineKeyboardMarkup:
    """The way out while a code is waited for."""
    return markup([button("Cancel", DropCode())])


def after_close_keyboard(*, held: bool) -> InlineKeyboardMarkup:
    """Where to go after a close; `held`: entries are blocked, and may be allowed again."""
    further = [[button("Resume", Ask(order=DeskOrder.RESUME))]] if held else []
    return markup([link("Positions", Place.POSITIONS), link("Trades", Place.TRADES)], *further)


def paused_keyboard(scope: str = "") -> InlineKeyboardMarkup:
    """The way out of a pause."""
    return markup([button("Resume", Ask(order=DeskOrder.RESUME, scope=scope)), link("Status", Place.STATUS)])


def changed_keyboard(place: Place) -> InlineKeyboardMarkup:
    """Back to where the changed thing is."""
    return markup([link(place.value.capitalize(), place), link("Status", Place.STATUS)])


def running_keyboard(scope: str = "") -> InlineKeyboardMarkup:
    """The way back into a pause."""
    return markup(
        [
            button("Pause", Ask(order=DeskOrder.PAUSE, scope=scope)),
            link("Status", Place.STATUS),
            link("Risk", Place.RISK),
        ]
    )
