"""The asynchronous shell: one inbox, one consumer that never awaits I/O, effects carried out beside it.

Everything that happens (prices, fills, commands, time) becomes an item of the inbox; the consumer feeds the pure trader
and hands the
effects on: facts to the journal, requests to the courier, answers to whoever asked.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from decimal import Decimal

from engine.candles import Columns
from engine.clock import Clock
from engine.core.commands import Answer, Command
from engine.core.effects import Effect, Notify, QueryAccount, Record, Reply
from engine.core.events import AccountReported, Event, StoreChanged, TimePassed
from engine.core.facts import Fact
from engine.core.manual import EntryPreview, preview
from engine.core.orders import OrderStatus
from engine.core.picture import snapshot
from engine.core.snapshot import OrderResult, Snapshot
from engine.core.trader import Trader
from engine.courier import Courier, Durable, Terms
from engine.exchanges.base import Exchange
from engine.journal import Journal
from engine.outcomes import Outcomes
from engine.recovery import Checkpoints

# The longest the consumer works before others get a turn on the loop.
_SLICE_S = 0.005
TICK_S = 0.25
RECONCILE_S = 60.0
RECONCILE_UNSURE_S = 15.0
# Executions are asked for from a little before the newest known: the same one twice is harmless, one missed is not.
OVERLAP_MS = 60_000

type Candles = Callable[[str, int, int], Columns | None]
type Watcher = Callable[[Sequence[Fact]], None]


@dataclass(frozen=True, slots=True)
class _Asked:
    command: Command
    answer: asyncio.Future[Answer]


class Desk:
    """One account, live. Start with `start()`, run `consume()`, `tick()` and `reconcile()` as supervised tasks."""

    def __init__(self, trader: Trader, exchange: Exchange, journal: Journal, clock: Clock) -> None:
        self.trader = trader
        self.exchange = exchange
        self.clock = clock
        self.watchers: list[Watcher] = []
        self.find_candles: Candles = lambda _symbol, _timeframe, _count: None
        self.find_listed: Callable[[], Collection[str]] = tuple
        self._journal = journal
        self._inbox: deque[tuple[Event | _Asked, float]] = deque()
        self._filled = asyncio.Event()
        self._quiet = asyncio.Event()
        self._compared_ms: int | None = None
        self.steps = 0
        self._checkpoints = Checkpoints(journal, trader.workspace.state)
        self._outcomes = Outcomes(trader)
        ttl = trader.workspace.account.entry_ttl_ms / 1000
        self.courier = Courier(exchange, self.put, clock, self._since, Terms(entry_ttl_s=ttl))

    # Taking in

    def put(self, event: Event) -> None:
        """Take in an event; from this loop's thread only."""
        self._take_in(event)

    def _take_in(self, item: Event | _Asked) -> None:
        self._inbox.append((item, self.clock.monotonic()))
        self._quiet.clear()
        self._filled.set()

    async def command(self, command: Command) -> Answer:
        """Carry out or refuse a command. On return its risk-reducing orders are under way; its facts are queued for the
        journal.
        """
        return await self.ask(command)

    def ask(self, command: Command) -> asyncio.Future[Answer]:
        """Take a command in at once, before anything that comes later; its answer follows."""
        future: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._take_in(_Asked(command, future))
        return future

    def on_store(self, writable: bool, why: str) -> None:
        """Take in that the journal became writable or not (a store's state callback)."""
        self.put(StoreChanged(writable, why, self.trader.workspace.now_ms))

    def _since(self) -> int:
        # Not only from the newest execution: before it, one of another symbol may have been missed.
        newest = self.trader.workspace.state.last_execution_ms
        compared = newest if self._compared_ms is None else self._compared_ms
        return max(0, min(newest, compared) - OVERLAP_MS)

    # Running

    async def start(self) -> None:
        """Recover what was under way and let the exchange's events in. The trader's state is already restored."""
        await self.exchange.connect(self.put)
        # Without a pause in between: what the consumer does meanwhile must not reach the journal before this.
        self._hand_on(self.trader.recover())

    async def consume(self, beat: Callable[[], None] = lambda: None) -> None:
        """Feed the trader for ever."""
        while True:
            if not self._inbox:
                self._filled.clear()
                self._quiet.set()
                await self._filled.wait()
            beat()
            until = self.clock.monotonic() + _SLICE_S
            while self._inbox and self.clock.monotonic() < until:
                self._take(*self._inbox.popleft())
            await asyncio.sleep(0)

    async def tick(self, beat: Callable[[], None] = lambda: None) -> None:
        """Tell the trader the time, for ever."""
        while True:
            beat()
            self.put(TimePassed(self.trader.workspace.now_ms, self.clock.wall_ms()))
            await self.clock.sleep(TICK_S)

    async def reconcile(self, beat: Callable[[], None] = lambda: None) -> None:
        """Ask for the whole account every 60 s, every 15 s while an outcome is unknown or the wallet unexplained."""
        waited = 0.0
        while True:
            beat()
            await self.clock.sleep(RECONCILE_UNSURE_S)
            waited += RECONCILE_UNSURE_S
            state = self.trader.workspace.state
            unknown = any(order.status is OrderStatus.UNKNOWN for order in state.book.open())
            unsure = unknown or bool(state.unexplained)
            if unsure or waited >= RECONCILE_S:
                waited = 0.0
                self.courier.carry(QueryAccount("schedule"), None)

    async def settle(self) -> None:
        """Wait until the inbox is empty and nothing is under way: lockstep feeds wait for the desk here."""
        while True:
            await self._quiet.wait()
            await self.courier.idle.wait()
            if self._quiet.is_set() and self.courier.idle.is_set():
                return

    async def close(self) -> None:
        """Stop cleanly: no new requests, the exchange's stops stay."""
        await self.courier.close()
        await self.exchange.close()

    # Reading

    @property
    def backlog(self) -> int:
        """How many items wait in the inbox."""
        return len(self._inbox)

    def snapshot(self) -> Snapshot:
        """Return the desk at this instant."""
        return snapshot(self.trader.workspace, version=self.steps)

    def preview(self, symbol: str, *, long: bool, amount: Decimal | None) -> EntryPreview | str:
        """Return what an entry by hand would be now, or why there is none."""
        return preview(self.trader.workspace, symbol, long=long, amount=amount)

    async def settled(self, link_ids: Sequence[str], timeout_s: float) -> tuple[OrderResult, ...]:
        """Wait until the orders are over, or the time is up; what became of each."""
        return await self._outcomes.of(link_ids, timeout_s)

    def candles(self, symbol: str, timeframe_ms: int, count: int) -> Columns | None:
        """Return the newest closed candles, None when the desk has none of that symbol and timeframe."""
        return self.find_candles(symbol, timeframe_ms, count)

    def listed(self) -> Collection[str]:
        """Return the symbols that could be traded here, whether or not a profile does."""
        return self.find_listed()

    # Inside

    def _take(self, item: Event | _Asked, since_s: float) -> None:
        self.steps += 1
        if isinstance(item, _Asked):
            self._hand_on(self.trader.step(item.command), item.answer, since_s)
            return
        if isinstance(item, AccountReported):
            self._compared_ms = item.asked_ms
        effects = self.trader.step(item)
        if effects:
            self._hand_on(effects, since_s=since_s)

    def _hand_on(
        self, effects: list[Effect], asked: asyncio.Future[Answer] | None = None, since_s: float | None = None
    ) -> None:
        facts = [effect.fact for effect in effects if isinstance(effect, Record)]
        alerts = [effect.alert for effect in effects if isinstance(effect, Notify)]
        durable: Durable = None
        if facts or alerts:
            durable = self._journal.submit(facts, alerts)
            durable.add_done_callback(_seen)
            self._checkpoints.note(facts, durable)
            self._outcomes.note(facts)
            for watcher in self.watchers:
                watcher(facts)
        for effect in effects:
            if isinstance(effect, Reply):
                if asked is not None and not asked.done():
                    asked.set_result(effect.answer)
            elif not isinstance(effect, Record | Notify):
                self.courier.carry(effect, durable, since_s)


def _seen(future: asyncio.Future[int]) -> None:
    # A failure reaches the desk through the store's state callback and, for entries, through the courier.
    if not future.cancelled():
        future.exception()
