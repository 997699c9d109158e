"""The exchange's clocks as this machine knows them, measured from answers by the midpoint of each exchange.

Two, because a simulated exchange may run its market faster than the wall clock by which it judges signatures: one that
signs requests (measured by asking the time), one of the market (told by every other answer). On the real exchange they
agree.
"""

from collections import deque
from collections.abc import Callable

_KEPT = 16
# An answer slower than this says little about the clock.
_SLOWEST_MS = 5_000
# Clocks this far apart are two clocks.
_APART_MS = 2_000
_AHEAD_MS = 2 * 3_600_000


class Offset:
    """How far a clock is ahead of the wall clock, by the quickest of the newest answers."""

    def __init__(self) -> None:
        self._samples: deque[tuple[int, int]] = deque(maxlen=_KEPT)
        self.ms = 0

    @property
    def known(self) -> bool:
        """Whether anything was measured since the start or the last doubt."""
        return bool(self._samples)

    def observe(self, *, sent_ms: int, got_ms: int, server_ms: int) -> None:
        """Take in one answer: wall times of sending and receiving, and the server's time in between."""
        trip = got_ms - sent_ms
        if not 0 <= trip <= _SLOWEST_MS:
            return
        offset = server_ms - (sent_ms + got_ms) // 2
        # A clock that was set makes older measurements worthless.
        if self._samples and abs(offset - self.ms) > trip + min(self._samples)[0] + 50:
            self._samples.clear()
        self._samples.append((trip, offset))
        self.ms = min(self._samples)[1]

    def doubt(self) -> None:
        """Forget what was measured."""
        self._samples.clear()


class ServerTime:
    """Both clocks. Read from any thread, written from one."""

    def __init__(self, wall_ms: Callable[[], int]) -> None:
        self._wall_ms = wall_ms
        self.signing = Offset()
        self.market = Offset()
        self._heard_ms = 0

    def signing_ms(self) -> int:
        """Return the time by which requests are judged, in UTC ms."""
        return self._wall_ms() + self.signing.ms

    def now_ms(self) -> int:
        """Return the market's time in UTC ms."""
        if not self.market.known:
            return self.signing_ms()
        return max(self._wall_ms() + self.market.ms, self._heard_ms)

    def hear(self, at_ms: int) -> None:
        """Take in the stamp of a stream message. It counts only where the market's clock runs on its own: a false one
        must not move the real exchange's time.
        """
        if at_ms > self._heard_ms and abs(self.market.ms - self.signing.ms) > _APART_MS:
            self._heard_ms = min(at_ms, self.now_ms() + _AHEAD_MS)
