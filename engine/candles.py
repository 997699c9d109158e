"""Candle columns of one symbol and timeframe: validated once, in bulk, and never changed."""

from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple, Self

import numpy as np
import numpy.typing as npt

from engine.core.market import timeframe_name
from engine.validate import DataProblem, Floats, RawCandles, Times, find_problems, gap_rows, readable


class CandlesError(ValueError):
    """Candle rows that must not be used; `problems` says which and why."""

    def __init__(self, symbol: str, problems: tuple[DataProblem, ...]) -> None:
        super().__init__(f"{symbol}: " + "; ".join(problem.text for problem in problems))
        self.symbol = symbol
        self.problems = problems


class Bar(NamedTuple):
    """One closed candle as read: prices in quote currency, volume in base coin. A tuple, because millions are made in a
    replay.
    """

    symbol: str
    timeframe_ms: int
    time_ms: int
    open: float
    high: float
    low: float
    close: float
    volume: float

    @property
    def close_ms(self) -> int:
        """The instant at which the bar is complete."""
        return self.time_ms + self.timeframe_ms


@dataclass(frozen=True, slots=True)
class Gap:
    """Missing candles: the open times of the first and of the last one, both inclusive."""

    missing_from_ms: int
    missing_to_ms: int

    def bars(self, timeframe_ms: int) -> int:
        """Return how many candles are missing."""
        return (self.missing_to_ms - self.missing_from_ms) // timeframe_ms + 1

    def __str__(self) -> str:
        return f"candles missing from {readable(self.missing_from_ms)} to {readable(self.missing_to_ms)}"


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Columns:
    """Sound candles in ascending order, gaps allowed: numpy columns of equal length that refuse writing.

    `time` holds open times (int64, ms UTC) on the grid of the timeframe; prices and volume are float64. The constructor
    checks every row and raises CandlesError. Arrays that could be written to are copied.
    """

    symbol: str
    timeframe_ms: int
    time: Times
    open: Floats
    high: Floats
    low: Floats
    close: Floats
    volume: Floats

    def __post_init__(self) -> None:
        object.__setattr__(self, "time", _frozen(self.time, np.dtype(np.int64)))
        for name in ("open", "high", "low", "close", "volume"):
            object.__setattr__(self, name, _frozen(getattr(self, name), np.dtype(np.float64)))
        problems = find_problems(self.raw(), timeframe_ms=self.timeframe_ms)
        if problems:
            raise CandlesError(f"{self.symbol} {timeframe_name(self.timeframe_ms)}", problems)

    @classmethod
    def from_raw(cls, raw: RawCandles, *, symbol: str, timeframe_ms: int) -> Self:
        """Validate raw columns; raises CandlesError."""
        time, open_, high, low, close, volume = raw.columns()
        return cls(
            symbol=symbol,
            timeframe_ms=timeframe_ms,
            time=time,
            open=open_,
            high=high,
            low=low,
            close=close,
            volume=volume,
        )

    @classmethod
    def proven(cls, raw: RawCandles, *, symbol: str, timeframe_ms: int) -> Self:
        """Wrap read-only columns that are sound by construction (parts of sound ones); nothing is checked again."""
        new = object.__new__(cls)
        object.__setattr__(new, "symbol", symbol)
        object.__setattr__(new, "timeframe_ms", timeframe_ms)
        for name, column in zip(("time", "open", "high", "low", "close", "volume"), raw.columns(), strict=True):
            object.__setattr__(new, name, column)
        return new

    def __len__(self) -> int:
        return len(self.time)

    def raw(self) -> RawCandles:
        """Return the columns without symbol and timeframe."""
        return RawCandles(self.time, self.open, self.high, self.low, self.close, self.volume)

    def rows(self, first: int, end: int) -> Self:
        """Return rows `first` to `end` (exclusive) as views."""
        return self.proven(self.raw().take(slice(first, end)), symbol=self.symbol, timeframe_ms=self.timeframe_ms)

    def slice(self, *, start_ms: int, end_ms: int) -> Self:
        """Return the candles that open in [start, end), as views."""
        first, end = np.searchsorted(self.time, (start_ms, end_ms))
        return self.rows(int(first), max(int(first), int(end)))

    def gaps(self) -> tuple[Gap, ...]:
        """Return the holes between the first and the last candle."""
        after = np.flatnonzero(gap_rows(self.time, timeframe_ms=self.timeframe_ms))
        step = self.timeframe_ms
        return tuple(Gap(int(self.time[row - 1]) + step, int(self.time[row]) - step) for row in after)

    def segments(self) -> tuple[tuple[int, int], ...]:
        """Return the row ranges (first, end) without a gap inside; none for no rows."""
        if not len(self):
            return ()
        if int(self.time[-1]) - int(self.time[0]) == (len(self) - 1) * self.timeframe_ms:
            # On the grid and ascending, as they are, so many rows have no room for a gap.
            return ((0, len(self)),)
        starts = [0, *np.flatnonzero(gap_rows(self.time, timeframe_ms=self.timeframe_ms)).tolist(), len(self)]
        return tuple(pairwise(starts))

    def bar(self, row: int) -> Bar:
        """Return one row; negative rows count from the end."""
        _, open_, high, low, close, volume = (column[row].item() for column in self.raw().columns())
        return Bar(self.symbol, self.timeframe_ms, int(self.time[row]), open_, high, low, close, volume)


def columns_of(bars: list[Bar]) -> Columns:
    """Build columns from bars of one symbol and timeframe; raises ValueError for none or a mixture, CandlesError for
    bad ones.
    """
    kinds = {(bar.symbol, bar.timeframe_ms) for bar in bars}
    if len(kinds) != 1:
        raise ValueError(f"bars of one symbol and timeframe wanted, got {sorted(kinds)}")
    symbol, timeframe_ms = kinds.pop()
    values = np.array([bar[3:] for bar in bars], dtype=np.float64)
    time = np.array([bar.time_ms for bar in bars], dtype=np.int64)
    return Columns.from_raw(RawCandles(time, *values.T), symbol=symbol, timeframe_ms=timeframe_ms)


def _frozen[T: np.generic](values: npt.ArrayLike, dtype: np.dtype[T]) -> npt.NDArray[T]:
    array = np.asarray(values)
    if array.dtype != dtype or array.flags.writeable or not array.flags.c_contiguous:
        array = np.array(array, dtype=dtype, order="C")
    array.flags.writeable = False
    return array
