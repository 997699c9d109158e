"""Quiet hours of people: whose phone stays silent now, and whether every admin's does."""

from collections.abc import Callable, Collection
from typing import Any, Protocol
from zoneinfo import ZoneInfo

from bot.clock import Clock
from engine.core.chat_events import AdminsQuieted
from engine.journal import JournalUnavailable
from handlers.ports import Window
from handlers.views.format import at

_KEY = "quiet_hours"
LOOK_S = 1.0


class Memory(Protocol):
    """Where quiet hours outlive the process."""

    async def get(self, key: str) -> Any: ...

    async def set(self, key: str, value: Any) -> None: ...


class QuietHours:
    """QuietPort of the chat. Times of the day are those of the desk's zone."""

    def __init__(self, memory: Memory, clock: Clock, zone: ZoneInfo) -> None:
        self._memory, self._clock, self._zone = memory, clock, zone
        self._windows: dict[int, Window] = {}

    async def load(self) -> None:
        """Read what is stored; raises JournalUnavailable."""
        known = await self._memory.get(_KEY) or {}
        self._windows = {int(user): (int(begin), int(end)) for user, (begin, end) in known.items()}

    def of(self, user_id: int) -> Window | None:
        """A person's quiet hours in minutes of the day, from and until; None for none."""
        return self._windows.get(user_id)

    async def set(self, user_id: int, window: Window | None) -> bool:
        """Set or end a person's quiet hours; False when they could not be stored."""
        if window is None:
            self._windows.pop(user_id, None)
        else:
            self._windows[user_id] = window
        try:
            await self._memory.set(_KEY, {str(user): list(kept) for user, kept in self._windows.items()})
        except JournalUnavailable:
            return False
        return True

    def is_quiet(self, user_id: int) -> bool:
        """Whether a person is in quiet hours now."""
        window = self._windows.get(user_id)
        if window is None:
            return False
        now = at(self._clock.wall_ms(), self._zone)
        minute, (begin, end) = now.hour * 60 + now.minute, window
        return begin <= minute < end if begin < end else minute >= begin or minute < end

    def all_quiet(self, user_ids: Collection[int]) -> bool:
        """Whether there is somebody, and everybody is in quiet hours."""
        return bool(user_ids) and all(map(self.is_quiet, user_ids))


class QuietTeller:
    """Tells the desks when every admin has gone quiet, and when somebody is back."""

    def __init__(
        self,
        hours: QuietHours,
        clock: Clock,
        *,
        admins: Callable[[], Collection[int]],
        tell: Callable[[AdminsQuieted], None],
    ) -> None:
        self._hours, self._clock, self._admins, self._tell = hours, clock, admins, tell
        self._told = False

    def look(self) -> None:
        """Tell when it has changed."""
        quiet = self._hours.all_quiet(self._admins())
        if quiet is not self._told:
            self._told = quiet
            self._tell(AdminsQuieted(quiet, 0))

    async def run(self, beat: Callable[[], None]) -> None:
        """Look every second, until cancelled."""
        while True:
            beat()
            self.look()
            await self._clock.sleep(LOOK_S)
