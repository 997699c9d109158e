"""getUpdates for one bot: long polls, conflicts between pollers, and Telegram's brake on hot loops."""

import asyncio
from typing import TYPE_CHECKING

from bot.localchat.errors import ApiError, JsonObject, conflict

if TYPE_CHECKING:
    from bot.localchat.core import Core
    from bot.localchat.world import Bot

MAX_POLL_S = 50
_SECOND_POLLER = "terminated by other getUpdates request; make sure that only one bot instance is running"
_SET_WEBHOOK = "terminated by setWebhook request"
_WEBHOOK = "can't use getUpdates method while webhook is active; use deleteWebhook to delete the webhook first"
_BRAKE_S = 3.0
_HOT_LOOP_S = 0.5


class Poller:
    """The one long poll a bot may have. Waiting is measured on the event loop's clock."""

    def __init__(self, core: "Core", bot: "Bot") -> None:
        self._core = core
        self._bot = bot
        self._waiting: asyncio.Future[str] | None = None
        self._last_offset = 0
        self._last_at = float("-inf")
        self._next_conflict_at = float("-inf")

    async def poll(self, *, offset: int, limit: int, timeout_s: int) -> list[JsonObject]:
        """Return the next updates, waiting up to `timeout_s` for the first; a second poll ends the first with a 409."""
        if self._bot.settings.get("webhook"):
            raise await self._conflict(_WEBHOOK)
        self._end(_SECOND_POLLER)
        limit, timeout_s = self._braked(offset=offset, limit=limit, timeout_s=timeout_s)
        self._confirm(offset)
        bodies = self._bot.queue.take(limit=limit, now=self._core.clock())
        if bodies or timeout_s == 0:
            return bodies
        reason = await self._wait(timeout_s)
        if reason:
            raise await self._conflict(reason)
        return self._bot.queue.take(limit=limit, now=self._core.clock())

    def wake(self) -> None:
        """Let the waiting poll answer."""
        self._end("")

    def end_for_webhook(self) -> None:
        """End the waiting poll because a webhook was set."""
        self._end(_SET_WEBHOOK)

    def _confirm(self, offset: int) -> None:
        queue = self._bot.queue
        below = queue.confirmed_by(offset)
        waiting = queue.pending(self._core.clock())
        if waiting and waiting[0].id < below:
            self._core.world.commit("confirm", bot=self._bot.id, below=below)

    def _braked(self, *, offset: int, limit: int, timeout_s: int) -> tuple[int, int]:
        now = asyncio.get_running_loop().time()
        since = now - self._last_at if offset == self._last_offset else float("inf")
        self._last_offset, self._last_at = offset, now
        if since < _BRAKE_S:
            timeout_s = max(timeout_s, int(_BRAKE_S))
        return (1 if since < _HOT_LOOP_S else limit), timeout_s

    async def _wait(self, timeout_s: int) -> str:
        waiting: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._waiting = waiting
        try:
            async with asyncio.timeout(timeout_s):
                return await waiting
        except TimeoutError:
            return ""
        finally:
            if self._waiting is waiting:
                self._waiting = None

    def _end(self, reason: str) -> None:
        waiting, self._waiting = self._waiting, None
        if waiting is not None and not waiting.done():
            waiting.set_result(reason)

    async def _conflict(self, words: str) -> ApiError:
        now = asyncio.get_running_loop().time()
        if now < self._next_conflict_at:
            await self._core.sleep(_BRAKE_S)
        else:
            self._next_conflict_at = now + _BRAKE_S
        return conflict(words)
