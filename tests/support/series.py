"""Price series for tests and benchmarks: the seeded reference walk, and random candles of any kind."""

import numpy as np

from engine.candles import Columns
from engine.core.market import MINUTE_MS
from engine.validate import RawCandles

REFERENCE_ROWS = 500_000
START_MS = 1_640_995_200_000  # 2022-01-01 UTC


def reference(rows: int = REFERENCE_ROWS, *, seed: int = 42) -> Columns:
    """Return the first `rows` one-minute candles of the reference walk of half a million.

    A geometric random walk from 30,000: four normal steps make a bar, the last is its close, and each bar opens at the
    close before. Prices have two decimals, log-normal volumes three. Volumes are drawn after all steps, so the walk is
    always made whole and then cut.
    """
    random = np.random.default_rng(seed)
    steps = random.normal(0, 0.0004, size=(REFERENCE_ROWS, 4))
    inside = (30_000 * np.exp(steps.ravel().cumsum())).reshape(REFERENCE_ROWS, 4)
    volume = random.lognormal(3, 1, REFERENCE_ROWS).round(3)
    open_ = np.append(30_000.0, inside[:-1, 3]).round(2)
    close = inside[:, 3].round(2)
    ends = np.stack([open_, close], axis=1)
    high = np.concatenate([inside, ends], axis=1).max(axis=1).round(2)
    low = np.concatenate([inside, ends], axis=1).min(axis=1).round(2)
    time = START_MS + MINUTE_MS * np.arange(REFERENCE_ROWS, dtype=np.int64)
    raw = RawCandles(time, open_, high, low, close, volume)
    return Columns.from_raw(raw.take(slice(0, rows)), symbol="BTCUSDT", timeframe_ms=MINUTE_MS)


def walk(
    rows: int,
    *,
    seed: int = 1,
    price: float = 100.0,
    symbol: str = "BTCUSDT",
    timeframe_ms: int = MINUTE_MS,
    start_ms: int = START_MS,
) -> Columns:
    """Return candles of a random walk whose extremes lie outside open and close, each open at the close before."""
    random = np.random.default_rng(seed)
    ends = price * np.exp(np.append(0.0, random.normal(0, 0.002, rows).cumsum()))
    open_, close = ends[:-1], ends[1:]
    reach = 1 + np.abs(random.normal(0, 0.001, size=(2, rows)))
    high, low = np.maximum(open_, close) * reach[0], np.minimum(open_, close) / reach[1]
    time = start_ms + timeframe_ms * np.arange(rows, dtype=np.int64)
    raw = RawCandles(time, open_, high, low, close, random.lognormal(3, 1, rows).round(3))
    return Columns.from_raw(raw, symbol=symbol, timeframe_ms=timeframe_ms)


def without(columns: Columns, *rows: int) -> Columns:
    """Return the columns with some rows taken out."""
    raw = columns.raw().take(np.delete(np.arange(len(columns)), rows))
    return Columns.from_raw(raw, symbol=columns.symbol, timeframe_ms=columns.timeframe_ms)
