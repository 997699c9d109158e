"""An in-memory exchange with a truth of its own: what it has, and what the desk was told of it, are two things."""

from dataclasses import dataclass, field

from engine.core import events as e
from engine.core.market import Instrument
from engine.core.money import Money, Steps, Ticks, at_rate, share
from engine.core.orders import Ticket

TAKER_E8 = 55_000


@dataclass(slots=True)
class Resting:
    """An order as the exchange has it."""

    ticket: Ticket
    order_id: str
    filled: Steps = 0
    over: bool = False

    @property
    def left(self) -> Steps:
        """Quantity that may still be filled."""
        return 0 if self.over else self.ticket.qty - self.filled


@dataclass(slots=True)
class Holding:
    """A position as the exchange has it; quantity signed."""

    qty: Steps = 0
    cost: Money = 0
    stop: Ticks = 0
    target: Ticks = 0
    trail: Ticks = 0


@dataclass(slots=True)
class FakeVenue:
    """Orders, holdings and wallet; `news` are the messages on their way to the desk, in order."""

    instruments: dict[str, Instrument]
    wallet: Money
    now_ms: int
    prices: dict[str, Ticks]
    orders: dict[str, Resting] = field(default_factory=dict)
    holdings: dict[str, Holding] = field(default_factory=dict)
    executions: list[e.Executed | e.FundingPaid] = field(default_factory=list)
    news: list[e.Event] = field(default_factory=list)
    received: list[str] = field(default_factory=list)

    def place(self, ticket: Ticket) -> bool:
        """Take an order; False when a reduce-only order has nothing to reduce. The same id twice is one order."""
        self.received.append(ticket.link_id)
        if ticket.link_id in self.orders:
            return True
        if ticket.reduce_only and not self._reducible(ticket):
            return False
        self.orders[ticket.link_id] = Resting(ticket, f"o{len(self.orders)}")
        return True

    def _reducible(self, ticket: Ticket) -> Steps:
        qty = self.holding(ticket.symbol).qty
        return abs(qty) if qty and (qty < 0) == ticket.buy else 0

    def holding(self, symbol: str) -> Holding:
        """Return what is held on a symbol."""
        return self.holdings.setdefault(symbol, Holding())

    def fill(self, link_id: str, qty: Steps) -> None:
        """Execute part of an order; what a reduce-only order cannot reduce is cancelled."""
        order = self.orders[link_id]
        most = order.left
        if order.ticket.reduce_only:
            most = min(most, self._reducible(order.ticket))
        qty = min(qty, most)
        if qty:
            order.filled += qty
            first = not self.holding(order.ticket.symbol).qty
            self._execute(order.ticket.symbol, order.ticket.buy, qty, e.ExecKind.ORDER, order)
            if first and not order.ticket.reduce_only:
                self.protect(order.ticket.symbol, order.ticket.stop or 0, order.ticket.target or 0)
        if order.filled == order.ticket.qty or qty == most < order.left:
            self.end(link_id)

    def end(self, link_id: str) -> None:
        """End an order: filled, or cancelled with what was filled."""
        order = self.orders[link_id]
        if not order.over:
            order.over = True
            self.news.append(e.OrderEnded(link_id, order.filled, "ended", self.now_ms))

    def protect(self, symbol: str, stop: Ticks, target: Ticks, trail: Ticks = 0) -> bool:
        """Set stop, target and trailing distance of a position; False when there is none."""
        held = self.holding(symbol)
        if not held.qty:
            return False
        held.stop, held.target, held.trail = stop, target, trail
        self.news.append(e.ProtectionReported(symbol, stop, target, self.now_ms, trail))
        return True

    def force(self, symbol: str, kind: e.ExecKind, qty: Steps | None = None) -> None:
        """Close (part of) a position by an order of the exchange's own, or by hand."""
        held = self.holding(symbol)
        if held.qty:
            self._execute(symbol, held.qty < 0, min(qty or abs(held.qty), abs(held.qty)), kind, None)

    def pay(self, symbol: str, amount: Money) -> None:
        """Settle funding."""
        self.wallet -= amount
        event = e.FundingPaid(f"f{len(self.executions)}", symbol, amount, self.now_ms)
        self.executions.append(event)
        self.news.append(event)

    def _execute(self, symbol: str, buy: bool, qty: Steps, kind: e.ExecKind, order: Resting | None) -> None:
        price, unit = self.prices[symbol], self.instruments[symbol].unit
        value = price * qty * unit
        fee = at_rate(value, TAKER_E8)
        link_id, order_id = (order.ticket.link_id, order.order_id) if order else ("", "")
        event = e.Executed(
            f"x{len(self.executions)}", link_id, order_id, symbol, buy, price, qty, fee, kind, self.now_ms
        )
        self.executions.append(event)
        self.news.append(event)
        held = self.holding(symbol)
        self.wallet -= fee
        if held.qty == 0 or (held.qty > 0) == buy:
            held.cost += value
        else:
            cost = held.cost if qty == abs(held.qty) else share(held.cost, qty, abs(held.qty))
            held.cost -= cost
            self.wallet += value - cost if held.qty > 0 else cost - value
        held.qty += qty if buy else -qty
        if not held.qty:
            self.holdings[symbol] = Holding()

    def row(self, link_id: str) -> e.OrderReport | e.OrderNotFound:
        """Answer what is known of an order."""
        order = self.orders.get(link_id)
        if order is None:
            return e.OrderNotFound(link_id, True, self.now_ms)
        ticket = order.ticket
        return e.OrderReport(
            link_id, order.order_id, ticket.symbol, not order.over, False, order.filled, ticket.reduce_only
        )

    def report(self) -> e.AccountReported:
        """Answer the whole view of this instant."""
        orders = (self.row(link_id) for link_id in self.orders)
        positions = (
            e.PositionReport(symbol, held.qty, held.cost, held.stop, held.target, held.trail)
            for symbol, held in self.holdings.items()
            if held.qty
        )
        return e.AccountReported(
            orders=tuple(row for row in orders if isinstance(row, e.OrderReport)),
            positions=tuple(positions),
            executions=tuple(self.executions),
            wallet=self.wallet,
            asked_ms=self.now_ms,
            at_ms=self.now_ms,
        )
