"""A clock that moves only when it is told to."""

import asyncio
import heapq
from dataclasses import dataclass, field

START_MS = 1_800_000_000_000


@dataclass
class HandClock:
    """Sleepers wake in the order of their time, each with the loop given turns in between."""

    wall: int = START_MS
    now: float = 1_000.0
    turns: int = 30
    _sleepers: list[tuple[float, int, "asyncio.Future[None]"]] = field(default_factory=list)
    _count: int = 0

    def wall_ms(self) -> int:
        return self.wall

    def monotonic(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._count += 1
        heapq.heappush(self._sleepers, (self.now + seconds, self._count, future))
        await future

    async def advance(self, seconds: float) -> None:
        """Let that much time pass."""
        end = self.now + seconds
        await self.settle()
        while self._sleepers and self._sleepers[0][0] <= end:
            at, _, future = heapq.heappop(self._sleepers)
            self._move(max(at, self.now))
            if not future.done():
                future.set_result(None)
                await self.settle()
        self._move(end)
        await self.settle()

    def jump(self, seconds: float) -> None:
        """Move the clock without waking anybody."""
        self._move(self.now + seconds)

    async def settle(self) -> None:
        """Give the loop turns, so that what can go on goes on."""
        for _ in range(self.turns):
            await asyncio.sleep(0)

    @property
    def sleeping(self) -> int:
        """How many sleep now."""
        return sum(not future.done() for _, _, future in self._sleepers)

    def _move(self, now: float) -> None:
        self.wall += round((now - self.now) * 1000)
        self.now = now
