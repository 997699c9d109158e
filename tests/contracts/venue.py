"""What the contract suite needs of a market behind an exchange, and the two venues run today: simulated and paper."""

import json
import math
from pathlib import Path
from typing import Protocol

from engine.core.events import AccountReported, Event, OrderNotFound, OrderReport
from engine.core.market import HOUR_MS, MINUTE_MS, Instrument
from engine.core.money import Money, Ticks, to_money
from engine.core.orders import Ticket
from engine.exchanges.base import Accepted, Exchange, Outcome, Rejected, Sink
from engine.exchanges.paper import PaperExchange, open_paper
from engine.exchanges.simulated import SimulatedExchange, Terms, request_of
from tests.unit.exchanges.bench import INSTRUMENT, SYMBOL

WALLET: Money = to_money(10_000)
TERMS = Terms(taker_e8=50_000, maker_e8=20_000, slippage_ppm=0)
START_MS = 8 * HOUR_MS - 30 * MINUTE_MS


class Venue(Protocol):
    """A market of one symbol, `SYMBOL`, with a tick and a step of 1, a wallet of 10,000 and a taker fee of 0.05 %.

    `events` is what the connected sink has heard. Prices reach the exchange before the calls return, and so do the
    events they cause.
    """

    events: list[Event]

    @property
    def exchange(self) -> Exchange:
        """The exchange under test."""

    async def connect(self) -> None:
        """Connect the exchange to `events`."""

    async def bar(self, open_: int, high: int, low: int, close: int) -> None:
        """Let a minute's bar pass."""

    async def quote(self, last: int, *, bid: int = 0, ask: int = 0, size: int | None = None) -> None:
        """Let one quote pass, 100 ms after the last."""

    async def settle(self, rate_e8: int) -> None:
        """Let a funding settlement pass at a rate, with a flat bar at the last price."""

    async def owner_trades(self, buy: bool, qty: int) -> None:
        """Let the owner trade by hand."""

    async def restart(self) -> None:
        """Kill the exchange (where it keeps a store) or the connection to it, and come back connected."""

    async def close(self) -> None:
        """Release everything."""


class _Clocked:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.events: list[Event] = []
        self.now_ms = START_MS
        self.price: Ticks = 100

    @property
    def exchange(self) -> Exchange:
        raise NotImplementedError

    async def connect(self) -> None:
        await self.exchange.connect(self.events.append)

    async def close(self) -> None:
        await self.exchange.close()

    def next_bar(self, close: int) -> tuple[int, int]:
        opened, self.now_ms, self.price = self.now_ms, self.now_ms + MINUTE_MS, close
        return opened, self.now_ms

    def next_quote(self, last: int) -> int:
        self.now_ms += 100
        self.price = last
        return self.now_ms

    def next_settlement(self) -> int:
        self.now_ms = (self.now_ms // (8 * HOUR_MS) + 1) * 8 * HOUR_MS
        return self.now_ms


class Thin:
    """The Exchange port over a simulated exchange, as thin as can be."""

    def __init__(self, truth: SimulatedExchange) -> None:
        self.truth = truth
        self.sink: Sink | None = None

    async def connect(self, sink: Sink) -> None:
        self.sink = sink

    async def close(self) -> None:
        self.sink = None

    def deliver(self) -> None:
        for event in self.truth.drain(self.truth.now_ms):
            if self.sink is not None:
                self.sink(event)

    async def place(self, ticket: Ticket, until_s: float = math.inf) -> Outcome:
        return self._told(self.truth.place(request_of(ticket), self.truth.now_ms), "110072", ticket.link_id)

    async def cancel(self, link_id: str, symbol: str) -> Outcome:
        return self._told(self.truth.cancel(link_id, self.truth.now_ms), "110001", link_id)

    async def protect(self, symbol: str, stop: Ticks, target: Ticks, trail: Ticks = 0) -> Outcome:
        outcome = self.truth.protect(symbol, stop, target, self.truth.now_ms, trail=trail)
        self.deliver()
        return Accepted() if outcome == Rejected("34040", "not modified") else outcome

    async def account(self, since_ms: int) -> AccountReported:
        return self.truth.account_report(since_ms, self.truth.now_ms)

    async def order(self, link_id: str, symbol: str, sent_ms: int) -> OrderReport | OrderNotFound:
        return self.truth.order_report(link_id) or OrderNotFound(link_id, True, self.truth.now_ms)

    def _told(self, outcome: Accepted | Rejected, benign: str, link_id: str) -> Outcome:
        self.deliver()
        known = self.truth.order_report(link_id)
        if isinstance(outcome, Rejected) and outcome.code == benign and known is not None:
            return Accepted(known.order_id)
        return outcome


class SimulatedVenue(_Clocked):
    """The simulated exchange; a restart rebuilds it from its own state as text."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.thin = Thin(SimulatedExchange([INSTRUMENT], wallet=WALLET, terms=TERMS))

    @property
    def exchange(self) -> Exchange:
        return self.thin

    async def bar(self, open_: int, high: int, low: int, close: int) -> None:
        opened, closed = self.next_bar(close)
        self.thin.truth.on_bar(SYMBOL, opened, closed, open_, high, low, close)
        self.thin.deliver()

    async def quote(self, last: int, *, bid: int = 0, ask: int = 0, size: int | None = None) -> None:
        self.thin.truth.on_quote(SYMBOL, self.next_quote(last), last, bid=bid, ask=ask, size=size)
        self.thin.deliver()

    async def settle(self, rate_e8: int) -> None:
        price = self.price
        self.thin.truth.set_funding(SYMBOL, self.next_settlement(), rate_e8)
        await self.bar(price, price, price, price)

    async def owner_trades(self, buy: bool, qty: int) -> None:
        self.thin.truth.manual_trade(SYMBOL, buy, qty, self.now_ms)
        self.thin.deliver()

    async def restart(self) -> None:
        kept = json.dumps(self.thin.truth.state())
        self.thin = Thin(SimulatedExchange([INSTRUMENT], wallet=0, terms=TERMS))
        self.thin.truth.restore(json.loads(kept))
        await self.connect()


def paper_account(folder: Path, instrument: Instrument = INSTRUMENT) -> PaperExchange:
    """Open the paper account of a folder."""
    return open_paper(folder, [instrument], wallet=WALLET, terms=TERMS)


class PaperVenue(_Clocked):
    """The paper exchange; a restart drops it without closing, as a kill does, and opens its folder again."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.paper = paper_account(folder)
        self.dropped: list[PaperExchange] = []

    @property
    def exchange(self) -> Exchange:
        return self.paper

    async def bar(self, open_: int, high: int, low: int, close: int) -> None:
        opened, closed = self.next_bar(close)
        self.paper.on_bar(SYMBOL, opened, closed, open_, high, low, close)

    async def quote(self, last: int, *, bid: int = 0, ask: int = 0, size: int | None = None) -> None:
        self.paper.on_quote(SYMBOL, self.next_quote(last), last, bid=bid, ask=ask, size=size)

    async def settle(self, rate_e8: int) -> None:
        price = self.price
        self.paper.set_funding(SYMBOL, self.next_settlement(), rate_e8)
        await self.bar(price, price, price, price)

    async def owner_trades(self, buy: bool, qty: int) -> None:
        self.paper.manual_trade(SYMBOL, buy, qty)

    async def restart(self) -> None:
        self.dropped.append(self.paper)
        self.paper = paper_account(self.folder)
        await self.connect()

    async def close(self) -> None:
        # A dropped account's own last words would be written into files that are no longer its own.
        for dropped in self.dropped:
            dropped.abandon()
        await self.paper.close()
