"""The paper exchange with an unreliable line: messages lost, doubled or out of order, refusals, gates to stop at."""

import asyncio
import math
from collections.abc import Callable
from dataclasses import dataclass, field

from engine.core.events import AccountReported, Event, Executed, ProtectionReported
from engine.core.money import Ticks
from engine.core.orders import Ticket
from engine.exchanges.base import Outcome, QueryFailedError, Rejected, Sink
from engine.exchanges.paper import PaperExchange
from engine.exchanges.paper_faults import Faults
from engine.exchanges.simulated import SimulatedExchange


@dataclass(slots=True)
class Line:
    """Switches of the line, and gates: a gate lets nobody through and remembers that somebody came."""

    miss: int = 0
    double: int = 0
    reorder: int = 0
    limited: int = 0
    banned: bool = False
    delay_s: float = 0.0
    slice: int | None = None
    gates: set[str] = field(default_factory=set)
    reached: set[str] = field(default_factory=set)

    async def gate(self, name: str) -> None:
        """Stop here for ever when the gate is closed."""
        if name in self.gates:
            self.reached.add(name)
            await asyncio.Event().wait()

    def open_gates(self) -> None:
        """Let the next process through."""
        self.gates.clear()
        self.reached.clear()


class LossyExchange(PaperExchange):
    """What the desk talks to; `requests` are the orders that left it, over all processes."""

    def __init__(
        self, truth: SimulatedExchange, faults: Faults, line: Line, requests: list[Ticket], *, at_once: bool
    ) -> None:
        super().__init__(truth, faults=faults, at_once=at_once)
        self.line, self.requests = line, requests
        self._held: list[Event] = []

    async def connect(self, sink: Sink) -> None:
        """Deliver events over the bad line."""
        await super().connect(lambda event: self._deliver(sink, event))

    def _deliver(self, sink: Sink, event: Event) -> None:
        line = self.line
        told = isinstance(event, Executed | ProtectionReported)
        if told and line.miss:
            line.miss -= 1
            return
        if told and line.reorder and not self._held:
            line.reorder -= 1
            self._held.append(event)
            return
        sink(event)
        if told and line.double:
            line.double -= 1
            sink(event)
        while self._held:
            sink(self._held.pop())

    async def place(self, ticket: Ticket, until_s: float = math.inf) -> Outcome:
        """Place over the bad line."""
        self.requests.append(ticket)
        await self.line.gate("on the way")
        if self.line.delay_s:
            await asyncio.sleep(self.line.delay_s)
        refused = self._refused()
        outcome = refused or await super().place(ticket, until_s)
        await self.line.gate("on the way back")
        return outcome

    def _refused(self) -> Rejected | None:
        if self.line.banned:
            return Rejected("silenced", "the exchange asked for silence")
        if self.line.limited:
            self.line.limited -= 1
            return Rejected("10006", "Too many visits")
        return None

    async def protect(self, symbol: str, stop: Ticks, target: Ticks, trail: Ticks = 0) -> Outcome:
        """Set stop, target and trailing distance over the bad line."""
        await self.line.gate("protecting")
        return self._refused() or await super().protect(symbol, stop, target, trail)

    async def account(self, since_ms: int) -> AccountReported:
        """Report, unless the line is silenced."""
        await self.line.gate("comparing")
        if self.line.banned:
            raise QueryFailedError("the exchange asked for silence")
        return await super().account(since_ms)


type Undo = Callable[[], None]
