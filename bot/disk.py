"""Room on the disk of the state folder: that little is left is told before the journal fails."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass

from bot.check_local import DISK_FAULT_BYTES
from engine.clock import Clock
from engine.core.alerts import SystemAlert
from engine.core.snapshot import Snapshot

# Above what alarms, so that a log that turns its page does not tell the same story again and again.
ENOUGH_BYTES = 2 * DISK_FAULT_BYTES
EVERY_S = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class DiskRoom:
    """`free` returns the free bytes or raises OSError; `shot` gives whose alert it is, `tell` sends it."""

    free: Callable[[], int]
    shot: Callable[[], Snapshot]
    tell: Callable[[SystemAlert], Awaitable[None]]


class DiskWatch:
    """Looks every minute; tells once when there is little room, and once when there is enough again."""

    def __init__(self, room: DiskRoom, clock: Clock) -> None:
        self._room, self._clock = room, clock
        self._low = False

    async def run(self, beat: Callable[[], None] = lambda: None) -> None:
        """Look for ever. A disk that does not answer is the journal's trouble, which tells of it."""
        while True:
            beat()
            with suppress(OSError):
                await self._judge(await asyncio.to_thread(self._room.free))
            await self._clock.sleep(EVERY_S)

    async def _judge(self, free: int) -> None:
        low = free < (ENOUGH_BYTES if self._low else DISK_FAULT_BYTES)
        if low is self._low:
            return
        self._low = low
        size = f"{free / 10**6:,.0f} MB are free where the desk keeps its state."
        if low:
            title = "The disk is nearly full"
            detail = f"{size} Without room nothing can be written down and entries stop: make room now."
        else:
            title, detail = "The disk has room again", size
        await self._room.tell(self._alert(title, detail, critical=low))

    def _alert(self, title: str, detail: str, *, critical: bool) -> SystemAlert:
        shot = self._room.shot()
        return SystemAlert(
            account=shot.account,
            mode=shot.mode,
            at_ms=shot.market_ms,
            topic="storage",
            title=title,
            detail=detail,
            critical=critical,
        )
