"""Virtual time: an event loop that never waits and runs what is ready in an order drawn from a seed."""

import asyncio
import selectors
from collections import deque
from collections.abc import Callable, Coroutine
from contextvars import Context
from random import Random
from typing import Any

# Wednesday 2024-01-03 09:00 UTC, as in `tests.support.desk`.
WALL_MS = 1_704_272_400_000
# No timer is nearer: one within the resolution of the real clock would be over without any time having passed.
LEAST_S = 1e-6


class NothingLeftError(RuntimeError):
    """Everybody waits and nothing can happen any more."""


class _Deaf(selectors.SelectSelector):
    """Hears nothing: there is nobody outside, and asking the kernel takes a tenth of a simulation's time."""

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        """Return no events, at once."""
        del timeout
        return []


class VirtualLoop(asyncio.SelectorEventLoop):
    """Time jumps to the next timer as soon as nothing is ready. No network, no threads.

    Order among ready callbacks is promised by nobody but asyncio's own implementation: shuffling it shows races, and
    the same seed shows the same one again.
    """

    def __init__(self, seed: int) -> None:
        super().__init__(_Deaf())
        self._random = Random(seed)
        self._at = 0.0

    def time(self) -> float:
        """Return virtual seconds."""
        return self._at

    def call_at(
        self, when: float, callback: Callable[..., object], *args: Any, context: Context | None = None
    ) -> asyncio.TimerHandle:
        """Set a timer."""
        return super().call_at(max(when, self._at + LEAST_S), callback, *args, context=context)

    def _run_once(self) -> None:
        if len(self._ready) > 1:
            ready = list(self._ready)
            self._random.shuffle(ready)
            self._ready = deque(ready)
        elif not self._ready and not self._stopping:
            self._at = max(self._at, self._next())
        super()._run_once()

    def _next(self) -> float:
        # The nearest timer is the head of a heap, in which cancelled ones stay for a while.
        if self._scheduled and not self._scheduled[0].cancelled():
            return self._scheduled[0].when()
        timers = [timer.when() for timer in self._scheduled if not timer.cancelled()]
        if not timers:
            raise NothingLeftError("every task waits, and no timer is set")
        return min(timers)


class VirtualClock:
    """The engine's clock on a virtual loop: wall time begins at `WALL_MS`."""

    def wall_ms(self) -> int:
        """Return wall time in UTC milliseconds."""
        return WALL_MS + round(self.monotonic() * 1000)

    def monotonic(self) -> float:
        """Return virtual seconds."""
        return asyncio.get_running_loop().time()

    async def sleep(self, seconds: float) -> None:
        """Wait that long."""
        await asyncio.sleep(seconds)


def run[R](work: Coroutine[Any, Any, R], seed: int = 0) -> R:
    """Run a coroutine to its end in virtual time."""
    return asyncio.run(work, loop_factory=lambda: VirtualLoop(seed))


async def until(condition: Callable[[], bool], timeout_s: float = 60.0) -> float:
    """Wait in virtual time until a condition holds and return how long that took; AssertionError when it never does."""
    loop = asyncio.get_running_loop()
    began = loop.time()
    while not condition():
        assert loop.time() - began < timeout_s, f"not within {timeout_s:g} virtual seconds"
        await asyncio.sleep(0.02)
    return loop.time() - began
