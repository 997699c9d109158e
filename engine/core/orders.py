"""The life of an order as one transition table, and the book that keeps every order until it is provably over.

created -> submitted -> acknowledged -> partially filled -> filled | cancelled | rejected, with `unknown` between
sending and evidence.
An order that is not over reserves its unfilled quantity. A status never moves backwards; fills count whatever the
status says, because
a fill is a fact and the status only hearsay.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field, replace
from enum import StrEnum

from engine.core.market import Instrument, Regrid
from engine.core.money import Money, Steps, Ticks
from engine.core.quick import quick


class Purpose(StrEnum):
    """What an order is for: entries may be refused or expire, exits never."""

    ENTRY = "entry"
    EXIT = "exit"


class OrderStatus(StrEnum):
    """Where an order stands."""

    CREATED = "created"
    SUBMITTED = "submitted"
    ACKNOWLEDGED = "acknowledged"
    PARTIALLY_FILLED = "partially_filled"
    UNKNOWN = "unknown"
    FILLED = "filled"
    CANCELLED = "cancelled"
    REJECTED = "rejected"


# How many finished orders of positions that are not open are kept for their late fills.
LINGERING = 16
OVER = frozenset({OrderStatus.FILLED, OrderStatus.CANCELLED, OrderStatus.REJECTED})


class Word(StrEnum):
    """What is heard of an order, apart from its fills."""

    SENT = "sent"
    ACCEPTED = "accepted"
    SILENCE = "silence"
    REJECTED = "rejected"
    ENDED = "ended"


_S, _W = OrderStatus, Word
# Rows absent from the table change nothing: late, doubled and reordered messages are normal.
TRANSITIONS: dict[tuple[OrderStatus, Word], OrderStatus] = {
    (_S.CREATED, _W.SENT): _S.SUBMITTED,
    (_S.CREATED, _W.ACCEPTED): _S.ACKNOWLEDGED,
    (_S.CREATED, _W.SILENCE): _S.UNKNOWN,
    (_S.CREATED, _W.REJECTED): _S.REJECTED,
    (_S.CREATED, _W.ENDED): _S.CANCELLED,
    (_S.SUBMITTED, _W.ACCEPTED): _S.ACKNOWLEDGED,
    (_S.SUBMITTED, _W.SILENCE): _S.UNKNOWN,
    (_S.SUBMITTED, _W.REJECTED): _S.REJECTED,
    (_S.SUBMITTED, _W.ENDED): _S.CANCELLED,
    (_S.UNKNOWN, _W.ACCEPTED): _S.ACKNOWLEDGED,
    (_S.UNKNOWN, _W.REJECTED): _S.REJECTED,
    (_S.UNKNOWN, _W.ENDED): _S.CANCELLED,
    (_S.ACKNOWLEDGED, _W.REJECTED): _S.REJECTED,
    (_S.ACKNOWLEDGED, _W.ENDED): _S.CANCELLED,
    (_S.PARTIALLY_FILLED, _W.REJECTED): _S.CANCELLED,
    (_S.PARTIALLY_FILLED, _W.ENDED): _S.CANCELLED,
}


@quick
@dataclass(frozen=True, slots=True, kw_only=True)
class Ticket:
    """An order as decided; never changes. Prices in ticks, quantity in steps, times in UTC ms.

    `expected` is the price the decision counted on. An entry carries its stop and target; exits are reduce-only,
    `whole` when they belong to closing the position completely. `unit` is the money of one tick times one step on the
    grid it counts in (0 in old journals).
    """

    link_id: str
    position_id: str
    profile: str
    symbol: str
    buy: bool
    qty: Steps
    purpose: Purpose
    expected: Ticks
    reason: str
    decided_ms: int
    attempt: int = 0
    leverage: int = 1
    stop: Ticks | None = None
    target: Ticks | None = None
    also: tuple[str, ...] = ()
    whole: bool = False
    unit: Money = 0

    @property
    def reduce_only(self) -> bool:
        """Whether the order may only make a position smaller."""
        return self.purpose is not Purpose.ENTRY


def recounted(ticket: Ticket, before: Instrument, after: Instrument) -> Ticket:
    """Return a ticket of the grid of `before` in that of `after`."""
    grid = Regrid(before, after)
    return replace(
        ticket,
        qty=grid.steps(ticket.qty),
        expected=grid.near(ticket.expected),
        stop=None if ticket.stop is None else grid.level(ticket.stop, long=ticket.buy),
        target=None if ticket.target is None else grid.level(ticket.target, long=ticket.buy),
        unit=after.unit,
    )


@dataclass(slots=True)
class Order:
    """A ticket and what became of it. Entity: changed only by the book.

    `final` is what the exchange says was filled in the end; until those fills are in, the order is not over. `slipped`
    once its slippage was recorded. `unwanted` says why what it still fills is to be closed.
    """

    ticket: Ticket
    status: OrderStatus = OrderStatus.CREATED
    order_id: str = ""
    filled: Steps = 0
    cost: Money = 0
    heard_ms: int = 0
    final: Steps | None = None
    slipped: bool = False
    unwanted: str = ""

    @property
    def over(self) -> bool:
        """Whether nothing more can come of it."""
        return self.status in OVER

    @property
    def open_qty(self) -> Steps:
        """Quantity that may still be filled: the reservation."""
        return 0 if self.status in OVER else self.ticket.qty - self.filled


@dataclass(slots=True)
class OrderBook:
    """Every order of one account by client order id; orders that are over are dropped when their position is flat."""

    orders: dict[str, Order] = field(default_factory=dict)
    _working: dict[str, Order] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        # Asked for at every bar, while most orders are over: kept apart.
        self._working = {name: order for name, order in self.orders.items() if not order.over}

    def add(self, ticket: Ticket) -> bool:
        """Enter a new order; False when the id is already known (the same decision again)."""
        if ticket.link_id in self.orders:
            return False
        self.orders[ticket.link_id] = self._working[ticket.link_id] = Order(ticket, heard_ms=ticket.decided_ms)
        return True

    def hear(self, link_id: str, word: Word, *, at_ms: int, order_id: str = "") -> bool:
        """Apply a word about an order; True when its status changed."""
        order = self.orders.get(link_id)
        if order is None:
            return False
        if order_id:
            order.order_id = order_id
        following = TRANSITIONS.get((order.status, word))
        if following is None:
            return False
        if following is OrderStatus.ACKNOWLEDGED and order.filled:
            following = OrderStatus.PARTIALLY_FILLED
        order.status, order.heard_ms = following, at_ms
        self._settle(link_id, order)
        return True

    def fill(self, link_id: str, *, qty: Steps, value: Money, at_ms: int) -> None:
        """Count a fill of a known order, whatever its status was."""
        order = self.orders[link_id]
        order.filled += qty
        order.cost += value
        order.heard_ms = at_ms
        if order.filled >= order.ticket.qty:
            order.status = OrderStatus.FILLED
        elif order.final is not None and order.filled >= order.final:
            order.status = OrderStatus.CANCELLED
        elif order.status not in OVER:
            order.status = OrderStatus.PARTIALLY_FILLED
        self._settle(link_id, order)

    def _settle(self, link_id: str, order: Order) -> None:
        if order.status in OVER:
            self._working.pop(link_id, None)

    def end(self, link_id: str, *, filled: Steps, at_ms: int) -> bool:
        """Take in that an order is over with `filled` steps executed; False while some of those fills are still missing
        here.
        """
        order = self.orders.get(link_id)
        if order is None or order.over:
            return True
        if filled > order.filled:
            order.final = filled
            return False
        self.hear(link_id, Word.ENDED, at_ms=at_ms)
        return True

    def open(self, symbol: str | None = None) -> Iterator[Order]:
        """Iterate over orders that may still be filled, of one symbol or all."""
        working = self._working.values()
        return iter(working if symbol is None else [o for o in working if o.ticket.symbol == symbol])

    def tidy(self, held: Collection[str]) -> None:
        """Drop finished orders of positions not in `held`, all but the newest: a late fill still finds its decision."""
        idle = [k for k, o in self.orders.items() if o.status in OVER and o.ticket.position_id not in held]
        for link_id in idle[:-LINGERING]:
            del self.orders[link_id]

    def regrid(self, before: Instrument, after: Instrument) -> None:
        """Count a symbol's orders in the grid of `after`; money is untouched."""
        if (before.tick, before.step) == (after.tick, after.step):
            return
        grid = Regrid(before, after)
        for order in self.orders.values():
            ticket = order.ticket
            if ticket.symbol == before.symbol:
                order.filled = grid.steps(order.filled)
                order.final = None if order.final is None else grid.steps(order.final)
                order.ticket = recounted(ticket, before, after)

    def forget(self, position_id: str) -> None:
        """Drop the finished orders of a position that is flat."""
        gone = [k for k, o in self.orders.items() if o.ticket.position_id == position_id and o.status in OVER]
        for link_id in gone:
            del self.orders[link_id]
