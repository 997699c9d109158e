"""Facts about orders -> `orders`, by the core's own transition table."""

from engine.core.codec import encode
from engine.core.events import (
    OrderAccepted,
    OrderEnded,
    OrderNotFound,
    OrderOutcomeUnknown,
    OrderRejected,
    OrderSent,
    OrderUnsent,
)
from engine.core.facts import OrderIntended
from engine.core.orders import Order, Word
from storage.groups import dumps
from storage.projections.books import Books, OrderEntry, Row, event, level
from storage.tables_trading import orders, system_events


def intended(books: Books, seq: int, fact: OrderIntended) -> None:
    """Enter an order; the same decision again changes nothing."""
    ticket = fact.ticket
    if ticket.link_id not in books.orders:
        books.instrument(ticket.symbol, seq, fact)
        books.orders[ticket.link_id] = OrderEntry(Order(ticket, heard_ms=ticket.decided_ms), seq)
        books.touched.add(ticket.link_id)


def sent(books: Books, seq: int, fact: OrderSent) -> None:
    """The request left."""
    _hear(books, fact.link_id, Word.SENT, fact.at_ms)


def accepted(books: Books, seq: int, fact: OrderAccepted) -> None:
    """The exchange has it."""
    _hear(books, fact.link_id, Word.ACCEPTED, fact.at_ms, order_id=fact.order_id)


def rejected(books: Books, seq: int, fact: OrderRejected) -> None:
    """The exchange refused it."""
    why = f"{fact.reason} ({fact.code})" if fact.code else fact.reason
    _hear(books, fact.link_id, Word.REJECTED, fact.at_ms, why=why)
    books.put(system_events, seq, event(seq, fact.at_ms, "order_rejected", fact.link_id, why))


def silent(books: Books, seq: int, fact: OrderOutcomeUnknown) -> None:
    """Nobody knows."""
    _hear(books, fact.link_id, Word.SILENCE, fact.at_ms, why=fact.why)
    books.put(system_events, seq, event(seq, fact.at_ms, "order_unknown", fact.link_id, fact.why))


def ended(books: Books, seq: int, fact: OrderEnded) -> None:
    """It is over; some of its fills may still be on their way."""
    found = books.book(fact.link_id)
    if found is not None:
        entry, book = found
        book.end(fact.link_id, filled=fact.filled, at_ms=fact.at_ms)
        entry.why = fact.why or entry.why


def unsent(books: Books, seq: int, fact: OrderUnsent) -> None:
    """It never left."""
    _hear(books, fact.link_id, Word.REJECTED, fact.at_ms, why=fact.why)
    books.put(system_events, seq, event(seq, fact.at_ms, "order_unsent", fact.link_id, fact.why))


def not_found(books: Books, seq: int, fact: OrderNotFound) -> None:
    """The exchange does not know it."""
    if fact.conclusive:
        _hear(books, fact.link_id, Word.ENDED, fact.at_ms, why="not found on the exchange")


def _hear(books: Books, link_id: str, word: Word, at_ms: int, *, order_id: str = "", why: str = "") -> None:
    found = books.book(link_id)
    if found is not None:
        entry, book = found
        book.hear(link_id, word, at_ms=at_ms, order_id=order_id)
        entry.why = why or entry.why


def flush_orders(books: Books) -> None:
    """Turn the touched orders into rows."""
    for link_id in books.touched:
        books.put(orders, link_id, _row(books, books.orders[link_id]))
    books.touched.clear()


def _row(books: Books, entry: OrderEntry) -> Row:
    order, ticket = entry.order, entry.order.ticket
    instrument = books.portfolio.instruments.get(ticket.symbol)
    return {
        "link_id": ticket.link_id,
        "seq": entry.seq,
        "order_id": order.order_id,
        "position_id": ticket.position_id,
        "profile": ticket.profile,
        "symbol": ticket.symbol,
        "side": "buy" if ticket.buy else "sell",
        "purpose": ticket.purpose.value,
        "quantity": instrument.quantity(ticket.qty) if instrument else None,
        "filled": instrument.quantity(order.filled) if instrument else None,
        "average": instrument.average(order.cost, order.filled) if instrument and order.filled else None,
        "expected": level(instrument, ticket.expected),
        "stop": level(instrument, ticket.stop),
        "target": level(instrument, ticket.target),
        "reason": ticket.reason,
        "status": order.status.value,
        "why": entry.why,
        "decided_ms": ticket.decided_ms,
        "heard_ms": order.heard_ms,
        "state": dumps(encode(order)),
    }
