"""Keyboards of trades by hand."""

from aiogram.types import InlineKeyboardMarkup

from keyboards.base import button, link, markup
from keyboards.data import Card, Place, Why


def opened_keyboard(symbol: str) -> InlineKeyboardMarkup:
    """Where to go after an entry by hand, made or refused."""
    return markup([button("Card", Card(symbol=symbol)), button("Why", Why(symbol=symbol)), link("Risk", Place.RISK)])
