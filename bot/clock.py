"""Time as the bot's parts see it: given to them, so that a test can set it by hand."""

import asyncio
import time
from typing import Protocol


class Clock(Protocol):
    """Wall time for people and deadlines, monotonic time for waiting."""

    def wall_ms(self) -> int:
        """Wall time in UTC milliseconds."""

    def monotonic(self) -> float:
        """Seconds that only grow."""

    async def sleep(self, seconds: float) -> None:
        """Wait that long."""


class SystemClock:
    """The machine's clock."""

    def wall_ms(self) -> int:
        """Wall time in UTC milliseconds."""
        return time.time_ns() // 1_000_000

    def monotonic(self) -> float:
        """Seconds that only grow."""
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        """Wait that long."""
        await asyncio.sleep(seconds)


async def wait_for_event(event: asyncio.Event, seconds: float, clock: Clock) -> bool:
    """Wait until the event is set or the time is up; True when it was set. The event is cleared."""
    waiting = asyncio.ensure_future(event.wait())
    timer = asyncio.ensure_future(clock.sleep(seconds))
    try:
        await asyncio.wait({waiting, timer}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        waiting.cancel()
        timer.cancel()
    was_set = event.is_set()
    event.clear()
    return was_set
