"""Recent candles of every symbol and timeframe, kept live: what arrives is judged, only the next candle is taken."""

from dataclasses import dataclass

import numpy as np

from engine.candles import Bar, Columns, Gap
from engine.core.market import timeframe_name
from engine.validate import RawCandles, find_problems, readable


@dataclass(frozen=True, slots=True)
class Appended:
    """The candle was the next one and is in the store."""

    time_ms: int


@dataclass(frozen=True, slots=True)
class Duplicate:
    """The store has this candle already; `revised` when the values differ (the first ones are kept)."""

    time_ms: int
    revised: bool


@dataclass(frozen=True, slots=True)
class Bad:
    """The candle cannot be used: impossible values, off the grid, or older than everything kept."""

    why: str


type Outcome = Appended | Duplicate | Gap | Bad


class CandleRing:
    """The last `capacity` candles of one symbol and timeframe, without gaps.

    Rows are written once behind those already handed out, and a full buffer is replaced by a new one: a view stays as
    it was for as long as its reader keeps it, and an append costs O(1) amortised. `revision` counts the changes.
    """

    __slots__ = ("_buffers", "_count", "_end", "capacity", "revision", "symbol", "timeframe_ms")

    def __init__(self, symbol: str, *, timeframe_ms: int, capacity: int) -> None:
        if capacity < 1 or timeframe_ms < 1:
            raise ValueError(f"{symbol}: capacity {capacity} and timeframe {timeframe_ms} ms must be above zero")
        self.symbol = symbol
        self.timeframe_ms = timeframe_ms
        self.capacity = capacity
        self._buffers = _buffers(capacity)
        self._end = 0
        self._count = 0
        self.revision = 0

    def __len__(self) -> int:
        return self._count

    @property
    def last_ms(self) -> int | None:
        """The open time of the newest candle; None when empty."""
        return int(self._buffers.time[self._end - 1]) if self._count else None

    def append(self, bar: Bar) -> Outcome:
        """Take the candle if it is the next one (or the first); otherwise say why not.

        A candle behind a gap is not taken: feed the missing ones, then it again, or `replace` everything. Raises
        ValueError for a candle of another symbol or timeframe: that is a mistake of the caller, not of the data.
        """
        self._check_kind(bar)
        why = _defect(bar)
        if why:
            return Bad(f"{self._name()} {readable(bar.time_ms)}: {why}")
        last_ms = self.last_ms
        if last_ms is not None and bar.time_ms != last_ms + self.timeframe_ms:
            return self._misplaced(bar, last_ms)
        self._write(bar)
        return Appended(bar.time_ms)

    def replace(self, columns: Columns) -> None:
        """Start anew from the newest of these candles, as many as fit. Raises ValueError on a gap among them."""
        self._check_kind(columns)
        newest = columns.rows(max(0, len(columns) - self.capacity), len(columns))
        if newest.gaps():
            raise ValueError(f"{self._name()}: {newest.gaps()[0]}")
        self._start_with(newest.raw())
        self.revision += 1

    def enlarge(self, capacity: int) -> None:
        """Make room for more candles; what is kept stays. A smaller capacity changes nothing."""
        if capacity > self.capacity:
            kept = self._kept()
            self.capacity = capacity
            self._start_with(kept)

    def view(self) -> Columns:
        """Return what is kept, oldest first, as read-only columns that later appends do not change."""
        raw = self._kept()
        for column in raw.columns():
            column.flags.writeable = False
        return Columns.proven(raw, symbol=self.symbol, timeframe_ms=self.timeframe_ms)

    def _kept(self) -> RawCandles:
        return self._buffers.take(slice(self._end - self._count, self._end))

    def _name(self) -> str:
        return f"{self.symbol} {timeframe_name(self.timeframe_ms)}"

    def _check_kind(self, given: Bar | Columns) -> None:
        if (given.symbol, given.timeframe_ms) != (self.symbol, self.timeframe_ms):
            kind = f"{given.symbol} {timeframe_name(given.timeframe_ms)}"
            raise ValueError(f"{kind} given to the store of {self._name()}")

    def _misplaced(self, bar: Bar, last_ms: int) -> Outcome:
        back = (last_ms - bar.time_ms) // self.timeframe_ms
        if back < 0:
            return Gap(last_ms + self.timeframe_ms, bar.time_ms - self.timeframe_ms)
        if back >= self._count:
            return Bad(f"{self._name()} {readable(bar.time_ms)}: older than all that is kept")
        row = self._end - 1 - back
        kept = tuple(float(column[row]) for column in self._buffers.columns()[1:])
        return Duplicate(bar.time_ms, revised=kept != tuple(bar[3:]))

    def _write(self, bar: Bar) -> None:
        if self._end == len(self._buffers):
            keep = self._buffers.take(slice(self._end - min(self._count, self.capacity - 1), self._end))
            self._start_with(keep)
        for column, value in zip(self._buffers.columns(), bar[2:], strict=True):
            column[self._end] = value
        self._end += 1
        self._count = min(self._count + 1, self.capacity)
        self.revision += 1

    def _start_with(self, raw: RawCandles) -> None:
        self._buffers = _buffers(self.capacity)
        self._end = self._count = len(raw)
        for column, values in zip(self._buffers.columns(), raw.columns(), strict=True):
            column[: self._end] = values


class CandleStore:
    """One ring for each (symbol, timeframe) that was opened."""

    __slots__ = ("_rings",)

    def __init__(self) -> None:
        self._rings: dict[tuple[str, int], CandleRing] = {}

    def open(self, symbol: str, *, timeframe_ms: int, capacity: int) -> CandleRing:
        """Return the ring, created at need; a larger capacity than before keeps what is there and makes room."""
        ring = self._rings.get((symbol, timeframe_ms))
        if ring is None:
            ring = CandleRing(symbol, timeframe_ms=timeframe_ms, capacity=capacity)
            self._rings[symbol, timeframe_ms] = ring
        ring.enlarge(capacity)
        return ring

    def append(self, bar: Bar) -> Outcome:
        """Give the candle to its ring. Raises KeyError when that ring was never opened."""
        return self.ring(bar.symbol, bar.timeframe_ms).append(bar)

    def ring(self, symbol: str, timeframe_ms: int) -> CandleRing:
        """Return an opened ring; raises KeyError naming symbol and timeframe."""
        try:
            return self._rings[symbol, timeframe_ms]
        except KeyError:
            raise KeyError(f"no candles are kept for {symbol} {timeframe_name(timeframe_ms)}") from None

    def view(self, symbol: str, timeframe_ms: int) -> Columns:
        """Return the kept candles of a symbol and timeframe."""
        return self.ring(symbol, timeframe_ms).view()


def _buffers(capacity: int) -> RawCandles:
    size = 2 * capacity
    return RawCandles(np.empty(size, dtype=np.int64), *(np.empty(size) for _ in range(5)))


def _defect(bar: Bar) -> str:
    if bar.time_ms <= 0 or bar.time_ms % bar.timeframe_ms:
        return "open time off the grid"
    # Plain comparisons are all false for NaN; min and max would let it pass.
    inside = 0 < bar.low <= bar.open <= bar.high < np.inf and bar.low <= bar.close <= bar.high
    if inside and 0 <= bar.volume < np.inf:
        return ""
    raw = RawCandles(np.array([bar.time_ms]), *(np.array([value], dtype=np.float64) for value in bar[3:]))
    return "; ".join(problem.check.value for problem in find_problems(raw, timeframe_ms=bar.timeframe_ms))
