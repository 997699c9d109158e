"""What became of orders: kept as facts pass by, so that a chat can wait for the result of a close."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from engine.core.events import Executed, OrderEnded, OrderNotFound, OrderRejected, OrderUnsent
from engine.core.facts import Fact, OrderIntended
from engine.core.orders import OrderStatus, Ticket
from engine.core.snapshot import OrderResult
from engine.core.trader import Trader

KEPT = 2_000


@dataclass(slots=True)
class _Record:
    ticket: Ticket
    filled: int = 0
    value: int = 0
    why: str = ""
    ended: int | None = None
    final: OrderStatus | None = None
    changed: asyncio.Event = field(default_factory=asyncio.Event)


class Outcomes:
    """The latest orders and their ends."""

    def __init__(self, trader: Trader) -> None:
        self._trader = trader
        self._records: dict[str, _Record] = {}

    def note(self, facts: Sequence[Fact]) -> None:
        """Take in the facts of one step."""
        for fact in facts:
            if isinstance(fact, OrderIntended):
                self._records[fact.ticket.link_id] = _Record(fact.ticket)
                if len(self._records) > KEPT:
                    del self._records[next(iter(self._records))]
            elif (link_id := getattr(fact, "link_id", "")) in self._records:
                self._follow(self._records[link_id], fact)

    def _follow(self, record: _Record, fact: Fact) -> None:
        match fact:
            case Executed(qty=qty, price=price):
                record.filled += qty
                record.value += qty * price
            case OrderRejected(reason=why) | OrderUnsent(why=why):
                record.why, record.final = why, OrderStatus.REJECTED
            case OrderEnded(why=why, filled=filled):
                # Over only when every fill is here: a result without its fills would be told as nothing.
                record.why, record.ended = why, filled
            case OrderNotFound(conclusive=True):
                record.why, record.final = "the exchange never had it", OrderStatus.CANCELLED
            case _:
                return
        if record.filled >= record.ticket.qty:
            record.final = OrderStatus.FILLED
        elif record.ended is not None and record.filled >= record.ended:
            record.final = OrderStatus.CANCELLED
        if record.final is not None:
            record.changed.set()

    async def of(self, link_ids: Sequence[str], timeout_s: float) -> tuple[OrderResult, ...]:
        """Wait until the named orders are over, at most so long; unknown ids are left out."""
        records = [self._records[link_id] for link_id in link_ids if link_id in self._records]
        try:
            async with asyncio.timeout(timeout_s):
                for record in records:
                    await record.changed.wait()
        except TimeoutError:
            pass
        return tuple(self._result(record) for record in records)

    def _result(self, record: _Record) -> OrderResult:
        ticket = record.ticket
        instrument = self._trader.workspace.state.portfolio.instruments[ticket.symbol]
        order = self._trader.workspace.state.book.orders.get(ticket.link_id)
        status = record.final or (order.status if order else OrderStatus.SUBMITTED)
        average = Decimal(record.value) / record.filled * instrument.tick if record.filled else None
        return OrderResult(
            link_id=ticket.link_id,
            symbol=ticket.symbol,
            status=status.value,
            quantity=instrument.quantity(ticket.qty),
            filled=instrument.quantity(record.filled),
            average=average,
            why=record.why,
        )
