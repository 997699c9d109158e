"""Time as the engine's shell sees it: given to it, so that a simulation can set it by hand."""

import asyncio
import time
from typing import Protocol


class Clock(Protocol):
    """Wall time for deadlines of people, monotonic time for waiting."""

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
