"""The simulated exchange: one account's matching engine, pure and synchronous. It knows nothing of the desk, no clock
and no randomness.

Two ways to feed a symbol (never mix them on one symbol):

- bars: `on_bar`, or in three steps when somebody may react at the open: `open_bar` (funding, then orders placed
  before, then stop, target or liquidation the open jumped over), `fill_pending` (orders placed in reaction, at the
  same open), `close_bar` (the range). A bar or quote older than the symbol's clock is ignored. Fills at the open
  are dated at the open, fills inside the bar 1 ms before its close.
- quotes: `on_quote`.

Two truths: what the exchange knows (`order_report`, `account_report`, `positions`) and the news of it, delivered by
`drain` once visible.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from engine.core.events import AccountReported, Executed, FundingPaid, OrderReport, PositionReport
from engine.core.market import Instrument
from engine.core.money import Money, Steps, Ticks
from engine.exchanges.base import Accepted, Rejected
from engine.exchanges.sim import forced, funding, refusals, reports, state
from engine.exchanges.sim.inside import Span, run_inside
from engine.exchanges.sim.ledger import Ledger, News
from engine.exchanges.sim.levels import refresh, start
from engine.exchanges.sim.matching import CANCELLED, crosses, touch
from engine.exchanges.sim.model import NEVER, Market, Request, Terms, request_of
from engine.exchanges.sim.regrid import regrid

__all__ = ["NEVER", "Request", "SimulatedExchange", "Terms", "request_of"]


class SimulatedExchange:
    """One-way-mode account over linear perpetuals. Prices in ticks, quantities in steps, money in 1e-8 quote, times in
    UTC ms.
    """

    def __init__(self, instruments: Iterable[Instrument], *, wallet: Money, terms: Terms) -> None:
        self._ledger = Ledger((Market(instrument) for instrument in instruments), wallet=wallet, terms=terms)
        self._markets = self._ledger.markets

    # Orders

    def place(self, request: Request, now_ms: int) -> Accepted | Rejected:
        """Take or refuse an order; it acts `latency_ms` later and fills at the next price from then on."""
        ledger = self._ledger
        refused = refusals.order_refusal(ledger, request)
        if refused is not None:
            return refused
        ledger.now_ms = max(ledger.now_ms, now_ms)
        market = self._markets[request.symbol]
        order = ledger.take(market, request, refusals.expected_price(market, request), now_ms)
        # On its way, or taking: the next price must be looked at. Else it rests from the first moment.
        order.resting = bool(order.limit) and not ledger.terms.latency_ms and not crosses(market, order)
        refresh(market)
        return Accepted(order.order_id)

    def cancel(self, link_id: str, now_ms: int) -> Accepted | Rejected:
        """Ask for a cancel; it arrives `latency_ms` later and may find the order filled. Unknown and finished orders:
        110001.
        """
        ledger = self._ledger
        order = ledger.orders.get(link_id)
        if order is None or order.ended_ms:
            return Rejected(refusals.UNKNOWN_ORDER, "order not exists or too late to cancel")
        ledger.now_ms = max(ledger.now_ms, now_ms)
        market = self._markets[order.symbol]
        if ledger.terms.latency_ms:
            order.cancel_ms = min(order.cancel_ms, now_ms + ledger.terms.latency_ms)
            ledger.dirty_orders.add(link_id)
        else:
            ledger.end(market, order, CANCELLED, now_ms)
        refresh(market)
        return Accepted(order.order_id)

    def protect(self, symbol: str, stop: Ticks, target: Ticks, now_ms: int, *, trail: Ticks = 0) -> Accepted | Rejected:
        """Set stop, target and trailing distance of the position at once (0 = none): market orders for its whole size,
        triggered by the last price. A new distance begins at that price, the same one goes on.
        """
        market = self._markets.get(symbol)
        refused = refusals.protection_refusal(market, stop, target, trail)
        if refused is not None or market is None:
            return refused or Rejected(refusals.INVALID, f"symbol {symbol} does not exist")
        self._ledger.now_ms = max(self._ledger.now_ms, now_ms)
        start(market, trail, market.active if trail == market.trail else 0)
        self._ledger.protect(market, stop, target, now_ms)
        refresh(market)
        return Accepted()

    def trail(self, symbol: str, distance: Ticks, now_ms: int, *, activation: Ticks = 0) -> Accepted | Rejected:
        """Hold a trailing stop `distance` behind the best price, from `activation` on (0 = at once); distance 0
        removes it.
        """
        market = self._markets.get(symbol)
        if market is None or not market.qty:
            return Rejected(refusals.REDUCE_ONLY, "can not set tp/sl/ts for zero position")
        if distance < 0 or activation < 0:
            return Rejected(refusals.INVALID, "trailing distance and activation must not be negative")
        self._ledger.now_ms = max(self._ledger.now_ms, now_ms)
        start(market, distance, activation if distance else 0)
        self._ledger.protect(market, market.stop, market.target, now_ms)
        refresh(market)
        return Accepted()

    # Prices

    def on_bar(  # noqa: PLR0917  # the seven values of a bar; by keyword each call costs a third more
        self, symbol: str, open_ms: int, close_ms: int, open_: Ticks, high: Ticks, low: Ticks, close: Ticks
    ) -> None:
        """Take in a whole bar."""
        if self.pass_quietly(symbol, open_ms, close_ms, high, low, close) or open_ms < self._markets[symbol].at_ms:
            return
        self.open_bar(symbol, open_ms, open_)
        self.close_bar(symbol, close_ms, high, low, close)

    def pass_quietly(self, symbol: str, open_ms: int, close_ms: int, high: Ticks, low: Ticks, close: Ticks) -> bool:
        """Take in a whole bar when nothing can happen in it; False (and nothing done) when it must be matched."""
        market = self._markets[symbol]
        if market.low < low and high < market.high and market.at_ms <= open_ms < market.funding_ms:
            market.last = close
            market.at_ms = self._ledger.now_ms = close_ms
            return True
        return False

    def open_bar(self, symbol: str, open_ms: int, open_: Ticks) -> None:
        """Settle funding due and match at a bar's open."""
        market = self._markets[symbol]
        if open_ms < market.at_ms:
            return
        self._see(market, open_ms, open_)
        if market.funding_ms <= open_ms:
            funding.settle(self._ledger, market, open_ms, open_)
        if not market.low < open_ < market.high:
            touch(self._ledger, market, open_ms, opens_bar=True)

    def fill_pending(self, symbol: str) -> None:
        """Match orders placed in reaction to the open, at the open's price and time."""
        market = self._markets[symbol]
        if market.low == NEVER:
            touch(self._ledger, market, market.at_ms, opens_bar=True)

    def close_bar(self, symbol: str, close_ms: int, high: Ticks, low: Ticks, close: Ticks) -> None:
        """Match inside a bar whose open was taken in, and set the symbol's price to its close."""
        market = self._markets[symbol]
        if close_ms <= market.at_ms:
            return
        if not (market.low < low and high < market.high):
            run_inside(self._ledger, market, Span(low, high, close, close_ms - 1))
        self._see(market, close_ms, close)

    def match_now(self, symbol: str) -> None:
        """Match what is pending against the present book; without one it waits for the next price."""
        market = self._markets[symbol]
        if market.bid and market.ask and market.low == NEVER:
            touch(self._ledger, market, self._ledger.now_ms)

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
        """Take in a trade or quote. Zero bid and ask: no book, takers slip from the last price. `size` steps at most
        trade on it.
        """
        market = self._markets[symbol]
        if at_ms < market.at_ms:
            return
        self._see(market, at_ms, last)
        market.bid, market.ask, market.mark = bid, ask, mark
        if market.funding_ms <= at_ms:
            funding.settle(self._ledger, market, at_ms, mark or last)
        if not (market.low < last < market.high and (not mark or market.low < mark < market.high)):
            touch(self._ledger, market, at_ms, room=NEVER if size is None else size)

    def _see(self, market: Market, at_ms: int, last: Ticks) -> None:
        market.last, market.at_ms = last, at_ms
        market.bid = market.ask = market.mark = 0
        self._ledger.now_ms = max(self._ledger.now_ms, at_ms)

    def advance(self, symbol: str, at_ms: int, last: Ticks) -> None:
        """Move a symbol's clock and price without matching: for bars known to lie inside the quiet band, before the
        next funding.
        """
        self._see(self._markets[symbol], at_ms, last)

    def set_funding(self, symbol: str, time_ms: int, rate_e8: int) -> None:
        """Give the rate of one settlement; settlements without one use the terms' default and are counted by
        `missing_funding`.
        """
        funding.record_rate(self._markets[symbol], time_ms, rate_e8)
        self._ledger.dirty_markets.add(symbol)

    def set_instrument(self, instrument: Instrument) -> None:
        """Add an instrument, or replace one (status, limits, grids). After a change of grids the whole state must be
        stored, not only what changed.
        """
        market = self._markets.setdefault(instrument.symbol, Market(instrument))
        if (instrument.tick, instrument.step) != (market.instrument.tick, market.instrument.step):
            regrid(self._ledger, market, instrument)
        market.adopt(instrument)

    def instrument(self, symbol: str) -> Instrument | None:
        """Return a symbol's trading rules; None for an unknown one."""
        market = self._markets.get(symbol)
        return None if market is None else market.instrument

    # What others do to the account

    def manual_trade(self, symbol: str, buy: bool, qty: Steps, now_ms: int) -> None:
        """Trade by the owner's hand: at once, at the present price, under no id of ours."""
        forced.manual_trade(self._ledger, self._markets[symbol], qty if buy else -qty, now_ms)

    def liquidate(self, symbol: str, now_ms: int) -> None:
        """Liquidate the position now, at its bankruptcy price."""
        forced.liquidate(self._ledger, self._markets[symbol], now_ms)

    def deleverage(self, symbol: str, qty: Steps, now_ms: int) -> None:
        """Take up to `qty` steps of the position over at the present mark (ADL)."""
        forced.deleverage(self._ledger, self._markets[symbol], qty, now_ms)

    def deliver(self, symbol: str, now_ms: int) -> None:
        """Settle a symbol that is traded no more: its orders are cancelled, its position closed at the present mark."""
        forced.deliver(self._ledger, self._markets[symbol], now_ms)

    def transfer(self, amount: Money, now_ms: int) -> None:
        """Move money into (positive) or out of the wallet."""
        self._ledger.transfer(amount, now_ms)

    # News and truth

    def drain(self, now_ms: int) -> list[News]:
        """Return the news visible by `now_ms`, in the order it happened, and forget it."""
        news, done = self._ledger.news, []
        while news and news[0][0] <= now_ms:
            done.append(news.popleft()[1])
        return done

    @property
    def now_ms(self) -> int:
        """The exchange's clock: the newest time it was told."""
        return self._ledger.now_ms

    @property
    def wallet(self) -> Money:
        """Wallet balance, without open results."""
        return self._ledger.wallet

    @property
    def free_margin(self) -> Money:
        """What new positions may bind."""
        return self._ledger.free_margin()

    def equity(self) -> Money:
        """Return wallet plus open results at mark."""
        return self._ledger.wallet + sum(reports.unrealised(m) for m in self._markets.values() if m.qty)

    def positions(self) -> dict[str, PositionReport]:
        """Return the open positions by symbol."""
        return {symbol: reports.position_report(m) for symbol, m in self._markets.items() if m.qty}

    def order_report(self, link_id: str) -> OrderReport | None:
        """Return an order as it stands now; None when it never arrived."""
        order = self._ledger.orders.get(link_id)
        return None if order is None else reports.order_report(order)

    def account_report(self, since_ms: int, now_ms: int) -> AccountReported:
        """Return the whole account as it stands now, with executions since a time."""
        return reports.account_report(self._ledger, since_ms, now_ms)

    @property
    def executions(self) -> Sequence[Executed | FundingPaid]:
        """Every execution and settlement so far, as far as not pruned."""
        return self._ledger.executions

    def last(self, symbol: str) -> Ticks:
        """Return the newest price of a symbol (0 = none yet)."""
        return self._markets[symbol].last

    def liquidation_price(self, symbol: str) -> Ticks:
        """Return where the position is liquidated (0 = flat)."""
        return self._markets[symbol].liquidation

    def quiet_band(self, symbol: str) -> tuple[Ticks, Ticks] | None:
        """Return the open interval of prices in which nothing can happen on a symbol; None when its next price must be
        matched.
        """
        market = self._markets[symbol]
        return None if market.low == NEVER else (market.low, market.high)

    def next_funding_ms(self, symbol: str) -> int:
        """Return when the next settlement is due (0 before the first price)."""
        return self._markets[symbol].funding_ms

    def missing_funding(self, symbol: str) -> int:
        """Return how many settlements of held positions had no recorded rate."""
        return self._markets[symbol].missing

    # Persistence

    def state(self) -> Any:
        """Return the whole truth as JSON-able data; instruments and terms are not part of it."""
        return state.whole(self._ledger)

    def changes(self, *, prices: bool = False) -> Any | None:
        """Return what changed since the last call as JSON-able data (None = nothing); `prices` includes every symbol's
        price and clock.
        """
        return state.part(self._ledger, prices=prices)

    def restore(self, data: Any, changes: Iterable[Any] = ()) -> None:
        """Become a stored state with the changes that followed it; raises CodecError or ValueError on foreign data."""
        ledger = self._ledger
        ledger.orders.clear()
        ledger.executions.clear()
        state.apply(ledger, data)
        for change in changes:
            state.apply(ledger, change)
        state.rebuild(ledger)

    def prune(self, before_ms: int) -> None:
        """Forget orders that ended and executions that happened before a time."""
        state.prune(self._ledger, before_ms)
