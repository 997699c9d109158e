"""Long polling: getting updates, who else gets them, and an orderly end.

PollingRefusedError (RuntimeError)
  Telegram does not let this process poll: the token is wrong, or another program uses it
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from aiogram import Bot
from aiogram.exceptions import (
    ClientDecodeError,
    TelegramAPIError,
    TelegramBadRequest,
    TelegramConflictError,
    TelegramNotFound,
    TelegramUnauthorizedError,
)
from aiogram.types import BotCommand, BotCommandScopeChat, BotCommandScopeDefault, Update, User

from bot.clock import Clock
from bot.pacer import TryLaterError
from config.logging import get_logger
from handlers import catalogue
from handlers.ports import Role

_log = get_logger(__name__)
ALLOWED_UPDATES = ("message", "callback_query", "my_chat_member")
START_WINDOW_S = 90.0
_POLL_S = 25
_CONFLICT_PAUSE_S = 30.0
_GAP_S = 60.0
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 1.0, 30.0


class Trouble(StrEnum):
    """Why updates do not come in."""

    CONFLICT = "conflict"
    UNAUTHORIZED = "unauthorized"


_WORDS = {
    Trouble.CONFLICT: "Another program polls Telegram with this bot's token. Stop it, or revoke the token.",
    Trouble.UNAUTHORIZED: "Telegram refuses the bot token. Check TELEGRAM_BOT_TOKEN, or get a new one from BotFather.",
}


class PollingRefusedError(RuntimeError):
    """`trouble` says why; the message is one line for the terminal."""

    def __init__(self, trouble: Trouble) -> None:
        super().__init__(_WORDS[trouble])
        self.trouble = trouble


type OnTrouble = Callable[[Trouble, str], Awaitable[None]]
type Feed = Callable[..., Coroutine[Any, Any, Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Signals:
    """What the poller tells: each trouble once when it begins, and its end."""

    on_trouble: OnTrouble
    on_clear: Callable[[], Awaitable[None]]


class Poller:
    """Feeds updates as tasks. A conflict or a refused token ends `run` in the first 90 s; later it polls on, slowly.

    The newcomer of two pollers gives way: the one that has been polling for longer pauses 30 s after a conflict, and
    ends the newcomer's poll when it comes back.
    """

    def __init__(self, bot: Bot, feed: Feed, clock: Clock, signals: Signals) -> None:
        self._bot, self._feed, self._clock, self._signals = bot, feed, clock, signals
        self.beat: Callable[[], None] = lambda: None
        self._offset: int | None = None
        self._tasks: set[asyncio.Task[Any]] = set()
        self._trouble: Trouble | None = None
        self._heard_at: float | None = None
        self._started_at = 0.0
        self._failures = 0

    async def run(self) -> None:
        """Poll until cancelled; raises PollingRefusedError near the start."""
        await self._take_over()
        self._started_at = self._clock.monotonic()
        while True:
            pause = await self._poll()
            if pause > 0:
                await self._clock.sleep(pause)

    async def drain(self, timeout_s: float) -> int:
        """Wait for updates that are being handled, then confirm them to Telegram; returns how many were given up."""
        left = set(self._tasks)
        if left:
            _, left = await asyncio.wait(left, timeout=timeout_s)
        for task in left:
            task.cancel()
        if self._offset is not None and self._trouble is None:
            try:
                async with asyncio.timeout(1.0):
                    await self._bot.get_updates(offset=self._offset, limit=1, timeout=0, request_timeout=2)
            except (TelegramAPIError, ClientDecodeError, TypeError, TryLaterError, TimeoutError) as error:
                _log.info("last updates not confirmed", why=type(error).__name__)
        return len(left)

    async def _take_over(self) -> None:
        # A webhook left over from elsewhere would make every poll a conflict; nothing that waits is dropped.
        while True:
            try:
                await self._bot.delete_webhook(drop_pending_updates=False)
            except (TelegramUnauthorizedError, TelegramNotFound) as error:
                raise PollingRefusedError(Trouble.UNAUTHORIZED) from error
            except (TelegramAPIError, ClientDecodeError, TypeError, TryLaterError) as error:
                await self._clock.sleep(self._failed(error))
            else:
                self._failures = 0
                return

    async def _poll(self) -> float:
        try:
            updates = await self._bot.get_updates(
                offset=self._offset,
                timeout=_POLL_S,
                allowed_updates=list(ALLOWED_UPDATES),
                request_timeout=_POLL_S + 10,
            )
        except TelegramConflictError as error:
            return await self._refused(Trouble.CONFLICT, error)
        except (TelegramUnauthorizedError, TelegramNotFound) as error:
            return await self._refused(Trouble.UNAUTHORIZED, error)
        except (TelegramAPIError, ClientDecodeError, TypeError, TryLaterError) as error:
            return self._failed(error)
        await self._heard(updates)
        return 0.0

    async def _heard(self, updates: list[Update]) -> None:
        now = self._clock.monotonic()
        # At a start nobody knows how long updates waited either.
        after_gap = self._heard_at is None or now - self._heard_at > _GAP_S
        self._heard_at, self._failures = now, 0
        self.beat()
        for update in updates:
            self._offset = max(self._offset or 0, update.update_id + 1)
            task = asyncio.create_task(self._feed(self._bot, update, after_gap=after_gap))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        if self._trouble is not None:
            self._trouble = None
            await self._signals.on_clear()

    async def _refused(self, trouble: Trouble, error: Exception) -> float:
        if self._clock.monotonic() - self._started_at < START_WINDOW_S:
            raise PollingRefusedError(trouble) from error
        self.beat()
        if self._trouble is not trouble:
            self._trouble = trouble
            _log.critical("updates refused", trouble=trouble)
            await self._signals.on_trouble(trouble, _WORDS[trouble])
        return _CONFLICT_PAUSE_S

    def _failed(self, error: Exception) -> float:
        self._failures += 1
        self.beat()
        if self._failures == 1:
            _log.warning("Telegram cannot be reached", why=type(error).__name__)
        asked = error.wait_s if isinstance(error, TryLaterError) else 0.0
        return max(asked, min(_LONGEST_PAUSE_S, _FIRST_PAUSE_S * 2.0 ** min(self._failures - 1, 10)))


def findings(me: User) -> list[str]:
    """What of the bot's account should be switched off at BotFather, in words."""
    doubts = {
        "the bot can be added to groups": me.can_join_groups,
        "the bot reads all messages of groups": me.can_read_all_group_messages,
        "the bot answers inline queries": me.supports_inline_queries,
        "the bot answers guest queries": me.supports_guest_queries,
        "the bot can be connected to business accounts": me.can_connect_to_business,
    }
    return [f"{words}: switch it off at BotFather" for words, is_so in doubts.items() if is_so]


async def publish_commands(bot: Bot, roles: dict[int, Role]) -> list[str]:
    """Tell Telegram which commands each person has; strangers see none. Returns what failed, in words."""
    failed = []
    plans: list[tuple[BotCommandScopeDefault | BotCommandScopeChat, list[tuple[str, str]]]] = [
        (BotCommandScopeDefault(), [])
    ]
    plans += [(BotCommandScopeChat(chat_id=user_id), catalogue.menu_for(role)) for user_id, role in roles.items()]
    for scope, menu in plans:
        commands = [BotCommand(command=name, description=text) for name, text in menu]
        try:
            if commands:
                await bot.set_my_commands(commands, scope=scope)
            else:
                await bot.delete_my_commands(scope=scope)
        except TelegramBadRequest as error:
            # A person who never opened the chat has no scope yet.
            failed.append(f"command menu of {getattr(scope, 'chat_id', 'everybody')}: {error.message}")
    return failed
