"""Choosing an account."""

from collections.abc import Sequence

from aiogram.types import InlineKeyboardMarkup

from keyboards.base import button, in_rows, link, markup
from keyboards.data import Ask, DeskOrder, PickAccount, Place
from keyboards.tokens import token

ALL = "*"


def accounts_keyboard(names: Sequence[str], selected: str) -> InlineKeyboardMarkup:
    """One button an account; the one that is chosen carries a dot."""
    buttons = [button(f"● {name}" if name == selected else name, PickAccount(name=token(name))) for name in names]
    several = [button("Pause all", Ask(order=DeskOrder.PAUSE, scope=ALL))] if len(names) > 1 else []
    return markup(*in_rows(buttons, 2), [*several, link("Refresh", Place.ACCOUNT), link("Status", Place.STATUS)])
