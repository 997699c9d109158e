"""The guard before the dispatcher: strangers cost nothing, an update acts once, nobody without a role gets in."""

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Protocol

from aiogram import Bot
from aiogram.exceptions import TelegramAPIError
from aiogram.types import Update, User

from bot.access import Allowed, ClaimCode, Courtesy, Refused, judge, roles_of
from bot.clock import Clock
from bot.pacer import TryLaterError, sending_as
from config.logging import get_logger
from engine.journal import JournalUnavailable
from handlers.ports import Actor, Role
from storage.priority import Priority
from storage.small_stores import UserRow

_log = get_logger(__name__)
_PATIENCE_S = 1.0
_REMEMBERED = 2_000
_STRANGER = "This is a private trading desk. It answers only to its owners."
_CLAIMED = "You are the owner of this desk now. /menu opens the desk panel."


class UserSource(Protocol):
    """Where roles given from chat or on the host are kept."""

    async def all(self) -> list[UserRow]: ...

    async def set(self, user_id: int, role: str, name: str, at_ms: int) -> None: ...


class Updates(Protocol):
    """Which updates were seen, and what came of them."""

    async def first_seen(self, bot_id: int, update_id: int, now_ms: int) -> bool: ...

    async def finish(self, bot_id: int, update_id: int, result: str) -> None: ...

    async def result(self, bot_id: int, update_id: int) -> str | None: ...


class AuditLog(Protocol):
    """Where attempts are put on record."""

    async def add(self, at_ms: int, user_id: int, name: str, action: str, detail: str, answer: str) -> object: ...


class GuardStore(Protocol):
    """The part of the store that the guard uses."""

    @property
    def users(self) -> UserSource: ...
    @property
    def updates(self) -> Updates: ...
    @property
    def audit(self) -> AuditLog: ...


class Roles:
    """Roles by user id, from the settings and from the store; the settings stand above."""

    def __init__(self, admin_ids: tuple[int, ...], source: UserSource) -> None:
        self._admin_ids, self._source = admin_ids, source
        self._roles: dict[int, Role] = roles_of(admin_ids, ())

    @property
    def now(self) -> Mapping[int, Role]:
        """Everybody with a role."""
        return self._roles

    def ids(self) -> list[int]:
        """The ids of everybody with a role."""
        return list(self._roles)

    def admins(self) -> list[int]:
        """The ids of those who may act."""
        return [user_id for user_id, role in self._roles.items() if role.covers(Role.ADMIN)]

    @property
    def has_owner(self) -> bool:
        """Whether somebody owns the desk."""
        return Role.OWNER in self._roles.values()

    async def refresh(self) -> None:
        """Read the stored roles again; raises JournalUnavailable."""
        self._roles = roles_of(self._admin_ids, [(row.user_id, row.role) for row in await self._source.all()])

    async def make_owner(self, user: User, now_ms: int) -> None:
        """Give the desk to a person; raises JournalUnavailable."""
        await self._source.set(user.id, Role.OWNER, user.full_name, now_ms)
        await self.refresh()


@dataclass(frozen=True, slots=True, kw_only=True)
class Admitted:
    """An update that may act. `durable`: its id is stored, so that it cannot act again after a crash; `arrival`
    counts admitted updates.
    """

    actor: Actor
    chat_id: int
    durable: bool
    arrival: int


class Guard:
    """Decides about every update. Whatever it cannot do (answer, audit, leave) never lets an update through."""

    def __init__(
        self,
        store: GuardStore,
        roles: Roles,
        clock: Clock,
        *,
        groups: frozenset[int] = frozenset(),
        touched: Callable[[int], None] = lambda _chat_id: None,
    ) -> None:
        self._store, self._roles, self._clock, self._groups, self._touched = store, roles, clock, groups, touched
        self.claim: ClaimCode | None = None
        self._courtesy = Courtesy()
        self._recent: OrderedDict[tuple[int, int], None] = OrderedDict()
        self._arrivals = 0

    async def admit(self, bot: Bot, update: Update) -> Admitted | None:
        """Let an update in, or deal with it here."""
        verdict = judge(update, roles=self._roles.now, groups=self._groups)
        if isinstance(verdict, Refused):
            await self._refuse(bot, update, verdict)
            return None
        return await self._once(bot, update, verdict)

    async def finish(self, bot: Bot, update: Update, result: str) -> None:
        """Keep what came of an update, for a repeat of it."""
        with suppress(JournalUnavailable, TimeoutError):
            async with asyncio.timeout(_PATIENCE_S):
                await self._store.updates.finish(bot.id, update.update_id, result)

    async def _once(self, bot: Bot, update: Update, verdict: Allowed) -> Admitted | None:
        key = (bot.id, update.update_id)
        seen_here = key in self._recent
        self._recent[key] = None
        if len(self._recent) > _REMEMBERED:
            self._recent.popitem(last=False)
        durable, is_new = await self._stored(key)
        if seen_here or not is_new:
            await self._repeat(bot, update, verdict.chat_id)
            return None
        self._arrivals += 1
        self._touched(verdict.chat_id)
        return Admitted(actor=verdict.actor, chat_id=verdict.chat_id, durable=durable, arrival=self._arrivals)

    async def _stored(self, key: tuple[int, int]) -> tuple[bool, bool]:
        # What makes the desk safer must not wait for a database that is away; memory tells repeats apart meanwhile.
        try:
            async with asyncio.timeout(_PATIENCE_S):
                return True, await self._store.updates.first_seen(*key, self._clock.wall_ms())
        except (JournalUnavailable, TimeoutError):
            return False, True

    async def _repeat(self, bot: Bot, update: Update, chat_id: int) -> None:
        result = None
        with suppress(JournalUnavailable):
            result = await self._store.updates.result(bot.id, update.update_id)
        if result is None:
            words = "This arrived twice. Whether the first one was carried out shows in /status; this one did nothing."
        else:
            words = f"This arrived twice. The first one: {result}. This one did nothing."
        await _tell(bot, update, chat_id, words, Priority.REPLY)

    async def _refuse(self, bot: Bot, update: Update, refused: Refused) -> None:
        now, user = self._clock.wall_ms(), refused.user
        if refused.leave is not None:
            with suppress(TelegramAPIError, TryLaterError):
                await bot.leave_chat(refused.leave)
        if await self._claimed(bot, update, refused):
            return
        user_id = user.id if user is not None else refused.chat_id
        if refused.polite and self._courtesy.may_answer(user_id, now):
            await _tell(bot, update, refused.chat_id, refused.said or _STRANGER, Priority.PANEL)
        if refused.audit and self._courtesy.may_audit(user_id, now):
            _log.warning("update refused", reason=refused.reason, user_id=user_id, chat_id=refused.chat_id)
            name = user.full_name if user is not None else ""
            await self._audited(now, user_id, name, refused)

    async def _audited(self, now_ms: int, user_id: int, name: str, refused: Refused) -> None:
        detail = f"{refused.reason}, chat {refused.chat_id}"
        with suppress(JournalUnavailable):
            await self._store.audit.add(now_ms, user_id, name, "attempt", detail, "refused")

    async def _claimed(self, bot: Bot, update: Update, refused: Refused) -> bool:
        message, user = update.message, refused.user
        if self.claim is None or self._roles.has_owner or refused.reason != "no role" or user is None:
            return False
        if message is None or message.text is None or message.chat.type != "private" or message.forward_origin:
            return False
        now = self._clock.wall_ms()
        if not self.claim.matches(message.text, now):
            return False
        await self._roles.make_owner(user, now)
        self.claim = None
        await self._store.audit.add(now, user.id, user.full_name, "claim", "first owner", "done")
        await _tell(bot, update, message.chat.id, _CLAIMED, Priority.REPLY)
        return True


async def _tell(bot: Bot, update: Update, chat_id: int, words: str, priority: Priority) -> None:
    with suppress(TelegramAPIError, TryLaterError), sending_as(priority):
        if update.callback_query is not None:
            await bot.answer_callback_query(update.callback_query.id, text=words, show_alert=True)
        else:
            await bot.send_message(chat_id, words)
