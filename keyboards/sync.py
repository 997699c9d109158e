"""Keyboard of reading the account's past: stopping it."""

from aiogram.types import InlineKeyboardMarkup

from keyboards.base import DANGER, button, markup
from keyboards.data import SyncStop


def running_keyboard() -> InlineKeyboardMarkup:
    """Stop it."""
    return markup([button("Cancel", SyncStop(), DANGER)])
