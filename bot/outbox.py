"""The outbox: takes durable alerts, makes a message of each for everybody with a role, and lets every chat have its own
pace.
"""

import asyncio
from collections.abc import Callable, Collection, Iterable
from contextlib import suppress
from dataclasses import dataclass, replace

from aiogram import Bot

from bot.clock import Clock, wait_for_event
from bot.outbox_chat import CriticalSender, Item, Means, OrdinarySender
from bot.outbox_compose import DESK, TEXT_KIND, Composed, Composer, read_alert, without_seen
from bot.outbox_deliver import SENDING_MS, Deliverer, Delivery, Fate, OutboxRecords
from bot.outbox_link import Link
from config.logging import get_logger
from engine.core.alerts import Alert, EmergencyAlert, EmergencyDecidedAlert
from engine.core.codec import CodecError, encode
from engine.journal import JournalUnavailable
from storage.outbox import OutboxNew, OutboxRow
from storage.priority import Priority

_log = get_logger(__name__)
_MOST_LOADED = 1_000
_LOOK_S = 0.5
type OnCritical = Callable[[int, str, str], None]
type OnSettled = Callable[[str, str], None]


@dataclass(slots=True)
class _Chat:
    critical: CriticalSender
    ordinary: OrdinarySender
    tasks: dict[str, asyncio.Task[None]]


class Outbox:
    """`wake` when alerts have become durable; without it the outbox looks every 0.5 s.

    `recipients` gives the chats that get alerts now; `on_critical` hears number, HTML and thread of every critical
    alert when it is taken on, `on_settled` the thread and what is left to say when one was answered, `on_sent` the row
    of each that Telegram has taken in a chat. A chat that fails holds up nobody else.
    """

    def __init__(
        self,
        bot: Bot,
        records: OutboxRecords,
        composer: Composer,
        clock: Clock,
        *,
        recipients: Callable[[], Collection[int]],
        on_critical: OnCritical = lambda _number, _text, _thread: None,
        on_settled: OnSettled = lambda _thread, _text: None,
        on_sent: Callable[[OutboxRow], None] = lambda _row: None,
    ) -> None:
        self._records, self._composer, self._clock = records, composer, clock
        self._recipients, self._on_critical, self._on_settled = recipients, on_critical, on_settled
        self._deliverer, self._link = Deliverer(bot, records, clock), Link(bot, clock)
        self._means = Means(self._deliverer, composer, self._link, clock, on_sent)
        self._chats: dict[int, _Chat] = {}
        # Questions that went out past a database that was away: their messages, by thread and chat.
        self._unrecorded: dict[tuple[str, int], int] = {}
        self._wake = asyncio.Event()

    def wake(self) -> None:
        """Look for alerts now."""
        self._wake.set()

    async def run(self, beat: Callable[[], None] = lambda: None) -> None:
        """Send what is durable, until cancelled; raises what broke a sender."""
        while True:
            beat()
            if (error := self._trouble()) is not None:
                raise error
            # A database that is away keeps its alerts; they are found when it is back.
            with suppress(JournalUnavailable):
                await self.look()
            await wait_for_event(self._wake, _LOOK_S, self._clock)

    async def look(self) -> None:
        """Take on everything that is due; sending goes on beside this call."""
        await self._deliverer.settle()
        rows = await self._records.pending(_MOST_LOADED)
        held = {number for chat in self._chats.values() for number in (*chat.critical.ids, *chat.ordinary.ids)}
        fresh = [row for row in rows if row.id not in held and not self._deliverer.is_over(row.id)]
        alerts = [row for row in fresh if row.chat_id is None]
        for urgent in (True, False):
            some = [row for row in alerts if row.critical is urgent]
            for row in some:
                self._announce(row)
            made = await asyncio.gather(*(self._fanned_out(row) for row in some))
            await self._take([row for rows_of_alert in made for row in rows_of_alert])
        await self._take(row for row in fresh if row.chat_id is not None)

    async def say(self, chat_ids: Iterable[int], text: str, *, once: str = "") -> None:
        """Keep a text for chats and send it in its turn; raises JournalUnavailable.

        A chat that was given a text under the same `once` before does not get another.
        """
        waiting = {row.chat_id for row in await self._records.pending(_MOST_LOADED) if once and row.thread == once}
        for chat_id in chat_ids:
            if once and (chat_id in waiting or await self._records.message_of(once, chat_id) is not None):
                continue
            now = self._clock.wall_ms()
            await self._records.add(chat_id, TEXT_KIND, {"html": text}, Priority.ALERT, once or None, created_ms=now)
        self.wake()

    async def urgent(self, alert: Alert) -> None:
        """Send an alert to everybody at once and without a record: for alerts that the database does not take."""
        now = self._clock.wall_ms()
        row = OutboxRow(
            id=0,
            chat_id=None,
            kind=type(alert).__name__,
            payload={"alert": encode(alert)},
            priority=Priority.CRITICAL,
            thread=getattr(alert, "thread", None),
            critical=True,
            created_ms=now,
            attempts=0,
            retry_at_ms=0,
            account=alert.account,
        )
        await asyncio.gather(*(self._urgent_to(replace(row, chat_id=chat_id)) for chat_id in self._recipients()))

    async def _urgent_to(self, row: OutboxRow) -> None:
        composed, chat_id = self._composer.compose(row), row.chat_id or 0
        # What can be answered without the database keeps its buttons; [Seen] has no number to count up to.
        answerable = row.kind in {EmergencyAlert.__name__, EmergencyDecidedAlert.__name__}
        composed = replace(composed, keyboard=without_seen(composed.keyboard) if answerable else None)
        if composed.edits and await self._rewritten(row, chat_id, composed):
            return
        delivery = await self._deliverer.unrecorded(chat_id, composed)
        if delivery.fate is Fate.SENT and delivery.message_id is not None:
            self._unrecorded[(_thread(row), chat_id)] = delivery.message_id
            self._means.on_sent(row)

    async def _rewritten(self, row: OutboxRow, chat_id: int, composed: Composed) -> bool:
        message_id = self._unrecorded.get((_thread(row), chat_id))
        if message_id is None:
            return False
        delivery = await self._deliverer.rewrite(chat_id, message_id, composed, Priority.CRITICAL)
        return delivery.fate is Fate.SENT

    async def close(self) -> None:
        """Stop sending. What is left stays in the store."""
        tasks = [task for chat in self._chats.values() for task in chat.tasks.values()]
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)
        await self._link.close()

    async def idle(self) -> None:
        """Wait until every chat has nothing left to send."""
        while tasks := [task for chat in self._chats.values() for task in chat.tasks.values() if not task.done()]:
            await asyncio.wait(tasks)

    def _trouble(self) -> BaseException | None:
        tasks = [task for chat in self._chats.values() for task in chat.tasks.values() if task.done()]
        return next((error for task in tasks if not task.cancelled() and (error := task.exception())), None)

    def _announce(self, row: OutboxRow) -> None:
        if not row.critical:
            return
        thread = _thread(row)
        try:
            alert = read_alert(row.payload)
            text = self._composer.render(alert)
        except (CodecError, TypeError) as error:
            text = f"A critical alert of kind {row.kind} could not be read ({type(error).__name__}). See the log."
        else:
            if isinstance(alert, EmergencyDecidedAlert):
                self._on_settled(thread, text if alert.by == DESK else "")
                return
        self._on_critical(row.id, text, thread)

    async def _fanned_out(self, alert: OutboxRow) -> list[OutboxRow]:
        payload = {"alert": alert.payload, "of": alert.id}
        new = [
            OutboxNew(
                chat_id=chat_id,
                kind=alert.kind,
                payload=payload,
                priority=alert.priority,
                thread=alert.thread,
                critical=alert.critical,
            )
            for chat_id in self._recipients()
        ]
        numbers = await self._records.fan_out(alert.id, new)
        return [
            replace(alert, id=number, chat_id=row.chat_id, payload=payload)
            for number, row in zip(numbers, new, strict=False)
        ]

    async def _take(self, rows: Iterable[OutboxRow]) -> None:
        for row in rows:
            if row.chat_id is None:
                continue
            chat = self._chat(row.chat_id)
            item = await self._item(row, chat)
            if item is not None:
                (chat.critical if row.critical else chat.ordinary).add(item)
            self._start(row.chat_id, chat)

    async def _item(self, row: OutboxRow, chat: _Chat) -> Item | None:
        try:
            composed = self._composer.compose(row)
        except (CodecError, KeyError, TypeError) as error:
            _log.error("alert cannot be read", row=row.id, kind=row.kind, why=str(error))
            await self._deliverer.record([row.id], Delivery(Fate.DROPPED, why=f"cannot be read: {error}"))
            return None
        cut_off = row.retry_at_ms == SENDING_MS
        if cut_off and not row.critical:
            # The process ended while this was being sent: it may be there, and is not sent twice.
            chat.ordinary.doubt([composed.title])
            await self._deliverer.record([row.id], Delivery(Fate.LOST, why="the process ended while sending"))
            return None
        if composed.edits and row.chat_id is not None:
            await self._rewritten(row, row.chat_id, replace(composed, keyboard=without_seen(composed.keyboard)))
        return Item(row, composed, repeated=cut_off)

    def _chat(self, chat_id: int) -> _Chat:
        known = self._chats.get(chat_id)
        if known is None:
            known = _Chat(CriticalSender(chat_id, self._means), OrdinarySender(chat_id, self._means), {})
            self._chats[chat_id] = known
        return known

    def _start(self, chat_id: int, chat: _Chat) -> None:
        for name, sender in (("critical", chat.critical), ("ordinary", chat.ordinary)):
            task = chat.tasks.get(name)
            if task is None or (task.done() and not task.cancelled() and task.exception() is None):
                chat.tasks[name] = asyncio.create_task(sender.run(), name=f"{name} messages of chat {chat_id}")


def _thread(row: OutboxRow) -> str:
    return f"{row.account}/{row.thread}" if row.thread else ""
