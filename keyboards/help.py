"""Keyboards of the help."""

from collections.abc import Sequence

from aiogram.types import InlineKeyboardMarkup

from keyboards.base import button, in_rows, link, markup
from keyboards.data import Place, Topic


def help_keyboard(topics: Sequence[str]) -> InlineKeyboardMarkup:
    """A button for each topic."""
    return markup(*in_rows([button(topic.capitalize(), Topic(name=topic)) for topic in topics], 3))


def topic_keyboard() -> InlineKeyboardMarkup:
    """Back to the list."""
    return markup([link("All commands", Place.HELP)])
