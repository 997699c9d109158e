"""What stands between an admitted update and its handler: role, age, order within a chat, and the error boundary."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any

from aiogram import BaseMiddleware, Bot, Dispatcher
from aiogram.dispatcher.event.bases import UNHANDLED
from aiogram.dispatcher.flags import get_flag
from aiogram.exceptions import TelegramAPIError
from aiogram.types import CallbackQuery, Message, TelegramObject, Update

from bot.clock import Clock
from bot.middleware_guard import Admitted, AuditLog, Guard
from bot.pacer import TryLaterError
from config.logging import get_logger
from engine.journal import JournalUnavailable
from handlers.ports import Role
from handlers.views.safety import lockdown_words

_log = get_logger(__name__)
RISKS = frozenset({"reads", "reduces", "adds"})
LATE_MS = 60_000
_TYPING_AFTER_S = 1.0
_TYPING_EVERY_S = 4.5
_LANE_PATIENCE_S = 5.0


@dataclass(slots=True)
class Outcome:
    """What came of an update, in words for the record."""

    text: str = "done"


class GuardedDispatcher(Dispatcher):
    """A dispatcher that sees only what the guard admits, keeps no conversation state, and lets no error out."""

    def __init__(self, guard: Guard, **workflow: Any) -> None:
        super().__init__(disable_fsm=True, **workflow)
        self._guard = guard

    async def feed_update(self, bot: Bot, update: Update, **kwargs: Any) -> Any:
        """Guard, then route an update; `after_gap` says that updates waited at Telegram for an unknown time."""
        outcome, admitted = Outcome(), None
        try:
            admitted = await self._guard.admit(bot, update)
            if admitted is None:
                return UNHANDLED
            given = {"after_gap": False, **kwargs, "actor": admitted.actor, "admitted": admitted, "outcome": outcome}
            return await super().feed_update(bot, update, **given)
        except asyncio.CancelledError:
            outcome.text = "cut off; /status shows whether it was carried out"
            raise
        except Exception as error:  # noqa: BLE001 - the boundary where any error of a handler ends as an answer
            outcome.text = f"failed ({type(error).__name__})"
            _log.error("update failed", update_id=update.update_id, exc_info=error)
            if admitted is not None:
                await _apologise(bot, admitted.chat_id, error)
            return UNHANDLED
        finally:
            if admitted is not None:
                await self._guard.finish(bot, update, outcome.text)


class Lanes:
    """One update of a chat after the other, without keeping anything of chats that are quiet."""

    def __init__(self) -> None:
        self._busy: dict[int, tuple[asyncio.Lock, int]] = {}

    @asynccontextmanager
    async def turn(self, chat_id: int, patience_s: float) -> AsyncIterator[bool]:
        """Wait for the chat's turn; gives False when it did not come in time."""
        lock, users = self._busy.get(chat_id, (asyncio.Lock(), 0))
        self._busy[chat_id] = (lock, users + 1)
        mine = False
        try:
            with suppress(TimeoutError):
                async with asyncio.timeout(patience_s):
                    mine = await lock.acquire()
            yield mine
        finally:
            if mine:
                lock.release()
            lock, users = self._busy[chat_id]
            if users > 1:
                self._busy[chat_id] = (lock, users - 1)
            else:
                del self._busy[chat_id]

    def __len__(self) -> int:
        """How many chats are busy."""
        return len(self._busy)


class Gate(BaseMiddleware):
    """Inner middleware: checks the flags of the handler that was found. A handler without flags is refused.

    What reduces risk waits for nothing. What adds risk is refused when it is late, when its id could not be stored, and
    when something that reduces risk was asked for after it; under a lockdown (`locked` gives its reason) always.
    """

    def __init__(self, clock: Clock, audit: AuditLog, *, locked: Callable[[], str] = lambda: "") -> None:
        self._clock, self._audit, self._locked = clock, audit, locked
        self._lanes = Lanes()
        self._last_reducing = 0

    async def __call__(
        self,
        handler: Callable[[TelegramObject, dict[str, Any]], Awaitable[Any]],
        event: TelegramObject,
        data: dict[str, Any],
    ) -> Any:
        """Call the handler, or refuse."""
        admitted: Admitted | None = data.get("admitted")
        reason = self._unfit(admitted, data)
        if admitted is None or reason:
            await self._refuse(event, data, reason)
            return None
        with_signs = self._with_signs(handler, event, data, admitted.chat_id)
        if get_flag(data, "risk") == "reduces":
            self._last_reducing = max(self._last_reducing, admitted.arrival)
            return await with_signs()
        async with self._lanes.turn(admitted.chat_id, _LANE_PATIENCE_S) as mine:
            reason = self._unsafe(event, data, admitted, in_order=mine)
            if reason:
                await self._refuse(event, data, reason)
                return None
            return await with_signs()

    def _unfit(self, admitted: Admitted | None, data: dict[str, Any]) -> str:
        needed, risk = get_flag(data, "role"), get_flag(data, "risk")
        if admitted is None or not isinstance(needed, Role) or risk not in RISKS:
            return "This is not open to anybody."
        if not admitted.actor.role.covers(needed):
            return f"This needs the role {needed}; yours is {admitted.actor.role}."
        return ""

    def _unsafe(self, event: TelegramObject, data: dict[str, Any], admitted: Admitted, *, in_order: bool) -> str:
        if get_flag(data, "risk") != "adds":
            return ""
        locked = "" if get_flag(data, "judges") else self._locked()
        if locked:
            return lockdown_words(locked)
        if self._is_late(event, data):
            return "This was asked more than a minute ago. The market has moved on: ask again if you still want it."
        if not admitted.durable:
            return "The database is not writing, so nothing that adds risk is accepted. Pause and close still work."
        if admitted.arrival < self._last_reducing or not in_order:
            return "Something else was asked for in the meantime. Nothing was changed: ask again if you still want it."
        return ""

    def _is_late(self, event: TelegramObject, data: dict[str, Any]) -> bool:
        if isinstance(event, Message):
            return self._clock.wall_ms() - event.date.timestamp() * 1000 > LATE_MS
        # A press carries no time of its own; after a gap it may have waited at Telegram.
        return bool(data.get("after_gap"))

    async def _refuse(self, event: TelegramObject, data: dict[str, Any], reason: str) -> None:
        outcome: Outcome | None = data.get("outcome")
        if outcome is not None:
            outcome.text = f"refused: {reason}"
        admitted: Admitted | None = data.get("admitted")
        if admitted is None:
            return
        secret = bool(get_flag(data, "secret"))
        if secret and isinstance(event, Message):
            with suppress(TelegramAPIError, TryLaterError):
                await data["bot"].delete_message(admitted.chat_id, event.message_id)
        with suppress(TelegramAPIError, TryLaterError):
            if isinstance(event, CallbackQuery):
                await event.answer(reason[:200], show_alert=True)
            else:
                await data["bot"].send_message(admitted.chat_id, f"Not done. {reason}")
        actor = admitted.actor
        with suppress(JournalUnavailable):
            now = self._clock.wall_ms()
            said = "a code" if secret else _said(event)
            await self._audit.add(now, actor.user_id, actor.name, "request", said, f"refused: {reason}")

    def _with_signs(
        self, handler: Callable[..., Awaitable[Any]], event: TelegramObject, data: dict[str, Any], chat_id: int
    ) -> Callable[[], Awaitable[Any]]:
        async def work() -> Any:
            signs = asyncio.create_task(self._typing(data["bot"], chat_id))
            try:
                return await handler(event, data)
            finally:
                signs.cancel()

        return work

    async def _typing(self, bot: Bot, chat_id: int) -> None:
        await self._clock.sleep(_TYPING_AFTER_S)
        with suppress(TelegramAPIError, TryLaterError):
            while True:
                await bot.send_chat_action(chat_id, "typing")
                await self._clock.sleep(_TYPING_EVERY_S)


def _said(event: TelegramObject) -> str:
    if isinstance(event, CallbackQuery):
        return f"button {event.data or ''}"
    return (event.text or "")[:200] if isinstance(event, Message) else ""


async def _apologise(bot: Bot, chat_id: int, error: Exception) -> None:
    if isinstance(error, TryLaterError):
        return
    if isinstance(error, JournalUnavailable):
        what = "The database does not answer now. Entries are blocked until it does; exits, stops and limits go on."
        then = "Pause, close and close all still work. /health shows the database."
    else:
        what = f"An error in the desk's chat ({type(error).__name__}); it is in the log. Trading is not affected."
        then = "What you asked for may not have been carried out: /status shows the state. Then try again."
    with suppress(TelegramAPIError, TryLaterError):
        await bot.send_message(chat_id, f"That did not work. {what}\n{then}")
