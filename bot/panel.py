"""The live desk panel: one pinned message per chat, edited only when what it shows has changed."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Protocol
from zoneinfo import ZoneInfo

from aiogram import Bot
from aiogram.enums import ParseMode
from aiogram.exceptions import TelegramAPIError, TelegramBadRequest, TelegramForbiddenError
from aiogram.types import InlineKeyboardMarkup, LinkPreviewOptions

from bot.clock import Clock
from bot.pacer import TryLaterError, sending_as
from config.logging import get_logger
from engine.core.snapshot import Snapshot
from engine.journal import JournalUnavailable
from handlers.views.panel import panel_hash, render_panel
from keyboards.binding import bound
from keyboards.panel import panel_keyboard
from storage.priority import Priority

_log = get_logger(__name__)
WATCHED_EVERY_S = 4.0
IDLE_EVERY_S = 60.0
WATCHED_FOR_S = 300.0
_LOOK_S = 1.0
_NO_PREVIEW = LinkPreviewOptions(is_disabled=True)
_GONE = ("not found", "can't be edited", "message_id_invalid")


class Panels(Protocol):
    """Where the panel of each chat is."""

    async def all(self) -> dict[int, int]: ...

    async def get(self, chat_id: int) -> int | None: ...

    async def set(self, chat_id: int, message_id: int) -> None: ...

    async def remove(self, chat_id: int) -> None: ...


@dataclass(slots=True)
class _View:
    hash: str = ""
    message_id: int = 0
    edited_at: float = float("-inf")
    touched_at: float = float("-inf")
    task: asyncio.Task[None] | None = None


class PanelKeeper:
    """Edits at most every 4 s while a chat is in use, every 60 s otherwise, as the least urgent of all requests.

    `snapshots` gives the account that a chat is about, and behind it the others.
    """

    def __init__(
        self, bot: Bot, panels: Panels, snapshots: Callable[[int], Sequence[Snapshot]], clock: Clock, *, zone: ZoneInfo
    ) -> None:
        self._bot, self._panels, self._snapshots, self._clock, self._zone = bot, panels, snapshots, clock, zone
        self._views: dict[int, _View] = {}

    def touch(self, chat_id: int) -> None:
        """Somebody did something in this chat: he looks at it."""
        self._views.setdefault(chat_id, _View()).touched_at = self._clock.monotonic()

    async def run(self, beat: Callable[[], None]) -> None:
        """Keep all panels up to date, until cancelled."""
        while True:
            beat()
            with suppress(JournalUnavailable):
                await self.look()
            await self._clock.sleep(_LOOK_S)

    async def look(self) -> None:
        """Edit the panels that are due; raises JournalUnavailable."""
        now = self._clock.monotonic()
        if not any(self._is_due(view, now) for view in self._views.values()) and self._views:
            return
        panels = await self._panels.all()
        for chat_id in panels:
            self._views.setdefault(chat_id, _View())
        for chat_id, view in self._views.items():
            if self._is_due(view, now) and (view.task is None or view.task.done()):
                view.edited_at = now
                if chat_id in panels:
                    # Beside this loop, because a flood may hold one chat's edit back for minutes.
                    view.task = asyncio.create_task(self._refresh(chat_id, panels[chat_id], view))

    async def idle(self) -> None:
        """Wait for edits under way."""
        tasks = [view.task for view in self._views.values() if view.task is not None]
        if tasks:
            await asyncio.wait(tasks)

    async def close(self) -> None:
        """Give up edits under way."""
        for view in self._views.values():
            if view.task is not None:
                view.task.cancel()
        await self.idle()

    def _is_due(self, view: _View, now: float) -> bool:
        watched = now - view.touched_at < WATCHED_FOR_S
        return now - view.edited_at >= (WATCHED_EVERY_S if watched else IDLE_EVERY_S)

    async def _refresh(self, chat_id: int, message_id: int, view: _View) -> None:
        snapshot, *others = self._snapshots(chat_id)
        text = render_panel(snapshot, wall_ms=self._clock.wall_ms(), zone=self._zone, others=others)
        keyboard = panel_keyboard(snapshot, several=bool(others))
        if others:
            keyboard = bound(keyboard, snapshot.account)
        shown = panel_hash(text, keyboard)
        if (view.hash, view.message_id) == (shown, message_id):
            return
        with suppress(TryLaterError, JournalUnavailable):
            try:
                with sending_as(Priority.PANEL):
                    view.message_id = await self._edit(chat_id, message_id, text, keyboard)
                    view.hash = shown
            except TelegramForbiddenError:
                await self._panels.remove(chat_id)
            except TelegramAPIError as error:
                _log.warning("panel not edited", chat_id=chat_id, why=error.message)

    async def _edit(self, chat_id: int, message_id: int, text: str, keyboard: InlineKeyboardMarkup) -> int:
        try:
            await self._bot.edit_message_text(
                text,
                chat_id=chat_id,
                message_id=message_id,
                parse_mode=ParseMode.HTML,
                reply_markup=keyboard,
                link_preview_options=_NO_PREVIEW,
            )
        except TelegramBadRequest as error:
            if "not modified" in error.message:
                return message_id
            if not any(words in error.message.lower() for words in _GONE):
                raise
            return await self._replace(chat_id, message_id, text, keyboard)
        return message_id

    async def _replace(self, chat_id: int, old: int, text: str, keyboard: InlineKeyboardMarkup) -> int:
        if await self._panels.get(chat_id) != old:
            # A new panel was opened while this one was being edited.
            return 0
        sent = await self._bot.send_message(
            chat_id,
            text,
            parse_mode=ParseMode.HTML,
            reply_markup=keyboard,
            disable_notification=True,
            link_preview_options=_NO_PREVIEW,
        )
        await self._panels.set(chat_id, sent.message_id)
        with suppress(TelegramBadRequest):
            await self._bot.pin_chat_message(chat_id, sent.message_id, disable_notification=True)
        return sent.message_id
