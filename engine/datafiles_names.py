"""Symbol and timeframe as told by the names of files and folders (`BTCUSDT-5m-2025-01.csv`, `BTCUSDT/1m.csv`)."""

import re
from itertools import pairwise
from pathlib import Path

from engine.core.market import SYMBOL_PATTERN, timeframe_ms

_QUOTES = ("USDT", "USDC", "USD", "PERP")
_PAIR = re.compile(r"[A-Z0-9]{2,20}(?:USDT|USDC|USD|PERP)")
_TIMEFRAME = re.compile(r"(?<![A-Za-z0-9])(\d+)(min|m|M|h|H|d|D)(?![A-Za-z0-9])")
_PLAIN = re.compile(r"[A-Z0-9]*[A-Z][A-Z0-9]*")


def symbols_in(path: Path) -> tuple[str, ...]:
    """Return the symbols a path may mean, from the file's own name or else from its nearest folder with one."""
    parts = (_stem(path), *(parent.name for parent in list(path.parents)[:2]))
    for part in parts:
        found = _pairs(part)
        if found:
            return found
    plain = [part for part in parts[:2] if _PLAIN.fullmatch(part) and SYMBOL_PATTERN.fullmatch(part)]
    return tuple(plain[:1])


def timeframes_in(path: Path) -> tuple[int, ...]:
    """Return the timeframes (ms) a path may mean, from the file's own name or else its folder's."""
    for part in (_stem(path), path.parent.name):
        found = tuple(dict.fromkeys(length for length in map(_length, _TIMEFRAME.findall(part)) if length))
        if found:
            return found
    return ()


def _stem(path: Path) -> str:
    return path.name.split(".", 1)[0]


def _pairs(part: str) -> tuple[str, ...]:
    words = [word for word in re.split(r"[^A-Z0-9]+", part.upper()) if word]
    joined = [left + right for left, right in pairwise(words) if right in _QUOTES]
    whole = [word for word in words if _PAIR.fullmatch(word) and word not in _QUOTES]
    return tuple(dict.fromkeys(joined or whole))


def _length(token: tuple[str, str]) -> int:
    number, unit = token
    # 1M is a month in the names of exchanges, never a minute.
    name = f"{int(number)}{'m' if unit == 'min' else unit.lower()}"
    try:
        return 0 if unit == "M" else timeframe_ms(name)
    except ValueError:
        return 0
