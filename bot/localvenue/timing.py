"""The venue's two clocks: wall time plus skew for signatures, market time for candles, orders and `time` fields.

At speed 1 market time is wall time; faster, it runs ahead. A paused market stands still, signatures go on.
"""

from bot.clock import Clock


class VenueClock:
    """Market time anchored to the monotonic clock."""

    def __init__(self, source: Clock, *, start_ms: int, speed: float, paused: bool = False) -> None:
        self._source = source
        self._anchor_ms: float = start_ms
        self._anchor_s = source.monotonic()
        self.speed = speed
        self.paused = paused
        self.skew_ms = 0

    @property
    def source(self) -> Clock:
        """The clock underneath."""
        return self._source

    def wall_ms(self) -> int:
        """Return the time that signatures are judged by."""
        return self._source.wall_ms() + self.skew_ms

    def market_ms(self) -> int:
        """Return the market's time."""
        return int(self._exact())

    def answer_ms(self) -> int:
        """Return what `time` fields say: market time, skewed like the rest of the venue's clocks."""
        return self.market_ms() + self.skew_ms

    def set_speed(self, speed: float) -> None:
        """Run `speed` times faster than real time from now on."""
        self._anchor()
        self.speed = speed

    def pause(self, paused: bool) -> None:
        """Stop or resume market time."""
        self._anchor()
        self.paused = paused

    def jump(self, span_ms: int) -> None:
        """Move market time forward."""
        self._anchor()
        self._anchor_ms += span_ms

    def seconds_until(self, market_ms: int) -> float:
        """Return how long it takes the market to get to a time."""
        return (market_ms - self._exact()) / 1000 / self.speed

    def _anchor(self) -> None:
        self._anchor_ms, self._anchor_s = self._exact(), self._source.monotonic()

    def _exact(self) -> float:
        if self.paused:
            return self._anchor_ms
        return self._anchor_ms + (self._source.monotonic() - self._anchor_s) * 1000 * self.speed
