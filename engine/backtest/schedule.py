"""Which instant comes next: the next bar that may bring a decision, or the next at which something held may move."""

from collections.abc import Sequence

import numpy as np

from engine.backtest.market import Lane

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
        while self._at < self._count and self._time[self._at] <= open_ms:
            if self._time[self._at] == open_ms:
                found[self._number[self._at]] = self._row[self._at]
            self._at += 1
        return found


def first_outside(lane: Lane, row: int, end: int, *, inside: tuple[int, int], close: tuple[int, int]) -> int:
    """Return the first row in [row, end) whose range leaves the open interval `inside` or whose close leaves `close`;
    `end` when none does.
    """
    length = _SCAN
    while row < end:
        part = slice(row, min(row + length, end))
        hit = (lane.low[part] <= inside[0]) | (lane.high[part] >= inside[1])
        hit |= (lane.close[part] <= close[0]) | (lane.close[part] >= close[1])
        first = int(hit.argmax())
        if hit[first]:
            return row + first
        row = part.stop
        length = min(length * 4, _LONGEST)
    return end
