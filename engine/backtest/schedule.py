"""Which instant comes next: the next bar that may bring a decision, or the next at which something held may move."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from engine.backtest.market import Lane
from engine.exchanges.simulated import NEVER

_SCAN = 64
_LONGEST = 8_192


class Signals:
    """The bars that may bring a decision, of all lanes in order of time: a cursor that only moves forward."""

    def __init__(self, lanes: Sequence[Lane], end_ms: int) -> None:
        time = np.concatenate([lane.time[lane.signals] for lane in lanes])
        number = np.repeat(np.arange(len(lanes)), [len(lane.signals) for lane in lanes])
        row = np.concatenate([lane.signals for lane in lanes])
        if len(lanes) > 1:
            # Stable: at one instant the lanes keep their order.
            order = np.argsort(time, kind="stable")
            time, number, row = time[order], number[order], row[order]
        self._time, self._number, self._row = memoryview(time), memoryview(number), memoryview(row)
        self._count = len(time)
        self._at = 0
        self._end_ms = end_ms

    def next_ms(self) -> int:
        """Return when the next of these bars opens; the end of the run when there is none."""
        return self._time[self._at] if self._at < self._count else self._end_ms

    def take(self, open_ms: int) -> dict[int, int]:
        """Return row by lane number of the bars that open now, and pass them; call it for every instant in order."""
        found = {}
        time, at = self._time, self._at
        while at < self._count and time[at] <= open_ms:
            if time[at] == open_ms:
                found[self._number[at]] = self._row[at]
            at += 1
        self._at = at
        return found


class Slept(NamedTuple):
    """The row that wakes, and the extremes of the rows slept through."""

    woken: int
    low: int
    high: int


def sleep(lane: Lane, row: int, end: int, *, inside: tuple[int, int], close: tuple[int, int]) -> Slept:
    """Sleep until the first row in [row, end) whose range leaves the open interval `inside` or whose close leaves
    `close`; until `end` when none does.
    """
    lowest, highest = NEVER, 0
    length = _SCAN
    while row < end:
        part = slice(row, min(row + length, end))
        low, high = int(lane.low[part].min()), int(lane.high[part].max())
        if low <= max(inside[0], close[0]) or high >= min(inside[1], close[1]):
            # Something may happen; most often it was a range beyond the band of the closes.
            first = _first_outside(lane, part, inside, close)
            if first < part.stop:
                if first > row:
                    lowest = min(lowest, int(lane.low[row:first].min()))
                    highest = max(highest, int(lane.high[row:first].max()))
                return Slept(first, lowest, highest)
        lowest, highest = min(lowest, low), max(highest, high)
        row = part.stop
        length = min(length * 4, _LONGEST)
    return Slept(row, lowest, highest)


def _first_outside(lane: Lane, part: slice, inside: tuple[int, int], close: tuple[int, int]) -> int:
    hit = (lane.low[part] <= inside[0]) | (lane.high[part] >= inside[1])
    hit |= (lane.close[part] <= close[0]) | (lane.close[part] >= close[1])
    first = int(hit.argmax())
    return int(part.start) + first if hit[first] else int(part.stop)
