"""Reading what people type after a command: symbols, lengths of time, periods, numbers."""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from difflib import get_close_matches

from engine.core.market import DAY_MS, HOUR_MS, MINUTE_MS, WEEK_MS, day_start
from engine.core.snapshot import Snapshot

_LENGTH = re.compile(r"(\d{1,4})\s*(m|min|h|d|w)")
_UNITS = {"m": MINUTE_MS, "min": MINUTE_MS, "h": HOUR_MS, "d": DAY_MS, "w": WEEK_MS}
_DATES = re.compile(r"(\d{4}-\d{2}-\d{2})[:_](\d{4}-\d{2}-\d{2})")
_QUOTE = "USDT"


@dataclass(frozen=True, slots=True)
class Found:
    """A symbol of this desk."""

    symbol: str


@dataclass(frozen=True, slots=True)
class NotFound:
    """No symbol of this desk, and those that look like it."""

    wanted: str
    close: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """A span of time in UTC ms, [since, until), and the words it was typed with."""

    words: str
    since_ms: int
    until_ms: int


def words_of(text: str | None) -> list[str]:
    """The arguments of a command."""
    return (text or "").split()


def symbol_of(text: str, snapshot: Snapshot, more: Collection[str] = ()) -> Found | NotFound:
    """Find a symbol of the desk (or one of `more`) whatever its case, with or without USDT, with a slash or a dash."""
    known = {symbol.symbol for symbol in snapshot.symbols} | {position.symbol for position in snapshot.positions}
    names = sorted(known | {*more})
    wanted = re.sub(r"[^A-Z0-9]", "", text.upper())
    for candidate in (wanted, wanted + _QUOTE):
        if candidate in names:
            return Found(candidate)
    bases = {name.removesuffix(_QUOTE): name for name in names}
    near = get_close_matches(wanted.removesuffix(_QUOTE), bases, n=3, cutoff=0.5)
    return NotFound(text, tuple(bases[base] for base in near))


def close_names(word: str, names: Sequence[str]) -> list[str]:
    """Up to three names that look like a word, whatever its case."""
    lowered = {name.lower(): name for name in names}
    return [lowered[name] for name in get_close_matches(word.lower(), lowered, n=3, cutoff=0.5)]


def same_name(word: str, names: Sequence[str]) -> str | None:
    """The name that equals a word but for its case."""
    return next((name for name in names if name.lower() == word.lower()), None)


def length_ms(text: str) -> int | None:
    """A length of time such as `30m`, `4h`, `2d`, `1w`; None when it is none."""
    found = _LENGTH.fullmatch(text.lower())
    return int(found[1]) * _UNITS[found[2]] if found and int(found[1]) else None


def period_of(text: str, *, now_ms: int, start_ms: int = 0) -> Period | None:
    """A period that ends now (`today`, `7d`, `4w`, `all` since `start_ms`) or two dates, both included; else None."""
    word = text.lower()
    if word == "today":
        return Period(words=word, since_ms=day_start(now_ms), until_ms=now_ms)
    if word == "all":
        return Period(words=word, since_ms=start_ms, until_ms=now_ms)
    length = length_ms(word)
    if length is not None:
        return Period(words=word, since_ms=max(0, now_ms - length), until_ms=now_ms)
    return _dates(word)


def _dates(text: str) -> Period | None:
    found = _DATES.fullmatch(text)
    if found is None:
        return None
    first, last = _date_ms(found[1]), _date_ms(found[2])
    if first is None or last is None or last < first:
        return None
    return Period(words=text.replace(":", "_"), since_ms=first, until_ms=last + DAY_MS)


def _date_ms(text: str) -> int | None:
    try:
        return int(datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=UTC).timestamp() * 1000)
    except ValueError:
        return None


def number_of(text: str) -> Decimal | None:
    """A number with either minus sign, a comma or a point, perhaps a percent sign; None when it is none."""
    cleaned = (
        text.strip().removesuffix("%").removesuffix("USDT").strip().replace("\N{MINUS SIGN}", "-").replace(",", ".")
    )
    try:
        number = Decimal(cleaned)
    except InvalidOperation:
        return None
    return number if number.is_finite() and abs(number) < Decimal(10) ** 12 else None


def whole_of(text: str, *, least: int, most: int) -> int | None:
    """A whole number within bounds, perhaps with a percent sign; None when it is none."""
    digits = text.removesuffix("%")
    return (
        int(digits)
        if digits.isascii() and digits.isdigit() and len(digits) < 10 and least <= int(digits) <= most
        else None
    )
