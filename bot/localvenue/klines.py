"""Candles of any interval from one-minute candles, as the kline endpoint and the kline topics show them."""

from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache

import numpy as np

from bot.localvenue.board import Board
from bot.localvenue.intervals import back, following, opened
from bot.localvenue.listing import LAUNCH_MS
from bot.localvenue.minutes import Minutes
from engine.core.market import DAY_MS, MINUTE_MS, Instrument

_LONG_MS = 4 * DAY_MS


@dataclass(slots=True)
class Bar:
    """One candle: prices in quote currency."""

    open_ms: int
    open: float
    high: float
    low: float
    close: float
    volume: float
    turnover: float


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which candles: those opening in [start, end), at most `limit`; the newest ones unless `oldest`."""

    symbol: str
    interval: str
    start_ms: int
    end_ms: int
    limit: int
    oldest: bool = False

    @property
    def is_long(self) -> bool:
        """Whether the answer takes so long that it should not be made on the event loop."""
        return self.end_ms - self.start_ms > _LONG_MS


def wanted(symbol: str, interval: str, *, start: int | None, end: int | None, limit: int, now_ms: int) -> Wanted:
    """Return which candles a request means. `start` and `end` are inclusive opening times; the default end is now."""
    last = opened(interval, min(end, now_ms) if end is not None else now_ms)
    if start is not None and end is None:
        first = _aligned_up(interval, start)
        stop = first
        for _ in range(limit):
            stop = following(interval, stop)
        return _clipped(Wanted(symbol, interval, first, min(stop, following(interval, last)), limit, oldest=True))
    first = back(interval, last, limit - 1)
    if start is not None:
        first = max(first, _aligned_up(interval, start))
    return _clipped(Wanted(symbol, interval, first, following(interval, last), limit))


def _aligned_up(interval: str, at_ms: int) -> int:
    open_ms = opened(interval, at_ms)
    return open_ms if open_ms == at_ms else following(interval, open_ms)


def _clipped(question: Wanted) -> Wanted:
    first = max(question.start_ms, _aligned_up(question.interval, LAUNCH_MS))
    return Wanted(question.symbol, question.interval, first, question.end_ms, question.limit, question.oldest)


def bars(board: Board, question: Wanted, now_ms: int) -> list[Bar]:
    """Return the candles in ascending order; the last one may be unfinished."""
    if question.start_ms >= question.end_ms:
        return []
    rows = board.minutes(question.symbol, question.start_ms, question.end_ms, now_ms)
    found = fold(rows, question.interval)
    return found[: question.limit] if question.oldest else found[-question.limit :]


def fold(rows: Minutes, interval: str) -> list[Bar]:
    """Fold minutes into candles of an interval."""
    if not len(rows.time):
        return []
    opens = _opens(rows, interval)
    starts = np.flatnonzero(np.diff(opens, prepend=opens[0] - 1))
    ends = np.append(starts[1:], len(opens)) - 1
    columns = (
        opens[starts],
        rows.open[starts],
        np.maximum.reduceat(rows.high, starts),
        np.minimum.reduceat(rows.low, starts),
        rows.close[ends],
        np.add.reduceat(rows.volume, starts),
        np.add.reduceat(rows.turnover, starts),
    )
    return [Bar(*values) for values in zip(*(column.tolist() for column in columns), strict=True)]


def _opens(rows: Minutes, interval: str) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    if interval in {"W", "M"}:
        days = rows.time // DAY_MS
        known = {day: opened(interval, day * DAY_MS) for day in np.unique(days).tolist()}
        return np.array([known[day] for day in days.tolist()], dtype=np.int64)
    length = DAY_MS if interval == "D" else int(interval) * MINUTE_MS
    return (rows.time // length * length).astype(np.int64)


def running_bar(board: Board, symbol: str, interval: str, now_ms: int) -> Bar | None:
    """Return the candle under way."""
    start = opened(interval, now_ms)
    found = fold(board.minutes(symbol, start, following(interval, start), now_ms), interval)
    return found[-1] if found else None


def texts(bar: Bar, instrument: Instrument) -> tuple[str, str, str, str, str, str]:
    """Return open, high, low, close, volume and turnover as Bybit writes them."""
    open_, high, low, close = (price_text(value, instrument) for value in (bar.open, bar.high, bar.low, bar.close))
    _, _, decimals = _grids(instrument.tick, instrument.step)
    return open_, high, low, close, f"{bar.volume:.{decimals}f}", f"{bar.turnover:.4f}"


def price_text(value: float, instrument: Instrument) -> str:
    """Write a price on its grid."""
    tick, decimals, _ = _grids(instrument.tick, instrument.step)
    return f"{round(value / tick) * tick:.{decimals}f}"


@lru_cache(maxsize=256)
def _grids(tick: Decimal, step: Decimal) -> tuple[float, int, int]:
    prices, volumes = (max(-int(grid.as_tuple().exponent), 0) for grid in (tick, step))
    return float(tick), prices, volumes
