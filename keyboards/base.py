"""Building blocks of every keyboard: one button, one markup, and the paging row."""

from collections.abc import Sequence

from aiogram.enums import ButtonStyle
from aiogram.filters.callback_data import CallbackData
from aiogram.types import InlineKeyboardButton, InlineKeyboardMarkup

from keyboards.data import Nothing, Open, Place

type Row = Sequence[InlineKeyboardButton]
BACK, ON = "\N{SINGLE LEFT-POINTING ANGLE QUOTATION MARK}", "\N{SINGLE RIGHT-POINTING ANGLE QUOTATION MARK}"
DANGER, SUCCESS, PRIMARY = ButtonStyle.DANGER, ButtonStyle.SUCCESS, ButtonStyle.PRIMARY


def button(text: str, data: CallbackData, style: ButtonStyle | None = None) -> InlineKeyboardButton:
    """A button; raises ValueError when its data does not fit into 64 bytes."""
    return InlineKeyboardButton(text=text, callback_data=data.pack(), style=style)


def markup(*rows: Row) -> InlineKeyboardMarkup:
    """A keyboard of the rows that have a button."""
    return InlineKeyboardMarkup(inline_keyboard=[list(row) for row in rows if row])


def in_rows(buttons: Sequence[InlineKeyboardButton], width: int) -> list[list[InlineKeyboardButton]]:
    """Buttons in rows of a width."""
    return [list(buttons[start : start + width]) for start in range(0, len(buttons), width)]


def paging(
    previous: CallbackData | None, following: CallbackData | None, *, page: int, pages: int
) -> list[InlineKeyboardButton]:
    """Back, `2/5` and on: always three buttons in the same places; none for a single page."""
    if pages <= 1:
        return []
    return [
        button(BACK if previous else "·", previous or Nothing()),
        button(f"{page}/{pages}", Nothing()),
        button(ON if following else "·", following or Nothing()),
    ]


def link(text: str, place: Place) -> InlineKeyboardButton:
    """A button that opens a screen in place."""
    return button(text, Open(place=place))
