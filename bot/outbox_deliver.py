"""Handing one message to Telegram and keeping the record of it true, whatever happens on the way."""

import asyncio
from collections import OrderedDict
from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any, Protocol

from aiogram import Bot
from aiogram.enums import ParseMode
from aiogram.exceptions import (
    TelegramAPIError,
    TelegramBadRequest,
    TelegramEntityTooLarge,
    TelegramForbiddenError,
    TelegramMigrateToChat,
)
from aiogram.types import LinkPreviewOptions, ReplyParameters

from bot.clock import Clock
from bot.outbox_compose import Composed, plain_parts
from bot.pacer import TryLaterError, sending_as
from config.logging import get_logger
from engine.journal import JournalUnavailable
from storage.outbox import OutboxNew, OutboxRow
from storage.priority import Priority

_log = get_logger(__name__)
_NO_PREVIEW = LinkPreviewOptions(is_disabled=True)
SENDING_MS = -1
_REMEMBERED = 10_000
_UNREADABLE = ("can't parse entities", "message is too long", "text is too long", "reply markup", "button")
_FINAL = (TelegramForbiddenError, TelegramBadRequest, TelegramEntityTooLarge, TelegramMigrateToChat)


class OutboxRecords(Protocol):
    """The part of the store that the outbox uses."""

    async def add(
        self,
        chat_id: int | None,
        kind: str,
        payload: dict[str, Any],
        priority: int,
        thread: str | None = None,
        *,
        created_ms: int,
    ) -> int: ...

    async def pending(self, limit: int) -> list[OutboxRow]: ...

    async def fan_out(self, alert_row_id: int, rows: list[OutboxNew]) -> list[int]: ...

    async def sent(self, numbers: Collection[int], message_id: int | None, at_ms: int) -> None: ...

    async def failed(self, numbers: Collection[int], why: str, retry_at_ms: int) -> None: ...

    async def dropped(self, numbers: Collection[int], why: str) -> None: ...

    async def message_of(self, thread: str, chat_id: int, account: str = "") -> int | None: ...


class Fate(Enum):
    """What became of a message: Telegram has it, nobody can have it, later, or nobody knows."""

    SENT = auto()
    DROPPED = auto()
    LATER = auto()
    LOST = auto()


@dataclass(frozen=True, slots=True)
class Delivery:
    """The fate of a message and, when sent, its id."""

    fate: Fate
    message_id: int | None = None
    why: str = ""
    flood: bool = False


class Deliverer:
    """Sends for all chats. A row is marked as being sent before its answer is known, so that a crash in between shows.

    Records that could not be written are kept and written by `settle`.
    """

    def __init__(self, bot: Bot, records: OutboxRecords, clock: Clock) -> None:
        self._bot, self._records, self._clock = bot, records, clock
        self._unrecorded: dict[int, tuple[Fate, int | None, str]] = {}
        self._over: OrderedDict[int, None] = OrderedDict()

    def is_over(self, number: int) -> bool:
        """Whether a row has met its fate, even where the database does not show it yet: it must not be sent again."""
        return number in self._over or number in self._unrecorded

    async def send(self, row: OutboxRow, chat_id: int, composed: Composed, *, reply_to: int | None) -> Delivery:
        """Send the message of a row; the record follows the answer."""
        mark = asyncio.create_task(self._mark([row.id]))
        delivery = await self._send(chat_id, composed, Priority(row.priority), reply_to)
        await mark
        # A critical message whose answer was lost stays marked as being sent, so that a crash cannot unmark it.
        if delivery.fate is not Fate.LOST or not row.critical:
            await self.record([row.id], delivery)
        return delivery

    async def send_for(self, rows: list[int], chat_id: int, text: str, *, silent: bool = False) -> Delivery:
        """Send one message that stands for many rows."""
        mark = asyncio.create_task(self._mark(rows))
        delivery = await self._send(chat_id, Composed(text=text, title="", silent=silent), Priority.ALERT, None)
        await mark
        await self.record(rows, delivery)
        return delivery

    async def unrecorded(self, chat_id: int, composed: Composed) -> Delivery:
        """Send a critical message without a record."""
        return await self._send(chat_id, composed, Priority.CRITICAL, None)

    async def edit(self, row: OutboxRow, chat_id: int, message_id: int, composed: Composed) -> Delivery:
        """Let a row become part of a message that is there."""
        delivery = await self.rewrite(chat_id, message_id, composed, Priority(row.priority))
        if delivery.fate is Fate.SENT:
            await self.record([row.id], delivery)
        return delivery

    async def rewrite(self, chat_id: int, message_id: int, composed: Composed, priority: Priority) -> Delivery:
        """Edit a message without a record."""
        try:
            with sending_as(priority):
                await self._bot.edit_message_text(
                    composed.text,
                    chat_id=chat_id,
                    message_id=message_id,
                    parse_mode=ParseMode.HTML,
                    reply_markup=composed.keyboard,
                    link_preview_options=_NO_PREVIEW,
                )
        except TryLaterError as error:
            return Delivery(Fate.LATER, why=error.why, flood=error.flood)
        except TelegramAPIError as error:
            if "not modified" not in error.message:
                return Delivery(Fate.DROPPED, why=error.message)
        return Delivery(Fate.SENT, message_id)

    async def reply_to(self, row: OutboxRow, chat_id: int) -> int | None:
        """The message that the later messages of a row's thread reply to."""
        with suppress(JournalUnavailable):
            return await self._records.message_of(row.thread, chat_id, row.account) if row.thread else None
        return None

    async def record(self, rows: list[int], delivery: Delivery) -> None:
        """Put a fate on record, now or as soon as the database takes it."""
        for number in rows:
            self._unrecorded[number] = (delivery.fate, delivery.message_id, delivery.why)
            if delivery.fate is not Fate.LATER:
                self._over[number] = None
        while len(self._over) > _REMEMBERED:
            self._over.popitem(last=False)
        await self.settle()

    async def settle(self) -> None:
        """Write the records that are due."""
        due: dict[tuple[Fate, int | None, str], list[int]] = {}
        for number, fate in self._unrecorded.items():
            due.setdefault(fate, []).append(number)
        written = await asyncio.gather(*(self._write(numbers, *fate) for fate, numbers in due.items()))
        for (fate, numbers), done in zip(due.items(), written, strict=True):
            for number in numbers:
                if done and self._unrecorded.get(number) == fate:
                    del self._unrecorded[number]

    async def _write(self, numbers: list[int], fate: Fate, message_id: int | None, why: str) -> bool:
        now = self._clock.wall_ms()
        try:
            match fate:
                case Fate.SENT:
                    await self._records.sent(numbers, message_id, now)
                case Fate.DROPPED:
                    await self._records.dropped(numbers, why)
                case Fate.LOST:
                    await self._records.dropped(numbers, f"answer lost: {why}")
                case Fate.LATER:
                    await self._records.failed(numbers, why, now)
        except JournalUnavailable:
            return False
        return True

    async def _mark(self, numbers: list[int]) -> None:
        with suppress(JournalUnavailable):
            await self._records.failed(numbers, "sending", SENDING_MS)

    async def _send(self, chat_id: int, composed: Composed, priority: Priority, reply_to: int | None) -> Delivery:
        try:
            with sending_as(priority):
                return Delivery(Fate.SENT, await self._html(chat_id, composed, reply_to))
        except TryLaterError as error:
            return Delivery(Fate.LOST if error.lost else Fate.LATER, why=error.why, flood=error.flood)
        except _FINAL as error:
            _log.warning("message not delivered", chat_id=chat_id, why=error.message)
            return Delivery(Fate.DROPPED, why=error.message)
        except TelegramAPIError as error:
            # A refused token is no reason to forget an alert.
            return Delivery(Fate.LATER, why=error.message)

    async def _html(self, chat_id: int, composed: Composed, reply_to: int | None) -> int:
        reply = ReplyParameters(message_id=reply_to, allow_sending_without_reply=True) if reply_to else None
        try:
            message = await self._bot.send_message(
                chat_id,
                composed.text,
                parse_mode=ParseMode.HTML,
                reply_markup=composed.keyboard,
                reply_parameters=reply,
                disable_notification=composed.silent,
                link_preview_options=_NO_PREVIEW,
            )
        except TelegramBadRequest as error:
            if not any(words in error.message.lower() for words in _UNREADABLE):
                raise
            _log.error("markup refused, sent as plain text", why=error.message)
            return await self._plain(chat_id, composed.text)
        return message.message_id

    async def _plain(self, chat_id: int, text: str) -> int:
        ids = [(await self._bot.send_message(chat_id, part)).message_id for part in plain_parts(text)]
        return ids[0]
