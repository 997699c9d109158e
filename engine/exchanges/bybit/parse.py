"""Reading V5 payloads safely: typed fields out of untrusted JSON, and the one value for what must not be used.

Numbers come as strings, absent ones as `""`. What is not a plain finite decimal inside sane bounds never becomes a
number: readers raise Unreadable inside, and `guarded` turns that into a BadData value at the border.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from functools import wraps
from typing import Any

from engine.core.market import Instrument
from engine.core.money import Money, Steps, Ticks, to_money

# Digits enough for every field of the exchange; exponents, underscores, blanks, "NaN" and "Infinity" are none.
_DECIMAL = re.compile(r"-?[0-9]{1,24}(?:\.[0-9]{1,24})?")
_DIGITS = re.compile(r"[0-9]{1,19}")
LAST_MS = 4_102_444_800_000  # 2100-01-01
_MOST_MONEY = Decimal(10) ** 13
_MOST_UNITS = 10**12
_TEXT = 1_000


@dataclass(frozen=True, slots=True)
class BadData:
    """A payload that must not be used: where it was and why."""

    where: str
    why: str

    def __str__(self) -> str:
        return f"{self.where}: {self.why}"


class UnreadableError(ValueError):
    """A field that cannot be used; never leaves the parsers."""

    def __init__(self, where: str, why: str) -> None:
        super().__init__(f"{where}: {why}")
        self.where, self.why = where, why


def guarded[**P, T](reader: Callable[P, T]) -> Callable[P, T | BadData]:
    """Make a reader return BadData instead of raising UnreadableError."""

    @wraps(reader)
    def read(*args: P.args, **kwargs: P.kwargs) -> T | BadData:
        try:
            return reader(*args, **kwargs)
        except UnreadableError as error:
            return BadData(error.where, error.why)

    return read


class Fields:
    """One JSON object, read field by field; every method raises UnreadableError naming the field."""

    __slots__ = ("_data", "where")

    def __init__(self, data: object, where: str) -> None:
        if not isinstance(data, dict):
            raise UnreadableError(where, f"an object is wanted, not {_shown(data)}")
        self._data: dict[Any, Any] = data
        self.where = where

    def _bad(self, name: str, why: str) -> UnreadableError:
        return UnreadableError(f"{self.where}.{name}", why)

    def text(self, name: str) -> str:
        """Return a text; `""` when it is absent."""
        value = self._data.get(name)
        if value is None:
            return ""
        if not isinstance(value, str) or len(value) > _TEXT:
            raise self._bad(name, f"a text is wanted, not {_shown(value)}")
        return value

    def needed(self, name: str) -> str:
        """Return a text that must not be empty."""
        value = self.text(name)
        if not value:
            raise self._bad(name, "missing")
        return value

    def optional(self, name: str) -> Decimal | None:
        """Return a decimal of either sign; None when it is absent or `""`."""
        text = self.text(name)
        if not text:
            return None
        if not _DECIMAL.fullmatch(text):
            raise self._bad(name, f"no decimal number: {_shown(text)}")
        return Decimal(text)

    def decimal(self, name: str) -> Decimal:
        """Return a decimal of either sign that must be there."""
        value = self.optional(name)
        if value is None:
            raise self._bad(name, "missing")
        return value

    def positive(self, name: str) -> Decimal:
        """Return a decimal above zero that must be there."""
        value = self.decimal(name)
        if not 0 < value < _MOST_MONEY:
            raise self._bad(name, f"not a sane positive number: {value}")
        return value

    def money(self, name: str, *, missing: Money | None = None) -> Money:
        """Return an amount of quote currency of either sign, as money units."""
        value = self.optional(name)
        if value is None and missing is not None:
            return missing
        if value is None or abs(value) >= _MOST_MONEY:
            raise self._bad(name, "missing" if value is None else f"absurd amount: {value}")
        return to_money(value)

    def ticks(self, name: str, instrument: Instrument) -> Ticks:
        """Return a price above zero in ticks, to the nearest."""
        ticks = instrument.ticks(self.positive(name))
        if not 0 < ticks < _MOST_UNITS:
            raise self._bad(name, f"not a sane price: {ticks} ticks")
        return ticks

    def ticks_or_none(self, name: str, instrument: Instrument) -> Ticks:
        """Return a price in ticks; 0 when the field is absent, `""` or any zero such as `0.00`."""
        value = self.optional(name)
        return 0 if value is None or value == 0 else self.ticks(name, instrument)

    def steps(self, name: str, instrument: Instrument) -> Steps:
        """Return a quantity of zero or more in steps; absent and `""` are zero."""
        value = self.optional(name)
        if value is None:
            return 0
        steps = instrument.steps(value) if 0 <= value < _MOST_MONEY else -1
        if not 0 <= steps < _MOST_UNITS or steps * instrument.step != value:
            raise self._bad(name, f"not a quantity on the grid of {instrument.step}: {value}")
        return steps

    def whole(self, name: str) -> int:
        """Return a whole number of zero or more, written as number or as text."""
        value = self._data.get(name)
        if isinstance(value, str) and _DIGITS.fullmatch(value):
            return int(value)
        if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 10**19:
            return value
        raise self._bad(name, f"a whole number is wanted, not {_shown(value)}")

    def optional_int(self, name: str) -> int | None:
        """Return a whole number of either sign; None when it is absent."""
        value = self._data.get(name)
        if value is None:
            return None
        if not isinstance(value, int) or isinstance(value, bool) or abs(value) >= 10**19:
            raise self._bad(name, f"a whole number is wanted, not {_shown(value)}")
        return value

    def names(self) -> tuple[str, ...]:
        """Return the names of all fields."""
        return tuple(name for name in self._data if isinstance(name, str))

    def time_ms(self, name: str) -> int:
        """Return a time in UTC ms."""
        value = self.whole(name)
        if not 0 < value < LAST_MS:
            raise self._bad(name, f"no time: {value}")
        return value

    def flag(self, name: str) -> bool:
        """Return a truth value; absent is False."""
        value = self._data.get(name, False)
        if not isinstance(value, bool):
            raise self._bad(name, f"true or false is wanted, not {_shown(value)}")
        return value

    def rows(self, name: str) -> list[Any]:
        """Return a list that must be there."""
        value = self._data.get(name)
        if not isinstance(value, list):
            raise self._bad(name, f"a list is wanted, not {_shown(value)}")
        return value

    def inner(self, name: str) -> "Fields":
        """Return an object inside this one."""
        return Fields(self._data.get(name), f"{self.where}.{name}")


def _shown(value: object) -> str:
    text = repr(value) if isinstance(value, str | int | float | bool) or value is None else type(value).__name__
    return text if len(text) <= 40 else f"{text[:40]}…"


@guarded
def page(result: object, where: str) -> tuple[list[Any], str]:
    """Return the rows of a list answer and the cursor of its next page (`""` at the end)."""
    fields = Fields(result, where)
    return fields.rows("list"), fields.text("nextPageCursor")


@guarded
def server_time_ms(envelope: object) -> int:
    """Return the server's time of an envelope."""
    return Fields(envelope, "time").time_ms("time")
