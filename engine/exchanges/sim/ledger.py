"""The account behind the simulated exchange: wallet, orders, executions, and the news not yet delivered. Every change
of it passes here.
"""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from engine.core.events import (
    ExecKind,
    Executed,
    FundingPaid,
    OrderAccepted,
    OrderEnded,
    ProtectionReported,
    WalletReported,
)
from engine.core.money import PPM, Money, Steps, Ticks, at_rate, share
from engine.core.quick import quick
from engine.exchanges.sim.margin import bankruptcy_price, liquidation_price, needed, opening_qty, reserved, used
from engine.exchanges.sim.model import Market, Request, SimOrder, Terms

type News = OrderAccepted | OrderEnded | Executed | FundingPaid | ProtectionReported | WalletReported


@quick
@dataclass(frozen=True, slots=True)
class Deal:
    """One execution about to be booked: signed quantity (positive buys), price, who made it happen; `order` is None
    for the exchange's own.
    """

    order: SimOrder | None
    signed: Steps
    price: Ticks
    kind: ExecKind
    at_ms: int
    maker: bool = False
    ambiguous: bool = False


class Ledger:
    """One account's truth. `count` numbers orders and executions; `dirty_*`, `logged` and `moved` say what changed
    since the change log last looked.
    """

    def __init__(self, markets: Iterable[Market], *, wallet: Money, terms: Terms) -> None:
        self.terms = terms
        self.wallet = wallet
        self.now_ms = 0
        self.count = 0
        self.markets = {market.instrument.symbol: market for market in markets}
        self.orders: dict[str, SimOrder] = {}
        self.executions: list[Executed | FundingPaid] = []
        self.news: deque[tuple[int, News]] = deque()
        self.logged = 0
        self.moved = False
        self.strangers: dict[str, Steps] = {}
        self.grids: dict[str, tuple[Decimal, Decimal]] = {}
        self.dirty_orders: set[str] = set()
        self.dirty_markets: set[str] = set()

    def tell(self, event: News, at_ms: int) -> None:
        """Queue news for delivery."""
        self.news.append((at_ms + self.terms.report_ms, event))

    def free_margin(self) -> Money:
        """Return what new positions may bind: wallet less the margin of positions and of orders that may open."""
        bound = 0
        for market in self.markets.values():
            if market.qty:
                bound += used(market)
            for order in market.pending:
                bound += reserved(order)
            for order in market.limits:
                bound += reserved(order)
        return self.wallet - bound

    def take(self, market: Market, request: Request, price: Ticks, now_ms: int) -> SimOrder:
        """Enter an order that was not refused; a reduce-only one is cut to the position."""
        acts_ms = now_ms + self.terms.latency_ms
        qty = min(request.qty, abs(market.qty)) if request.reduce_only else request.qty
        opening = opening_qty(market, request)
        self.count += 1
        order = SimOrder(
            request.link_id,
            f"sim-{self.count}",
            request.symbol,
            request.buy,
            qty,
            request.limit,
            request.reduce_only,
            request.leverage,
            request.stop,
            request.target,
            now_ms,
            acts_ms,
            needed(opening * price * market.unit, request.leverage, self.terms) if opening else 0,
        )
        self.orders[request.link_id] = order
        (market.limits if request.limit else market.pending).append(order)
        self.dirty_orders.add(request.link_id)
        self.tell(OrderAccepted(order.link_id, order.order_id, acts_ms), acts_ms)
        return order

    def end(self, market: Market, order: SimOrder, why: str, at_ms: int) -> None:
        """Finish an order: filled or cancelled."""
        order.ended_ms, order.why = at_ms, why
        (market.limits if order.limit else market.pending).remove(order)
        self.dirty_orders.add(order.link_id)
        self.tell(OrderEnded(order.link_id, order.filled, why, at_ms), at_ms)

    def book(self, market: Market, deal: Deal) -> None:
        """Book one execution: position, wallet, fee, order, news; stop and target come and go with the position."""
        held, order = market.qty, deal.order
        qty = abs(deal.signed)
        fee = at_rate(deal.price * qty * market.unit, self.terms.maker_e8 if deal.maker else self.terms.taker_e8)
        self.wallet += _fold(market, deal.signed, deal.price) - fee
        self._record(market, deal, qty, fee)
        if order is not None:
            order.filled += qty
            self.dirty_orders.add(order.link_id)
        if held * market.qty <= 0:
            _unprotect(market)
        if order is not None and market.qty and (market.qty > 0) == order.buy:
            market.leverage = order.leverage
            # Once, so that later parts of the fill do not undo what was set since; again for a new position.
            if order.filled == qty or held * market.qty <= 0:
                self._carry(market, order, deal.at_ms)
        market.liquidation = liquidation_price(market, self.terms.maintenance_ppm)
        self.dirty_markets.add(market.instrument.symbol)
        if order is not None and order.filled == order.qty:
            self.end(market, order, "Filled", deal.at_ms)
        if not market.qty:
            self._drop_reducing(market, deal.at_ms)

    def _record(self, market: Market, deal: Deal, qty: Steps, fee: Money) -> None:
        self.count += 1
        symbol = market.instrument.symbol
        link_id, order_id = (deal.order.link_id, deal.order.order_id) if deal.order else ("", f"sim-{self.count}")
        exec_id = f"{symbol}-{deal.at_ms}-{self.count}"
        event = Executed(
            exec_id,
            link_id,
            order_id,
            symbol,
            deal.signed > 0,
            deal.price,
            qty,
            fee,
            deal.kind,
            deal.at_ms,
            deal.maker,
            deal.ambiguous,
        )
        self.executions.append(event)
        self.tell(event, deal.at_ms)

    def _carry(self, market: Market, order: SimOrder, at_ms: int) -> None:
        stop, target = order.stop or market.stop, order.target or market.target
        if (stop, target) != (market.stop, market.target):
            self.protect(market, stop, target, at_ms)

    def protect(self, market: Market, stop: Ticks, target: Ticks, at_ms: int) -> None:
        """Set stop and target of the position and tell."""
        market.stop, market.target = stop, target
        self.dirty_markets.add(market.instrument.symbol)
        self.tell(ProtectionReported(market.instrument.symbol, stop, target, at_ms, market.trail), at_ms)

    def _drop_reducing(self, market: Market, at_ms: int) -> None:
        for order in [o for o in market.limits if o.reduce_only]:
            self.end(market, order, "CancelByReduceOnly", at_ms)

    def pay_funding(self, market: Market, rate_e8: int, price: Ticks, at_ms: int) -> None:
        """Settle funding of the position held: longs pay a positive rate, shorts receive it."""
        amount = at_rate(market.qty * price * market.unit, rate_e8)
        if not amount:
            return
        self.count += 1
        symbol = market.instrument.symbol
        event = FundingPaid(f"{symbol}-{at_ms}-{self.count}", symbol, amount, at_ms)
        self.wallet -= amount
        self.executions.append(event)
        self.dirty_markets.add(symbol)
        self.tell(event, at_ms)

    def transfer(self, amount: Money, at_ms: int) -> None:
        """Move money into (positive) or out of the wallet."""
        self.wallet += amount
        self.moved = True
        self.tell(WalletReported(self.wallet, at_ms), at_ms)

    def bankrupt(self, market: Market, at_ms: int, *, ambiguous: bool) -> Deal:
        """Return the deal that takes the whole position over at its bankruptcy price."""
        return Deal(None, -market.qty, bankruptcy_price(market), ExecKind.LIQUIDATION, at_ms, False, ambiguous)

    def slipped(self, price: Ticks, buy: bool) -> Ticks:
        """Return a taker's price without a book: slippage, rounded against the taker to the tick."""
        slip = -(-price * self.terms.slippage_ppm // PPM)
        return price + slip if buy else max(price - slip, 1)


def _fold(market: Market, signed: Steps, price: Ticks) -> Money:
    held, unit = market.qty, market.unit
    market.qty = held + signed
    if held * signed >= 0:
        market.cost += abs(signed) * price * unit
        return 0
    size = abs(held)
    closed = min(abs(signed), size)
    basis = market.cost if closed == size else share(market.cost, closed, size)
    value = closed * price * unit
    market.cost -= basis
    if market.qty * held < 0:
        market.cost = abs(market.qty) * price * unit
    return value - basis if held > 0 else basis - value


def _unprotect(market: Market) -> None:
    market.stop = market.target = market.trail = market.active = market.best = 0
