"""The lockdown: a hold on every account, set in the chat, lifted on the host through the database both can reach.

The holds are the truth and stand in the journals, which the desk alone writes. For the host's commands the desk keeps a
row that names them; the host answers with a row that names what to lift, and the desk lifts exactly that.
"""

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Protocol

from bot.clock import Clock
from engine.core.commands import Answer, FreeEntries, LockEntries
from engine.core.facts import Hold
from handlers.ports import Actor, DeskPort

NAME = "lockdown"
STATE, LIFT = "lockdown.state", "lockdown.lift"
HOST = "host"


class Memory(Protocol):
    """Rows that the desk and the host's commands share."""

    async def get(self, key: str) -> Any: ...

    async def set(self, key: str, value: Any) -> None: ...


class Lockdown:
    """LockdownPort of all accounts of a process; `look` is called every few seconds.

    `revoke` is called before a lockdown is lifted: what was confirmed before it counts no more.
    """

    def __init__(
        self,
        desks: Sequence[DeskPort],
        memory: Memory,
        clock: Clock,
        *,
        mode: str,
        revoke: Callable[[str], Awaitable[None]],
    ) -> None:
        self._desks, self._memory, self._clock, self._mode, self._revoke = tuple(desks), memory, clock, mode, revoke
        self._begun: dict[str, str] = {}
        self.times = 0
        self.changed = asyncio.Event()

    def reason(self) -> str:
        """Who locked the desk down, as a sentence; empty when nobody did."""
        found = next((hold.reason for holds in self._holds() for hold in holds), "")
        return found or next(iter(self._begun.values()), "")

    async def begin(self, actor: Actor, request_id: str) -> Sequence[Answer]:
        """Hold every account at once; one that is held already keeps its hold."""
        self.times += 1
        known = [hold for holds in self._holds() for hold in holds]
        name = known[0].hold_id if known else f"{NAME}:{secrets.token_hex(4)}"
        reason = known[0].reason if known else f"locked down by {actor.name}"
        self._begun[name] = reason
        answers = await self._hold_all(name, reason, by=known[0].by if known else actor.name, request_id=request_id)
        self.changed.set()
        return answers

    async def look(self) -> list[str]:
        """Lift what the host wants lifted, hold accounts that are not yet, tell the host what is held.

        Returns the names of what was lifted. Raises JournalUnavailable, and then nothing was lifted.
        """
        lifted = await self._lift(await self._memory.get(f"{LIFT}.{self._mode}"))
        held = self._holds()
        standing = {hold.hold_id: hold for holds in held for hold in holds}
        if standing and not all(held):
            first = next(iter(standing.values()))
            await self._hold_all(first.hold_id, first.reason, by=first.by, request_id=f"{NAME}.{self._now()}")
        await self._tell(standing)
        return lifted

    async def _hold_all(self, name: str, reason: str, *, by: str, request_id: str) -> Sequence[Answer]:
        command = LockEntries(
            command_id=f"{request_id}.l", by=by, wall_ms=self._now(), name=name, reason=reason, lift=HOST, recall=True
        )
        return await asyncio.gather(*(desk.command(command) for desk in self._desks))

    async def _lift(self, wanted: Any) -> list[str]:
        names = set(wanted["holds"]) if isinstance(wanted, dict) else set()
        if not names:
            return []
        standing = {hold.hold_id for holds in self._holds() for hold in holds} & names
        if not standing:
            return []
        request_id = f"{NAME}.{self._now()}"
        await self._revoke(request_id)
        for name in sorted(standing):
            command = FreeEntries(command_id=f"{request_id}.{name}", by=HOST, wall_ms=self._now(), name=name)
            await asyncio.gather(*(desk.command(command) for desk in self._desks))
            self._begun.pop(name, None)
        return sorted(standing)

    async def _tell(self, standing: dict[str, Hold]) -> None:
        key, names = f"{STATE}.{self._mode}", sorted(standing)
        told = await self._memory.get(key)
        if (told["holds"] if isinstance(told, dict) else []) == names:
            return
        reason = next(iter(standing.values())).reason if standing else ""
        await self._memory.set(key, {"holds": names, "reason": reason, "at_ms": self._now()})

    def _holds(self) -> list[list[Hold]]:
        return [[hold for hold in desk.snapshot().holds if hold.hold_id.startswith(f"{NAME}:")] for desk in self._desks]

    def _now(self) -> int:
        return self._clock.wall_ms()
