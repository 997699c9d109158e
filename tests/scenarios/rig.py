"""A live desk on a paper exchange with faults, in virtual time: the market moves by itself, the test sends signals."""

import asyncio
import math
import os
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from engine.core.alerts import Alert
from engine.core.commands import Answer, ClosePosition
from engine.core.events import BarClosed, Executed, InstrumentChanged, PriceMoved
from engine.core.facts import Fact, OrderIntended, SignalRecorded
from engine.core.orders import Ticket
from engine.core.profile import Account
from engine.core.state import State
from engine.core.strategy import Enter
from engine.core.trader import Trader
from engine.exchanges.base import Outcome
from engine.exchanges.paper import PaperExchange
from engine.exchanges.paper_faults import Faults
from engine.exchanges.simulated import SimulatedExchange, Terms
from engine.journal import MemoryJournal
from engine.live import Desk
from engine.recovery import restore
from tests.support.desk import BTC, ETH, PRICE, WALLET, Scripted, Values, account, durable, instrument
from tests.support.virtual import VirtualClock, until

# More of them for a soak: SEEDS=500.
SEEDS = range(int(os.environ.get("SEEDS", "20")))
INSTRUMENTS = {symbol: instrument(symbol) for symbol in (BTC, ETH)}
QUOTE_S = 0.25
LONG = Enter(True, "go")


class Counting(PaperExchange):
    """Remembers every request to place an order that left the desk."""

    def __init__(self, truth: SimulatedExchange, faults: Faults) -> None:
        super().__init__(truth, faults=faults)
        self.requests: list[Ticket] = []

    async def place(self, ticket: Ticket, until_s: float = math.inf) -> Outcome:
        """Note the request and pass it on."""
        self.requests.append(ticket)
        return await super().place(ticket, until_s)


@dataclass(slots=True)
class World:
    """What outlives a crash: the exchange's truth and its faults, prices, and the journal's survivors."""

    faults: Faults = field(default_factory=Faults)
    prices: dict[str, int] = field(default_factory=lambda: {BTC: PRICE, ETH: PRICE})
    journal: MemoryJournal = field(default_factory=MemoryJournal)
    truth: SimulatedExchange = field(
        default_factory=lambda: SimulatedExchange(INSTRUMENTS.values(), wallet=WALLET, terms=Terms())
    )
    requests: list[Ticket] = field(default_factory=list)


class Rig:
    """One process of the desk. `crash` ends it as SIGKILL does; a new Rig on the same world is the next process."""

    exchange: type[Counting] = Counting

    def __init__(self, world: World, state: State) -> None:
        self.world, self.faults, self.journal = world, world.faults, world.journal
        self.script = Scripted()
        self.clock = VirtualClock()
        self.paper = self.exchange(world.truth, world.faults)
        self.paper.requests = world.requests
        self.trader = Trader(self.terms(), {"alpha": self.script}, state)
        self.desk = Desk(self.trader, self.paper, self.journal, self.clock)
        self.journal.on_state = self.desk.on_store
        self._tasks: list[asyncio.Task[None]] = []

    @classmethod
    def terms(cls) -> Account:
        """Return what trades."""
        return account()

    @classmethod
    async def start(cls, world: World | None = None) -> "Rig":
        """Start a process on what is durable, and wait until it has compared itself with the exchange."""
        rig = await cls.boot(world or World())
        await until(lambda: rig.trader.workspace.compared and bool(rig.trader.workspace.marks))
        return rig

    @classmethod
    async def boot(cls, world: World) -> "Rig":
        """Start a process without waiting for its first comparison."""
        rig = cls(world, await restore(world.journal))
        for one in INSTRUMENTS.values():
            rig.desk.put(InstrumentChanged(one, rig.clock.wall_ms()))
        rig._tasks.append(asyncio.create_task(rig.desk.consume()))
        rig._tasks.append(asyncio.create_task(rig._market()))
        await rig.desk.start()
        rig._tasks += [asyncio.create_task(work) for work in (rig.desk.tick(), rig.desk.reconcile())]
        return rig

    async def _market(self) -> None:
        while True:
            for symbol, price in self.world.prices.items():
                at_ms = self.clock.wall_ms()
                self.paper.on_quote(symbol, at_ms, price, bid=price, ask=price)
                self.desk.put(PriceMoved(symbol, price, price, at_ms, price, price))
            await self.clock.sleep(QUOTE_S)

    async def stop(self) -> None:
        """Stop cleanly."""
        await self._end()
        await self.desk.close()

    async def crash(self) -> World:
        """End this process at once; what was only queued for the journal is lost."""
        self.paper.abandon()
        await self._end(asyncio.all_tasks() - {asyncio.current_task()})
        self.journal.on_state = None
        self.world.journal = self.journal.survivor()
        return self.world

    async def _end(self, more: Iterable[asyncio.Task[Any] | None] = ()) -> None:
        tasks = [task for task in (*self._tasks, *more) if task is not None]
        for task in tasks:
            task.cancel()
        for result in await asyncio.gather(*tasks, return_exceptions=True):
            if isinstance(result, Exception):
                # A task that died on its own is a finding, whatever the test looks at.
                raise result

    # Acting

    def signal(self, decision: Enter = LONG, symbol: str = BTC) -> None:
        """Close a bar now on which the strategy decides as given."""
        self.script.following = decision
        at_ms = self.clock.wall_ms()
        self.desk.put(BarClosed(symbol, 60_000, at_ms, self.world.prices[symbol], Values(at_ms)))

    async def close(self, symbol: str = BTC, name: str = "c1") -> Answer:
        """Ask for a close by hand."""
        return await self.desk.command(
            ClosePosition(command_id=name, by="ann", wall_ms=self.clock.wall_ms(), symbol=symbol)
        )

    async def enter(self, decision: Enter = LONG, symbol: str = BTC) -> None:
        """Open a position and wait until its stop is confirmed."""
        self.signal(decision, symbol)
        await until(lambda: symbol in self.positions and self.positions[symbol].held_stop != 0)
        await self.quiet()

    async def quiet(self, timeout_s: float = 120.0) -> None:
        """Wait until no order is open anywhere and every position is as the exchange has it."""
        await until(lambda: not list(self.state.book.open()) and self.agrees(), timeout_s)
        await self.desk.courier.idle.wait()
        # What was decided last is in the journal one turn of the loop later.
        await self.clock.sleep(0.1)

    # Looking

    @property
    def state(self) -> State:
        """The desk's durable state."""
        return self.trader.workspace.state

    @property
    def positions(self) -> dict[str, Any]:
        """Open positions in the desk's books."""
        return self.state.portfolio.positions

    @property
    def facts(self) -> list[Fact]:
        """Durable facts."""
        return self.journal.facts

    def recorded[F](self, kind: type[F]) -> list[F]:
        """Return the durable facts of a kind."""
        return [fact for fact in self.journal.facts if isinstance(fact, kind)]

    def told[A: Alert](self, kind: type[A]) -> list[A]:
        """Return the alerts of a kind that are durable."""
        return [alert for alert in self.journal.alerts if isinstance(alert, kind)]

    def intended(self) -> list[Ticket]:
        """Return every decided order, in order."""
        return [fact.ticket for fact in self.recorded(OrderIntended)]

    def outcomes(self) -> list[tuple[str, str]]:
        """Return what became of the signals: outcome and check."""
        return [(fact.outcome, fact.check) for fact in self.recorded(SignalRecorded)]

    def agrees(self) -> bool:
        """Whether quantities and stops in the books are those on the exchange."""
        theirs = {symbol: (row.qty, row.stop) for symbol, row in self.world.truth.positions().items()}
        return theirs == {symbol: (one.qty, one.held_stop) for symbol, one in self.positions.items()}


def assert_sound(rig: Rig) -> None:
    """Fail unless the books are the exchange's, the journal restores them, and no decision was ordered twice."""
    truth, books = rig.world.truth, rig.state.portfolio
    assert {symbol: row.qty for symbol, row in truth.positions().items()} == {
        s: p.qty for s, p in books.positions.items()
    }
    assert books.wallet == truth.wallet
    restored = State()
    for fact in rig.facts:
        restored.apply(fact)
    assert durable(restored) == durable(rig.state)
    names = [fact.exec_id for fact in rig.recorded(Executed)]
    assert len(names) == len(set(names))
    links = [ticket.link_id for ticket in rig.intended()]
    assert len(links) == len(set(links))
    # Opening orders: at most one that the exchange ever had for each decision.
    assert len(venue_entries(rig)) <= len({fact.signal_id for fact in rig.recorded(SignalRecorded)})


def venue_entries(rig: Rig) -> list[str]:
    """Return the ids of the entries that the exchange ever had."""
    entries = (ticket for ticket in rig.intended() if not ticket.reduce_only)
    return [ticket.link_id for ticket in entries if rig.world.truth.order_report(ticket.link_id) is not None]


@asynccontextmanager
async def desk(world: World | None = None) -> AsyncIterator[Rig]:
    """A running desk that has compared itself; checked for soundness and stopped at the end."""
    rig = await Rig.start(world)
    yield rig
    await rig.stop()
