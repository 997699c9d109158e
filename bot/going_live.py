"""Live trading waits for a confirmation in the chat: of this account, this key and these rules, until a lockdown."""

import asyncio
import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Protocol

import orjson

from bot import __version__
from bot.accounts import Trading
from bot.clock import Clock
from config import DeskMode, Settings
from engine.core.commands import Answer, FreeEntries, LockEntries, Refused
from engine.core.profile_words import parameters_of
from handlers.ports import Actor, DeskPort
from handlers.safety import LiveTerms

NAME = "golive"
REASON = "live trading is not confirmed: /golive"


class Memory(Protocol):
    """Where confirmations outlive the process."""

    async def get(self, key: str) -> Any: ...

    async def set(self, key: str, value: Any) -> None: ...


@dataclass(frozen=True, slots=True)
class Confirmable:
    """One live account, and what its confirmation is about."""

    desk: DeskPort
    fingerprint: str
    faults: Callable[[], Sequence[str]] = tuple


def fingerprint(alone: Settings, trading: Trading) -> str:
    """Return what a confirmation is bound to: the key, the limits, the profiles with their parameters, and the settings
    as written. Another version of the program with the same rules is the same.

    The symbols that profiles trade are not in it beyond what is written: they are found anew at every start.
    """
    account = replace(trading.account, tag="", prices="", profiles=())
    profiles = [replace(profile, symbols=()) for profile in trading.account.profiles]
    key = alone.bybit_api_key.get_secret_value() if alone.bybit_api_key is not None else ""
    said = {
        "key": hashlib.sha256(key.encode()).hexdigest(),
        "account": asdict(account),
        "profiles": [asdict(profile) for profile in profiles],
        "parameters": {name: parameters_of(strategy) for name, strategy in sorted(trading.strategies.items())},
        "written": alone.model_dump(mode="json", include={"profiles", "limits", "accounts", "strategies", "bybit_env"}),
    }
    return hashlib.sha256(orjson.dumps(said, default=str, option=orjson.OPT_SORT_KEYS)).hexdigest()


def terms_of(settings: Settings) -> LiveTerms | None:
    """Return what runs in live mode; None in every other mode."""
    if settings.desk_mode is not DeskMode.LIVE:
        return None
    host = settings.bybit_rest_url or "Bybit"
    return LiveTerms(version=__version__, environment=settings.bybit_world.value, host=host)


async def is_confirmed(memory: Memory, account: str, wanted: str) -> bool:
    """Whether somebody confirmed exactly this; raises JournalUnavailable."""
    kept = await memory.get(_key(account))
    return isinstance(kept, dict) and kept.get("fingerprint") == wanted


def lock(wall_ms: int, request_id: str) -> LockEntries:
    """Return the command that holds an account until it is confirmed."""
    return LockEntries(
        command_id=f"{request_id}.g", by="desk", wall_ms=wall_ms, name=NAME, reason=REASON, lift=NAME, recall=False
    )


class GoingLive:
    """LivePort of the accounts of a process; without terms there is nothing to confirm."""

    def __init__(
        self, accounts: Mapping[str, Confirmable], memory: Memory, clock: Clock, *, terms: LiveTerms | None
    ) -> None:
        self._accounts, self._memory, self._clock, self._terms = accounts, memory, clock, terms

    @property
    def terms(self) -> LiveTerms | None:
        """What runs in live mode."""
        return self._terms

    def faults(self, account: str) -> Sequence[str]:
        """What is wrong with an account or its key, as the exchange tells it."""
        return self._accounts[account].faults()

    async def confirm(self, account: str, actor: Actor, request_id: str) -> Answer:
        """Keep the confirmation, then lift the hold; raises JournalUnavailable, and then nothing is lifted."""
        held, now = self._accounts[account], self._clock.wall_ms()
        if found := held.faults():
            return Refused(request_id, "; ".join(found))
        said = {"fingerprint": held.fingerprint, "by": actor.name, "user_id": actor.user_id, "at_ms": now}
        await self._memory.set(_key(account), said | {"version": __version__})
        return await held.desk.command(FreeEntries(command_id=request_id, by=actor.name, wall_ms=now, name=NAME))

    async def revoke(self, request_id: str) -> None:
        """Hold every live account until it is confirmed again; raises JournalUnavailable."""
        if self._terms is None:
            return
        command = lock(self._clock.wall_ms(), request_id)
        await asyncio.gather(*(held.desk.command(command) for held in self._accounts.values()))
        for name in self._accounts:
            await self._memory.set(_key(name), None)


def _key(account: str) -> str:
    return f"live.confirmed.{account}"
