"""Hand-written parts for tests of the shell: an exchange that answers when told to, tickets, and generated candles."""

import asyncio
import math
from collections import deque
from dataclasses import dataclass, field
from typing import Any

from engine.core.events import AccountReported, Event, OrderNotFound, OrderReport, TransfersReported
from engine.core.orders import Purpose, Ticket
from engine.courier import Courier, Terms
from engine.exchanges.base import Accepted, Outcome, QueryFailedError, Sink
from tests.support.desk import BTC, T0, WALLET
from tests.support.virtual import VirtualClock


def ticket(name: str = "a", purpose: Purpose = Purpose.ENTRY, **changes: Any) -> Ticket:
    """Return an order of ten steps."""
    fields: dict[str, Any] = {
        "link_id": name,
        "position_id": name,
        "profile": "alpha",
        "symbol": BTC,
        "buy": purpose is Purpose.ENTRY,
        "qty": 10,
        "purpose": purpose,
        "expected": 10_000,
        "reason": "go",
        "decided_ms": T0,
    }
    return Ticket(**(fields | changes))


def report(asked_ms: int = T0) -> AccountReported:
    """Return an empty account."""
    return AccountReported((), (), (), WALLET, asked_ms, asked_ms)


@dataclass(slots=True)
class ScriptedExchange:
    """Answers as scripted; `gate` holds placements and questions up while it is clear; `silent` about single orders."""

    outcome: Outcome = field(default_factory=Accepted)
    failures: int = 0
    silent: bool = False
    untils: list[float] = field(default_factory=list)
    calls: list[tuple[str, str]] = field(default_factory=list)
    times: list[float] = field(default_factory=list)
    since: list[int] = field(default_factory=list)
    gate: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self.gate.set()

    async def connect(self, sink: Sink) -> None:
        """Nothing happens by itself."""

    async def close(self) -> None:
        """Nothing to let go of."""

    async def place(self, ticket: Ticket, until_s: float = math.inf) -> Outcome:
        """Note the request and until when, wait at the gate, answer."""
        self.untils.append(until_s)
        self.calls.append(("place", ticket.link_id))
        await self.gate.wait()
        return self.outcome

    async def cancel(self, link_id: str, symbol: str) -> Outcome:
        """Note the request."""
        self.calls.append(("cancel", link_id))
        return Accepted()

    async def protect(self, symbol: str, stop: int, target: int, trail: int = 0) -> Outcome:
        """Note the request."""
        self.calls.append(("protect", symbol))
        return self.outcome

    async def account(self, since_ms: int) -> AccountReported:
        """Fail as often as scripted, then answer."""
        self.calls.append(("account", ""))
        self.times.append(asyncio.get_running_loop().time())
        self.since.append(since_ms)
        await self.gate.wait()
        self._fail()
        return report()

    async def transfers(self, since_ms: int) -> TransfersReported:
        """Know of none."""
        self.calls.append(("transfers", ""))
        return TransfersReported((), since_ms)

    async def order(self, link_id: str, symbol: str, sent_ms: int) -> OrderReport | OrderNotFound:
        """Fail as often as scripted, then know nothing."""
        self.calls.append(("order", link_id))
        self._fail()
        if self.silent:
            raise QueryFailedError("no answer")
        return OrderNotFound(link_id, True, sent_ms)

    def _fail(self) -> None:
        if self.failures:
            self.failures -= 1
            raise QueryFailedError("no answer")


class Office:
    """A courier, its exchange, and what it reported."""

    def __init__(self) -> None:
        self.exchange = ScriptedExchange()
        self.heard: deque[Event] = deque()
        self.courier = Courier(self.exchange, self.heard.append, VirtualClock(), lambda: 7, Terms())

    def promise(self) -> asyncio.Future[int]:
        """Return a journal's promise."""
        return asyncio.get_running_loop().create_future()

    def kinds(self) -> list[str]:
        """Return the names of the events reported so far."""
        return [type(event).__name__ for event in self.heard]
