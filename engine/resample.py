"""Coarser candles from finer ones on UTC boundaries; an incomplete candle is never emitted."""

from dataclasses import dataclass

import numpy as np

from engine.candles import Bar, Columns
from engine.core.market import timeframe_name
from engine.validate import Floats, Mask, RawCandles, Times


@dataclass(frozen=True, slots=True)
class Incomplete:
    """A coarse candle that cannot be built: `have` of `want` finer ones exist. `time_ms` is its open time."""

    symbol: str
    timeframe_ms: int
    time_ms: int
    have: int
    want: int


@dataclass(frozen=True, slots=True)
class _Groups:
    starts: Times
    open_ms: Times
    counts: Times
    want: int

    @property
    def whole(self) -> Mask:
        complete: Mask = self.counts == self.want
        return complete


def resample(columns: Columns, *, timeframe_ms: int) -> Columns:
    """Return the complete coarse candles. Raises ValueError unless the coarse length is a multiple of the fine one."""
    if timeframe_ms == columns.timeframe_ms:
        return columns
    groups = _group(columns, timeframe_ms)
    first = groups.starts[groups.whole]
    raw = RawCandles(
        groups.open_ms[groups.whole],
        columns.open[first],
        _reduced(np.maximum, columns.high, groups),
        _reduced(np.minimum, columns.low, groups),
        columns.close[first + groups.want - 1],
        _summed(columns.volume, first, groups.want),
    )
    return Columns.from_raw(raw, symbol=columns.symbol, timeframe_ms=timeframe_ms)


def incomplete(columns: Columns, *, timeframe_ms: int) -> tuple[Incomplete, ...]:
    """Return the coarse candles that are over and lack finer ones; one still running at the end of the columns is not
    among them.
    """
    groups = _group(columns, timeframe_ms)
    lacking = ~groups.whole
    if len(columns) and int(columns.time[-1]) + columns.timeframe_ms < int(groups.open_ms[-1]) + timeframe_ms:
        lacking[-1] = False
    rows = np.flatnonzero(lacking)
    return tuple(
        Incomplete(columns.symbol, timeframe_ms, int(groups.open_ms[row]), int(groups.counts[row]), groups.want)
        for row in rows
    )


class Resampler:
    """Builds the coarse candle live: feed closed finer bars one by one, in order.

    The coarse bar comes out of the very call that brings its last finer bar, with the same values `resample` gives.
    """

    __slots__ = ("_bars", "_last_ms", "finer_ms", "symbol", "timeframe_ms", "want")

    def __init__(self, symbol: str, *, finer_ms: int, timeframe_ms: int) -> None:
        self.want = _ratio(finer_ms, timeframe_ms)
        self.symbol = symbol
        self.finer_ms = finer_ms
        self.timeframe_ms = timeframe_ms
        self._bars: list[Bar] = []
        self._last_ms = 0

    def feed(self, bar: Bar) -> tuple[Bar | Incomplete, ...]:
        """Return what this bar decides, oldest first: a coarse bar it completes, or coarse bars that can no longer be
        completed.

        Raises ValueError for a bar of another symbol or timeframe, or not newer than the one before: such bars are
        caught before here.
        """
        if (bar.symbol, bar.timeframe_ms) != (self.symbol, self.finer_ms) or bar.time_ms % self.finer_ms:
            given = f"{bar.symbol} {timeframe_name(bar.timeframe_ms)} at {bar.time_ms} ms"
            raise ValueError(f"{given} given to the resampler of {self.symbol} {timeframe_name(self.finer_ms)}")
        if bar.time_ms <= self._last_ms:
            raise ValueError(f"{self.symbol}: bar at {bar.time_ms} ms is not newer than the one at {self._last_ms} ms")
        self._last_ms = bar.time_ms
        over = self._abandon(before_ms=bar.time_ms - bar.time_ms % self.timeframe_ms)
        self._bars.append(bar)
        if bar.close_ms % self.timeframe_ms:
            return over
        return (*over, self._finish())

    def _abandon(self, *, before_ms: int) -> tuple[Incomplete, ...]:
        if not self._bars or self._bars[0].time_ms >= before_ms:
            return ()
        return (self._lacking(),)

    def _finish(self) -> Bar | Incomplete:
        if len(self._bars) < self.want:
            return self._lacking()
        bars, self._bars = self._bars, []
        volume = 0.0
        for bar in bars:
            volume += bar.volume
        high, low = max(bar.high for bar in bars), min(bar.low for bar in bars)
        return Bar(self.symbol, self.timeframe_ms, bars[0].time_ms, bars[0].open, high, low, bars[-1].close, volume)

    def _lacking(self) -> Incomplete:
        bars, self._bars = self._bars, []
        open_ms = bars[0].time_ms - bars[0].time_ms % self.timeframe_ms
        return Incomplete(self.symbol, self.timeframe_ms, open_ms, len(bars), self.want)


def _ratio(finer_ms: int, coarse_ms: int) -> int:
    if finer_ms < 1 or coarse_ms < finer_ms or coarse_ms % finer_ms:
        raise ValueError(f"{timeframe_name(coarse_ms)} candles cannot be built from {timeframe_name(finer_ms)} ones")
    return coarse_ms // finer_ms


def _group(columns: Columns, timeframe_ms: int) -> _Groups:
    want = _ratio(columns.timeframe_ms, timeframe_ms)
    buckets = columns.time - columns.time % timeframe_ms
    starts = np.flatnonzero(np.diff(buckets, prepend=-1))
    counts = np.diff(starts, append=len(buckets))
    return _Groups(starts, buckets[starts], counts, want)


def _reduced(how: np.ufunc, values: Floats, groups: _Groups) -> Floats:
    if not len(groups.starts):
        return np.empty(0)
    reduced: Floats = how.reduceat(values, groups.starts)[groups.whole]
    return reduced


def _summed(values: Floats, first: Times, want: int) -> Floats:
    # One addition after the other, oldest first: numpy's own sum pairs its terms and would differ from the live sum in
    # the last digit.
    total = np.zeros(len(first))
    for row in range(want):
        total += values[first + row]
    return total
