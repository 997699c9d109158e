"""Which account a button acts on: its data ends in a code of the account, so that a later choice cannot redirect it."""

import re
from base64 import urlsafe_b64encode
from hashlib import blake2b

from aiogram.types import InlineKeyboardButton, InlineKeyboardMarkup

from keyboards.data import Nothing, PickAccount

_MOST_BYTES = 64
_MARKED = re.compile(r"(?P<data>.*)@(?P<code>[A-Za-z0-9_-]{4})", re.DOTALL)
_COMMON = (f"{PickAccount.__prefix__}:", Nothing.__prefix__)


def code_of(account: str) -> str:
    """Four characters that stand for an account's name."""
    return urlsafe_b64encode(blake2b(account.encode(), digest_size=3).digest()).decode()


def bound[K: InlineKeyboardMarkup | None](keyboard: K, account: str) -> K | InlineKeyboardMarkup:
    """A keyboard whose buttons act on an account ("" = there is only one). Raises ValueError beyond 64 bytes."""
    if keyboard is None or not account:
        return keyboard
    code = code_of(account)
    rows = [[_bound(button, code) for button in row] for row in keyboard.inline_keyboard]
    return InlineKeyboardMarkup(inline_keyboard=rows)


def _bound(button: InlineKeyboardButton, code: str) -> InlineKeyboardButton:
    data = button.callback_data
    if data is None or is_common(data):
        return button
    marked = f"{data}@{code}"
    if len(marked.encode()) > _MOST_BYTES:
        raise ValueError(f"button {button.text!r}: {marked!r} does not fit into {_MOST_BYTES} bytes")
    return button.model_copy(update={"callback_data": marked})


def unbound(data: str) -> tuple[str, str]:
    """The data of a pressed button without its code, and the code ("" = none)."""
    found = _MARKED.fullmatch(data)
    return (found["data"], found["code"]) if found else (data, "")


def is_common(data: str) -> bool:
    """Whether a button belongs to no account."""
    return data.startswith(_COMMON)
