"""Numbers as Bybit writes and reads them: plain decimal strings, "" for what is absent."""

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from bot.localvenue.codes import invalid
from engine.core.money import Money, from_money

type Body = Mapping[str, Any]

ZERO = Decimal(0)
_PLAIN = re.compile(r"[0-9]{1,20}(\.[0-9]{1,20})?")


def plain(value: Decimal) -> str:
    """Write a number without exponent and without trailing zeros."""
    text = format(value, "f")
    return (text.rstrip("0").rstrip(".") if "." in text else text) or "0"


def money(value: Money) -> str:
    """Write an amount of 1e-8 units."""
    return plain(from_money(value))


def on_grid(value: Decimal, grid: Decimal) -> str:
    """Write a number with the decimals of its grid."""
    return format(value.quantize(grid), "f")


def or_empty(value: Decimal, grid: Decimal) -> str:
    """Write a number on its grid, "" when it is zero."""
    return on_grid(value, grid) if value else ""


def decimal_of(body: Body, name: str, *, text: str = "") -> Decimal | None:
    """Read a decimal string; None when absent or empty. Anything but a plain number is 10001 with `text`."""
    value = body.get(name)
    if value is None or value == "":
        return None
    if not isinstance(value, str) or not _PLAIN.fullmatch(value):
        raise invalid(text or f"params error: {name} invalid")
    return Decimal(value)


def int_of(body: Body, name: str, default: int | None = None) -> int | None:
    """Read an integer given as a number or a string."""
    value = body.get(name)
    if value is None or value == "":
        return default
    if isinstance(value, bool) or not isinstance(value, int | str) or not re.fullmatch(r"-?[0-9]{1,18}", str(value)):
        raise invalid(f"params error: {name} invalid")
    return int(value)


def flag_of(body: Body, name: str) -> bool:
    """Read a boolean, False when absent."""
    value = body.get(name)
    if value is None or isinstance(value, bool):
        return bool(value)
    if value in {"true", "false"}:
        return bool(value == "true")
    raise invalid(f"params error: {name} invalid")


def text_of(body: Body, name: str, default: str = "", *, allowed: tuple[str, ...] = ()) -> str:
    """Read a string; 10001 for another type or a value that is not allowed."""
    value = body.get(name)
    if value is None or value == "":
        return default
    if not isinstance(value, str) or (allowed and value not in allowed):
        raise invalid(f"params error: {name} invalid")
    return value
