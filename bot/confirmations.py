"""One-time confirmations over the store: a random name on the button, everything that counts on the server.

While the database is away, confirmations of what reduces risk are kept in memory; nothing that adds risk is confirmed.
"""

import asyncio
import secrets
from dataclasses import dataclass
from typing import Protocol

import orjson

from bot.clock import Clock
from engine.core.codec import CodecError, decode, encode
from engine.journal import JournalUnavailable
from handlers import ports
from handlers.actions import Action, adds_risk
from handlers.ports import Actor, Claim
from storage import confirmations as stored

VALID_MS = 30_000
TOO_SOON_MS = 700
_NONCE_BYTES = 16
_PATIENCE_S = 1.0


class Confirmations(Protocol):
    """The part of the store that is used here."""

    async def create(
        self, nonce: str, user_id: int, chat_id: int, action_json: str, created_ms: int, expires_ms: int
    ) -> None: ...

    async def bind(self, nonce: str, message_id: int) -> None: ...

    async def claim(
        self, nonce: str, user_id: int, chat_id: int, message_id: int, now_ms: int, not_before_ms: int
    ) -> stored.Claim: ...


@dataclass(slots=True, kw_only=True)
class _Kept:
    action: Action
    user_id: int
    chat_id: int
    created_ms: int
    message_id: int | None = None
    used: bool = False

    def claim(self, user_id: int, chat_id: int, message_id: int, now_ms: int) -> Claim:
        if (user_id, chat_id) != (self.user_id, self.chat_id) or self.message_id not in {None, message_id}:
            return ports.Foreign()
        if self.used:
            return ports.Used()
        if now_ms >= self.created_ms + VALID_MS:
            return ports.Expired()
        if self.message_id is None or now_ms < self.created_ms + TOO_SOON_MS:
            return ports.TooSoon()
        self.used = True
        return ports.Claimed(self.action)


class Confirm:
    """ConfirmPort of one account. Raises JournalUnavailable for what adds risk while the database is away.

    What was asked for another account is foreign here, whatever button it is pressed with.
    """

    def __init__(self, store: Confirmations, clock: Clock, *, account: str = "") -> None:
        self._store, self._clock, self._account = store, clock, account
        self._kept: dict[str, _Kept] = {}

    async def ask(self, actor: Actor, chat_id: int, action: Action) -> str:
        """Store what is asked; returns the nonce that the button carries, good for 30 s."""
        nonce, now = secrets.token_urlsafe(_NONCE_BYTES), self._clock.wall_ms()
        written = orjson.dumps({"account": self._account, "action": encode(action)}).decode()
        try:
            async with asyncio.timeout(_PATIENCE_S):
                await self._store.create(nonce, actor.user_id, chat_id, written, now, now + VALID_MS)
        except (JournalUnavailable, TimeoutError) as error:
            if adds_risk(action):
                raise JournalUnavailable("confirmations cannot be stored now") from error
            self._forget_old(now)
            self._kept[nonce] = _Kept(action=action, user_id=actor.user_id, chat_id=chat_id, created_ms=now)
        return nonce

    async def bind(self, nonce: str, message_id: int) -> None:
        """Tie the confirmation to the message that shows it; the first binding stays."""
        kept = self._kept.get(nonce)
        if kept is None:
            await self._store.bind(nonce, message_id)
        elif kept.message_id is None:
            kept.message_id = message_id

    async def claim(self, nonce: str, actor: Actor, chat_id: int, message_id: int) -> Claim:
        """Take the confirmation, at most once."""
        now = self._clock.wall_ms()
        kept = self._kept.get(nonce)
        if kept is not None:
            return kept.claim(actor.user_id, chat_id, message_id, now)
        match await self._store.claim(nonce, actor.user_id, chat_id, message_id, now, TOO_SOON_MS):
            case stored.Claimed(action_json=text):
                return _action(text, self._account)
            case refused:
                return refused

    def _forget_old(self, now_ms: int) -> None:
        # A used one is remembered for a while, so that a second press reads "used".
        gone = [nonce for nonce, kept in self._kept.items() if now_ms - kept.created_ms > 10 * VALID_MS]
        for nonce in gone:
            del self._kept[nonce]


def _action(text: str, account: str) -> Claim:
    # An action written by another version may not be readable any more; it was of that version's time.
    try:
        kept = orjson.loads(text)
        if kept["account"] != account:
            return ports.Foreign()
        return ports.Claimed(decode(Action, kept["action"]))
    except (CodecError, KeyError, TypeError, orjson.JSONDecodeError):
        return ports.Expired()
