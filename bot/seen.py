"""Critical alerts that nobody has seen: said again every 60 s, after 2 minutes also by the second channel."""

import asyncio
from collections.abc import Callable, Collection
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from typing import Any, Protocol

from aiogram import Bot, Router
from aiogram.enums import ParseMode
from aiogram.exceptions import TelegramAPIError
from aiogram.types import CallbackQuery, Message

from bot.clock import Clock
from bot.outbox_compose import Seen, plain_parts, title_of, with_seen, without_seen
from bot.pacer import TryLaterError, sending_as
from bot.second_channel import SecondChannel, Shout
from engine.core.market import MINUTE_MS
from engine.journal import JournalUnavailable
from handlers.ports import Actor, Role
from storage.priority import Priority

REPEAT_MS = MINUTE_MS
SHOUT_AFTER_MS = 2 * MINUTE_MS
_LOOK_S = 5.0
_MOST_KEPT = 100
_SHOUTS_A_LOOK = 3
_REMINDER = "<b>Not seen yet</b>, repeated every minute until [Seen]"


class Memory(Protocol):
    """Where unseen alerts outlive the process."""

    async def get(self, key: str) -> Any: ...

    async def set(self, key: str, value: Any) -> None: ...


@dataclass(slots=True, kw_only=True)
class Unseen:
    """A critical alert: its number, its HTML, since when it waits (wall time), whether the second channel has it, and
    the thread under which it may be answered.
    """

    number: int
    text: str
    since_ms: int
    shouted: bool = False
    thread: str = ""


@dataclass(slots=True)
class _Reminders:
    last_ms: int = 0
    messages: dict[int, int] = field(default_factory=dict)


class Watch:
    """Keeps unseen critical alerts and says them again. `admins` are the chats that are reminded."""

    def __init__(
        self,
        bot: Bot,
        memory: Memory,
        channel: SecondChannel,
        clock: Clock,
        *,
        admins: Callable[[], Collection[int]],
        desk: str,
        mode: str,
    ) -> None:
        self._bot, self._memory, self._channel, self._clock = bot, memory, channel, clock
        self._admins, self._desk, self._mode = admins, desk, mode
        self._key = f"unseen.{mode}.{desk}"
        self._unseen: dict[int, Unseen] = {}
        self._reminders = _Reminders()
        self._tasks: dict[int, asyncio.Task[None]] = {}
        self._changed = False

    @property
    def unseen(self) -> tuple[Unseen, ...]:
        """What nobody has seen, oldest first."""
        return tuple(self._unseen.values())

    async def load(self) -> None:
        """Take on what the last process left unseen; raises JournalUnavailable."""
        for row in await self._memory.get(self._key) or []:
            unseen = Unseen(**row)
            self._unseen.setdefault(unseen.number, unseen)

    def begin(self, number: int, text: str, thread: str = "") -> None:
        """A critical alert is on its way; a second call for the same number does nothing."""
        if number in self._unseen:
            return
        now = self._clock.wall_ms()
        if not self._unseen:
            self._reminders = _Reminders(last_ms=now)
        self._unseen[number] = Unseen(number=number, text=text, since_ms=now, thread=thread)
        while len(self._unseen) > _MOST_KEPT:
            del self._unseen[next(iter(self._unseen))]
        self._changed = True

    def settle(self, thread: str, text: str) -> None:
        """What an unseen alert asked was answered: `text` is what is still to be seen, nothing when a person did."""
        for number, one in list(self._unseen.items()):
            if thread and one.thread == thread:
                self._changed = True
                one.text = text
                if not text:
                    del self._unseen[number]

    async def seen(self, upto: int) -> int:
        """Somebody who can act has read everything up to a number; returns how many that were."""
        gone = [number for number in self._unseen if number <= upto]
        for number in gone:
            del self._unseen[number]
        self._changed = self._changed or bool(gone)
        await self._keep()
        return len(gone)

    async def run(self, beat: Callable[[], None]) -> None:
        """Look every 5 s, until cancelled."""
        while True:
            beat()
            await self.look()
            await self._clock.sleep(_LOOK_S)

    async def look(self) -> None:
        """Say again and shout what is due."""
        await self._keep()
        now = self._clock.wall_ms()
        due = [one for one in self._unseen.values() if not one.shouted and now - one.since_ms >= SHOUT_AFTER_MS]
        for one in due[:_SHOUTS_A_LOOK]:
            one.shouted = await self._shout(one)
            self._changed = self._changed or one.shouted
        if self._unseen and now - self._reminders.last_ms >= REPEAT_MS:
            self._reminders.last_ms = now
            for chat_id in self._admins():
                # Beside this loop, because a flood may hold one chat back for minutes.
                busy = self._tasks.get(chat_id)
                if busy is None or busy.done():
                    self._tasks[chat_id] = asyncio.create_task(self._remind(chat_id))

    async def idle(self) -> None:
        """Wait for reminders under way."""
        if self._tasks:
            await asyncio.wait(self._tasks.values())

    async def close(self) -> None:
        """Give up reminders under way."""
        for task in self._tasks.values():
            task.cancel()
        await self.idle()

    async def _shout(self, one: Unseen) -> bool:
        words = " ".join(plain_parts(one.text)[0].split())
        shout = Shout(text=f"Not seen in Telegram: {words}", desk=self._desk, mode=self._mode, at_ms=one.since_ms)
        return await self._channel.shout(shout)

    async def _remind(self, chat_id: int) -> None:
        if not self._unseen:
            return
        first, *others = self._unseen.values()
        lines = [_REMINDER, first.text, *(f"• {title_of(other.text)}" for other in others[-20:])]
        old = self._reminders.messages.get(chat_id)
        with suppress(TelegramAPIError, TryLaterError), sending_as(Priority.CRITICAL):
            newest = next(reversed(self._unseen))
            sent = await self._bot.send_message(
                chat_id, "\n".join(lines), parse_mode=ParseMode.HTML, reply_markup=with_seen(None, newest)
            )
            self._reminders.messages[chat_id] = sent.message_id
            # One reminder in the chat is enough; the newer one is what sounds.
            if old is not None:
                await self._bot.delete_message(chat_id, old)

    async def _keep(self) -> None:
        if not self._changed:
            return
        self._changed = False
        try:
            await self._memory.set(self._key, [asdict(one) for one in self._unseen.values()])
        except JournalUnavailable:
            self._changed = True


def build_seen_router() -> Router:
    """The router of [Seen]; its handler expects `actor` and `watch` by name."""
    router = Router(name="seen")
    router.callback_query.register(_pressed, Seen.filter(), flags={"role": Role.VIEWER, "risk": "reads"})
    return router


async def _pressed(callback: CallbackQuery, callback_data: Seen, actor: Actor, watch: Watch) -> None:
    if not actor.role.covers(Role.ADMIN):
        await callback.answer("Noted. It is repeated to the admins until one of them has seen it.")
        return
    number = await watch.seen(callback_data.upto)
    await callback.answer(f"Seen: {number}" if number else "Seen before.")
    if isinstance(callback.message, Message):
        with suppress(TelegramAPIError, TryLaterError):
            await callback.message.edit_reply_markup(reply_markup=without_seen(callback.message.reply_markup))
