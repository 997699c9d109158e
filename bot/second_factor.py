"""Judging codes: each time step of a user once, five failures lock for five minutes, and a restart changes neither."""

import asyncio
from dataclasses import dataclass, replace
from typing import Any, Protocol

from bot.clock import Clock
from bot.factor_file import FactorFile, FactorFileError
from bot.totp import matching_step
from engine.core.market import MINUTE_MS
from engine.journal import JournalUnavailable
from handlers.safety import Right, Shut, Spent, Unready, Verdict, Wrong

TRIES = 5
LOCKED_MS = 5 * MINUTE_MS
KEY = "second_factor"
_AWAY = Unready("The database does not answer, so a code cannot be marked as used. Pause and close still work.")


class Memory(Protocol):
    """Where tries outlive the process."""

    async def get(self, key: str, user_id: int | None = None) -> Any: ...

    async def set(self, key: str, value: Any, user_id: int | None = None) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class _Tries:
    used_step: int = -1
    failures: int = 0
    until_ms: int = 0

    @classmethod
    def of(cls, kept: Any) -> "_Tries":
        return cls(**kept) if isinstance(kept, dict) else cls()

    def as_json(self) -> dict[str, int]:
        return {"used_step": self.used_step, "failures": self.failures, "until_ms": self.until_ms}


def without_failures(kept: Any) -> Any:
    """Return what is kept of a user's codes without failures and lock; the codes that were used stay used."""
    return replace(_Tries.of(kept), failures=0, until_ms=0).as_json() if isinstance(kept, dict) else kept


class SecondFactor:
    """FactorPort. What cannot be stored is not accepted."""

    def __init__(self, file: FactorFile, memory: Memory, clock: Clock, *, required: bool) -> None:
        self._file, self._memory, self._clock, self._required = file, memory, clock, required
        self._turn = asyncio.Lock()

    @property
    def required(self) -> bool:
        """Whether what adds risk needs a code."""
        return self._required

    async def ready(self, user_id: int) -> Unready | Shut | None:
        """Say why this user cannot give a code now."""
        found = self._secret(user_id)
        if isinstance(found, Unready):
            return found
        try:
            tries = _Tries.of(await self._memory.get(KEY, user_id))
        except JournalUnavailable:
            return _AWAY
        return Shut(tries.until_ms) if self._clock.wall_ms() < tries.until_ms else None

    async def check(self, user_id: int, code: str) -> Verdict:
        """Judge a code; the outcome is durable before it is told."""
        secret = self._secret(user_id)
        if isinstance(secret, Unready):
            return secret
        # One after the other: two presses must not use one step, nor five tries be ten.
        async with self._turn:
            try:
                return await self._judged(user_id, secret, code)
            except JournalUnavailable:
                return _AWAY

    async def _judged(self, user_id: int, secret: str, code: str) -> Verdict:
        now = self._clock.wall_ms()
        tries = _Tries.of(await self._memory.get(KEY, user_id))
        if now < tries.until_ms:
            return Shut(tries.until_ms)
        step = matching_step(secret, code, now)
        if step is None:
            return await self._failed(user_id, tries, now)
        if step <= tries.used_step:
            return Spent()
        await self._memory.set(KEY, _Tries(used_step=step).as_json(), user_id)
        return Right()

    async def _failed(self, user_id: int, tries: _Tries, now_ms: int) -> Verdict:
        failures = tries.failures + 1
        shut = failures >= TRIES
        kept = replace(tries, failures=0 if shut else failures, until_ms=now_ms + LOCKED_MS if shut else 0)
        await self._memory.set(KEY, kept.as_json(), user_id)
        return Shut(kept.until_ms) if shut else Wrong(TRIES - failures)

    def _secret(self, user_id: int) -> str | Unready:
        try:
            secret = self._file.secrets().get(user_id)
        except FactorFileError as error:
            return Unready(f"{error}. It is mended on the host.")
        if secret is None:
            return Unready(
                f"This needs the code of an authenticator, and you have none yet. "
                f"On the host: pocketdesk users totp enroll {user_id}"
            )
        return secret
