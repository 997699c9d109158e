"""The journal as the engine needs it, and its twin in memory for simulations."""

import asyncio
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from engine.core.alerts import (
    Alert,
    ChangeAlert,
    CooldownAlert,
    DifferenceAlert,
    EmergencyAlert,
    EmergencyDecidedAlert,
    EntryAlert,
    ExitAlert,
    HoldAlert,
    LimitAlert,
    LiquidationAlert,
    OrderAlert,
    ProtectionAlert,
    SlippageAlert,
    StopMovedAlert,
    SystemAlert,
    TrailAlert,
)
from engine.core.facts import Fact

type AnyAlert = (
    EntryAlert
    | ExitAlert
    | StopMovedAlert
    | OrderAlert
    | ProtectionAlert
    | TrailAlert
    | SlippageAlert
    | LimitAlert
    | EmergencyAlert
    | EmergencyDecidedAlert
    | HoldAlert
    | CooldownAlert
    | ChangeAlert
    | DifferenceAlert
    | SystemAlert
    | LiquidationAlert
)
type Group = tuple[Sequence[Fact], Sequence[Alert]]
type OnState = Callable[[bool, str], None]


class JournalUnavailable(Exception):  # noqa: N818 - names a state of the world, as the desk speaks of it
    """The store takes or gives nothing now; the message says why. Facts handed in are kept, in order, for later."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """What a start needs: the newest checkpoint (None if there is none), its sequence number, the facts after it."""

    checkpoint: bytes | None
    checkpoint_seq: int
    facts: list[Fact]


class Journal(Protocol):
    """Append-only facts in order. Sequence numbers count facts from 1."""

    def submit(self, facts: Sequence[Fact], alerts: Sequence[Alert]) -> asyncio.Future[int]:
        """Queue a group at once; the future gives its last sequence number once durable, or JournalUnavailable."""

    async def load(self) -> Loaded:
        """Return the newest checkpoint and every fact after it."""

    async def checkpoint(self, state: bytes, seq: int) -> None:
        """Keep the state as of `seq`; raises JournalUnavailable."""

    async def bulk(self, groups: Iterable[Group]) -> None:
        """Append history quickly, in order; its alerts are not sent. Raises JournalUnavailable."""


@dataclass(slots=True)
class MemoryJournal:
    """The journal of simulations: deterministic, on any event loop, with faults at the flip of a switch.

    `fail_next` groups fail as with a locked database (they are kept and written before the next one that succeeds).
    `hold()` delays every answer until `release()`. `survivor()` is what a process started after a kill finds.
    """

    facts: list[Fact] = field(default_factory=list)
    alerts: list[Alert] = field(default_factory=list)
    fail_next: int = 0
    on_state: OnState | None = None
    _states: list[tuple[bytes, int]] = field(default_factory=list)
    _backlog: list[Group] = field(default_factory=list)
    _queue: deque[tuple[Group, asyncio.Future[int]]] = field(default_factory=deque)
    _held: bool = False
    _writable: bool = True

    def submit(self, facts: Sequence[Fact], alerts: Sequence[Alert]) -> asyncio.Future[int]:
        """Queue a group; it is written in the next turn of the loop unless held."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[int] = loop.create_future()
        self._queue.append(((tuple(facts), tuple(alerts)), future))
        if not self._held:
            loop.call_soon(self._write_one)
        return future

    def hold(self) -> None:
        """Let nothing become durable until `release()`."""
        self._held = True

    def release(self) -> None:
        """Write what was held back, in order."""
        self._held = False
        loop = asyncio.get_running_loop()
        for _ in range(len(self._queue)):
            loop.call_soon(self._write_one)

    def survivor(self) -> "MemoryJournal":
        """Return the journal of the next process: durable and set-aside facts, nothing that was only queued."""
        kept = [fact for group, _ in self._backlog for fact in group]
        told = [alert for _, alerts in self._backlog for alert in alerts]
        return MemoryJournal(facts=[*self.facts, *kept], alerts=[*self.alerts, *told], _states=list(self._states))

    async def load(self) -> Loaded:
        """Return the newest checkpoint and every fact after it."""
        state, seq = self._states[-1] if self._states else (None, 0)
        return Loaded(state, seq, [*self.facts[seq:], *(fact for group, _ in self._backlog for fact in group)])

    async def checkpoint(self, state: bytes, seq: int) -> None:
        """Keep the state as of `seq`; raises JournalUnavailable while facts are waiting for the store."""
        if not self._writable:
            raise JournalUnavailable("the store takes no writes")
        self._states.append((state, seq))

    async def bulk(self, groups: Iterable[Group]) -> None:
        """Append the facts of all groups; their alerts are dropped."""
        for facts, _ in groups:
            self.facts.extend(facts)

    def _write_one(self) -> None:
        # Every submit and release schedules one call per entry; a hold in between leaves the entries for its release.
        if self._held or not self._queue:
            return
        group, future = self._queue.popleft()
        if self.fail_next > 0:
            self.fail_next -= 1
            self._backlog.append(group)
            self._turn(writable=False, why="database is locked")
            if not future.done():
                future.set_exception(JournalUnavailable("database is locked"))
            return
        for facts, alerts in (*self._backlog, group):
            self.facts.extend(facts)
            self.alerts.extend(alerts)
        self._backlog.clear()
        self._turn(writable=True, why="")
        if not future.done():
            future.set_result(len(self.facts))

    def _turn(self, *, writable: bool, why: str) -> None:
        if writable != self._writable:
            self._writable = writable
            if self.on_state is not None:
                self.on_state(writable, why)
