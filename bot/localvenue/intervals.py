"""Kline intervals of Bybit: their names, lengths and the opening times of their candles."""

from datetime import UTC, datetime

from bot.localvenue.codes import invalid
from engine.core.market import DAY_MS, MINUTE_MS, week_start

_MINUTES = ("1", "3", "5", "15", "30", "60", "120", "240", "360", "720")
INTERVALS = (*_MINUTES, "D", "W", "M")


def check_interval(name: str) -> str:
    """Return a known interval; 10001 for another."""
    if name not in INTERVALS:
        raise invalid("Invalid period!")
    return name


def opened(name: str, at_ms: int) -> int:
    """Return the opening time of the candle that holds an instant."""
    if name == "W":
        return week_start(at_ms)
    if name == "M":
        day = datetime.fromtimestamp(at_ms / 1000, UTC)
        return int(datetime(day.year, day.month, 1, tzinfo=UTC).timestamp() * 1000)
    length = fixed_ms(name)
    return at_ms - at_ms % length


def following(name: str, open_ms: int) -> int:
    """Return the opening time of the next candle."""
    if name != "M":
        return open_ms + (7 * DAY_MS if name == "W" else fixed_ms(name))
    return opened("M", open_ms + 32 * DAY_MS)


def back(name: str, open_ms: int, count: int) -> int:
    """Return the opening time `count` candles earlier."""
    if name != "M":
        return open_ms - count * (7 * DAY_MS if name == "W" else fixed_ms(name))
    for _ in range(count):
        open_ms = opened("M", open_ms - 1)
    return open_ms


def fixed_ms(name: str) -> int:
    """Return the length of an interval of fixed length up to a day."""
    return DAY_MS if name == "D" else int(name) * MINUTE_MS
