"""The paper account: the Exchange port over the simulated exchange, fed by the prices the desk sees, with its own
store.

The feed tells every price through `on_bar` (or `open_bar`, `fill_pending`, `close_bar`) or `on_quote`; fills follow
from it. A change is stored before its news are delivered; news that find no listener are lost, as on a real stream,
and are learned by asking.
"""

import asyncio
import math
from collections.abc import Iterable
from pathlib import Path

from engine.core.events import (
    AccountReported,
    OrderNotFound,
    OrderReport,
    PriceMoved,
    TransfersReported,
    VenueChanged,
    VenueState,
)
from engine.core.market import DAY_MS, MINUTE_MS, Instrument, Status
from engine.core.money import Money, Steps, Ticks
from engine.core.orders import Ticket, recounted
from engine.exchanges.base import Accepted, Outcome, QueryFailedError, Rejected, Sink, Unknown
from engine.exchanges.paper_faults import Faults
from engine.exchanges.paper_store import PaperStore
from engine.exchanges.sim.refusals import DUPLICATE, UNCHANGED, UNKNOWN_ORDER
from engine.exchanges.simulated import SimulatedExchange, Terms, request_of

KEEP_MS = 7 * DAY_MS
COMPACT_LINES = 20_000
_NO_ANSWER = Unknown("no answer from the exchange")


class PaperExchange:
    """One paper account. `faults` is a switchboard for tests and demonstrations; untouched it does nothing.

    With `at_once` a market order meets the book that is there as soon as it is taken, as on an exchange, instead of
    waiting for the symbol's next quote. Without a book (bars) it waits for the next price in either case.
    """

    def __init__(
        self,
        exchange: SimulatedExchange,
        *,
        store: PaperStore | None = None,
        faults: Faults | None = None,
        at_once: bool = False,
    ) -> None:
        self._at_once = at_once
        self.truth = exchange
        self.faults = Faults() if faults is None else faults
        self._store = store
        self._sink: Sink | None = None
        self._in_flight: set[str] = set()
        self._rates: dict[str, tuple[int, int]] = {}
        self._past: dict[tuple[str, Money], Instrument] = {}
        self._clock_ms = exchange.now_ms

    # The Exchange port

    async def connect(self, sink: Sink) -> None:
        """Start delivering events; what happened before is not told again."""
        self.truth.drain(self.truth.now_ms)
        self._sink = sink

    async def close(self) -> None:
        """Stop delivering events and close the store; the account stays as it is."""
        self._commit(prices=True)
        self.abandon()

    def abandon(self) -> None:
        """Let go of the store without a last word, as a killed process does."""
        self._sink = None
        if self._store is not None:
            self._store.close()
            self._store = None

    async def place(self, ticket: Ticket, until_s: float = math.inf) -> Outcome:  # nothing waits here
        """Place an order. An id already taken is answered with the order it belongs to."""
        self._in_flight.add(ticket.link_id)
        try:
            await self.faults.on_the_way()
        finally:
            self._in_flight.discard(ticket.link_id)
        if self.faults.silent("lose_requests"):
            return _NO_ANSWER
        outcome = self._placed(ticket)
        self._commit()
        if self._at_once:
            # After the answer, as ever.
            asyncio.get_running_loop().call_soon(self._match, ticket.symbol)
        await self.faults.on_the_way_back()
        if self.faults.silent("lose_replies"):
            return _NO_ANSWER
        return outcome

    def _match(self, symbol: str) -> None:
        self.truth.match_now(symbol)
        self._commit()

    def _placed(self, ticket: Ticket) -> Outcome:
        if self.faults.strikes("refuse_orders"):
            return Rejected("110007", "ab not enough for new order")
        outcome = self.truth.place(self.faults.altered(request_of(self._counted(ticket))), self.truth.now_ms)
        known = self.truth.order_report(ticket.link_id)
        if isinstance(outcome, Rejected) and outcome.code == DUPLICATE and known is not None:
            return Accepted(known.order_id)
        return outcome

    def _counted(self, ticket: Ticket) -> Ticket:
        # Decided before the grid changed, arrived after.
        now, before = self.truth.instrument(ticket.symbol), self._past.get((ticket.symbol, ticket.unit))
        return ticket if now is None or before is None or now.unit == ticket.unit else recounted(ticket, before, now)

    async def cancel(self, link_id: str, symbol: str) -> Outcome:
        """Cancel an order; one that is already over is `Accepted`, one that never arrived is refused."""
        if self.faults.down:
            return _NO_ANSWER
        outcome = self.truth.cancel(link_id, self.truth.now_ms)
        known = self.truth.order_report(link_id)
        self._commit()
        if isinstance(outcome, Rejected) and outcome.code == UNKNOWN_ORDER and known is not None:
            return Accepted(known.order_id)
        return outcome

    async def protect(self, symbol: str, stop: Ticks, target: Ticks, trail: Ticks = 0) -> Outcome:
        """Set stop, target and trailing distance of the whole position (0 = none); the same values again are
        `Accepted`.
        """
        if self.faults.down:
            return _NO_ANSWER
        if self.faults.strikes("refuse_protection"):
            return Rejected("10001", "StopLoss refused")
        outcome = self.truth.protect(symbol, stop, target, self.truth.now_ms, trail=trail)
        self._commit()
        return Accepted() if isinstance(outcome, Rejected) and outcome.code == UNCHANGED else outcome

    async def account(self, since_ms: int) -> AccountReported:
        """Return the whole view, with executions since a time; raises QueryFailedError."""
        self._answer()
        return self.truth.account_report(since_ms, self.truth.now_ms)

    async def transfers(self, since_ms: int) -> TransfersReported:
        """Return nothing: nobody pays into a paper account; raises QueryFailedError."""
        del since_ms
        self._answer()
        return TransfersReported((), self.truth.now_ms)

    async def order(self, link_id: str, symbol: str, sent_ms: int) -> OrderReport | OrderNotFound:
        """Return what the exchange knows of an order; absence is conclusive unless a request of ours is still on its
        way.
        """
        self._answer()
        report = self.truth.order_report(link_id)
        return report or OrderNotFound(link_id, link_id not in self._in_flight, self.truth.now_ms)

    def _answer(self) -> None:
        if self.faults.down:
            raise QueryFailedError("no answer from the exchange")

    # The market

    def on_bar(  # noqa: PLR0917  # the seven values of a bar, as in the simulated exchange
        self, symbol: str, open_ms: int, close_ms: int, open_: Ticks, high: Ticks, low: Ticks, close: Ticks
    ) -> None:
        """Take in a whole bar."""
        self.truth.on_bar(symbol, open_ms, close_ms, open_, high, low, close)
        self._commit()

    def open_bar(self, symbol: str, open_ms: int, open_: Ticks) -> None:
        """Match at a bar's open."""
        self.truth.open_bar(symbol, open_ms, open_)
        self._commit()

    def fill_pending(self, symbol: str) -> None:
        """Match orders placed in reaction to the open, at the open."""
        self.truth.fill_pending(symbol)
        self._commit()

    def close_bar(self, symbol: str, close_ms: int, high: Ticks, low: Ticks, close: Ticks) -> None:
        """Match inside the bar that was opened."""
        self.truth.close_bar(symbol, close_ms, high, low, close)
        self._commit()

    def on_quote(
        self,
        symbol: str,
        at_ms: int,
        last: Ticks,
        *,
        bid: Ticks = 0,
        ask: Ticks = 0,
        mark: Ticks = 0,
        size: Steps | None = None,
    ) -> None:
        """Take in a trade or quote."""
        self.truth.on_quote(symbol, at_ms, last, bid=bid, ask=ask, mark=mark, size=size)
        self._commit()

    def on_price(self, moved: PriceMoved) -> None:
        """Take in a price with the range traded since the one before.

        A stop or target inside the range was reached, whatever the last price is; the side that costs comes first.
        """
        quiet, held = self.truth.quiet_band(moved.symbol), self.truth.positions().get(moved.symbol)
        extremes = [moved.low, moved.high] if held is not None and held.qty > 0 else [moved.high, moved.low]
        reached = [
            price
            for price in extremes
            if held is not None and price and price != moved.last and not (quiet and quiet[0] < price < quiet[1])
        ]
        for price in (*reached, moved.last):
            self.truth.on_quote(moved.symbol, moved.at_ms, price, bid=moved.bid, ask=moved.ask, mark=moved.mark)
        self._commit()

    def set_instrument(self, instrument: Instrument) -> None:
        """Take in changed trading rules: new grids are counted in from now on, and what is held on a symbol that is
        closed is settled.
        """
        symbol, before = instrument.symbol, self.truth.instrument(instrument.symbol)
        # News of before are told as they were counted.
        self._commit()
        self.truth.set_instrument(instrument)
        if instrument.status is Status.CLOSED:
            self.truth.deliver(symbol, self.truth.now_ms)
        if before is not None and (before.tick, before.step) != (instrument.tick, instrument.step):
            self._past[symbol, before.unit] = before
            self._compact()
        self._commit()

    def set_funding(self, symbol: str, time_ms: int, rate_e8: int) -> None:
        """Give the rate of one settlement."""
        # A stream repeats it many times a minute, and each time would be a line in the store.
        if self._rates.get(symbol) != (time_ms, rate_e8):
            self._rates[symbol] = (time_ms, rate_e8)
            self.truth.set_funding(symbol, time_ms, rate_e8)
            self._commit()

    # What others do

    def manual_trade(self, symbol: str, buy: bool, qty: Steps) -> None:
        """Trade by the owner's hand at the present price."""
        self.truth.manual_trade(symbol, buy, qty, self.truth.now_ms)
        self._commit()

    def liquidate(self, symbol: str) -> None:
        """Liquidate the position now."""
        self.truth.liquidate(symbol, self.truth.now_ms)
        self._commit()

    def deleverage(self, symbol: str, qty: Steps) -> None:
        """Deleverage up to `qty` steps of the position now."""
        self.truth.deleverage(symbol, qty, self.truth.now_ms)
        self._commit()

    def transfer(self, amount: Money) -> None:
        """Deposit (positive) or withdraw money."""
        self.truth.transfer(amount, self.truth.now_ms)
        self._commit()

    def set_down(self, down: bool, why: str) -> None:
        """Cut or restore the connection: the exchange goes on, requests and events are lost meanwhile."""
        self.faults.down = down
        if self._sink is not None:
            self._sink(VenueChanged(VenueState.DOWN if down else VenueState.UP, why, self.truth.now_ms))

    def _commit(self, *, prices: bool = False) -> None:
        now_ms = self.truth.now_ms
        if self._store is not None:
            # Quiet prices change nothing worth a line, but the market clock must not fall far behind over a restart.
            change = self.truth.changes(prices=prices or now_ms - self._clock_ms >= MINUTE_MS)
            if change is not None:
                self._clock_ms = now_ms
                self._store.append(change)
                if self._store.lines >= COMPACT_LINES:
                    self._compact()
        news = self.truth.drain(now_ms)
        if self._sink is not None and not self.faults.down and not self.faults.muted:
            for event in news:
                self._sink(event)

    def _compact(self) -> None:
        if self._store is not None:
            self.truth.prune(self.truth.now_ms - KEEP_MS)
            self._store.compact(self.truth.state())


def open_paper(
    folder: Path, instruments: Iterable[Instrument], *, wallet: Money, terms: Terms, at_once: bool = False
) -> PaperExchange:
    """Return the paper account kept in a folder, or a new one with `wallet`; raises PaperStoreError, CodecError or
    ValueError.
    """
    store, known = PaperStore(folder), tuple(instruments)
    exchange = SimulatedExchange(known, wallet=wallet, terms=terms)
    state, changes = store.load()
    if state is not None:
        exchange.restore(state, changes)
    for each in known:
        # Closed while nobody looked.
        if each.status is Status.CLOSED:
            exchange.deliver(each.symbol, exchange.now_ms)
    exchange.prune(exchange.now_ms - KEEP_MS)
    store.compact(exchange.state())
    return PaperExchange(exchange, store=store, at_once=at_once)
