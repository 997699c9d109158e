"""The exchange's clock as this machine knows it: the offset measured from answers, by the midpoint of each exchange."""

from collections import deque
from collections.abc import Callable

_KEPT = 16
# An answer slower than this says little about the clock.
_SLOWEST_MS = 5_000


class ServerTime:
    """Offset of the exchange's clock against the wall clock, from the quickest of the newest answers.

    Read from any thread, written from one.
    """

    def __init__(self, wall_ms: Callable[[], int]) -> None:
        self._wall_ms = wall_ms
        self._samples: deque[tuple[int, int]] = deque(maxlen=_KEPT)
        self.offset_ms = 0

    @property
    def known(self) -> bool:
        """Whether anything was measured since the start or the last doubt."""
        return bool(self._samples)

    def now_ms(self) -> int:
        """Return the exchange's time in UTC ms."""
        return self._wall_ms() + self.offset_ms

    def observe(self, *, sent_ms: int, got_ms: int, server_ms: int) -> None:
        """Take in one answer: wall times of sending and receiving, and the server's time in between."""
        trip = got_ms - sent_ms
        if not 0 <= trip <= _SLOWEST_MS:
            return
        offset = server_ms - (sent_ms + got_ms) // 2
        # A clock that was set makes older measurements worthless.
        if self._samples and abs(offset - self.offset_ms) > trip + self._samples_trip() + 50:
            self._samples.clear()
        self._samples.append((trip, offset))
        self.offset_ms = min(self._samples)[1]

    def _samples_trip(self) -> int:
        return min(self._samples)[0]

    def doubt(self) -> None:
        """Forget what was measured: the exchange refused a time stamp."""
        self._samples.clear()
