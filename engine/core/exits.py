"""Closing: always reduce-only, at the market, at most one working close per position, tried again until it is flat."""

from collections.abc import Callable

from engine.core.effects import CancelOrder, PlaceOrder, QueryOrder
from engine.core.facts import EntriesUnwanted, OrderIntended
from engine.core.ids import link_id
from engine.core.market import Instrument
from engine.core.money import Steps, Ticks
from engine.core.orders import Order, OrderStatus, Purpose, Ticket
from engine.core.portfolio import EXTERNAL, Position
from engine.core.workspace import Workspace

RETRY_MS = 2_000
QUICK_ATTEMPTS = 5


def exit_price(ws: Workspace, symbol: str, *, selling: bool) -> Ticks:
    """Return the price a close may count on: bid or ask where a book is known, else the last price."""
    price = ws.prices.get(symbol)
    if price is None:
        return 0
    return (price.bid if selling else price.ask) or price.last


def working(ws: Workspace, symbol: str) -> Steps:
    """Return the quantity that present closing orders will still close; one unknown for over 2 s no longer counts."""
    return sum(
        order.open_qty
        for order in ws.state.book.open(symbol)
        if order.ticket.purpose is Purpose.EXIT and not _stale(ws, order)
    )


def _stale(ws: Workspace, order: Order) -> bool:
    return (
        order.status is OrderStatus.UNKNOWN and ws.wall_ms - ws.asked.get(order.ticket.link_id, ws.wall_ms) >= RETRY_MS
    )


def close_position(ws: Workspace, position: Position, reason: str, qty: Steps | None = None) -> tuple[str, ...]:
    """Send what is needed to close `qty` steps (all by default) and return the client order ids; nothing when closes
    already cover it.
    """
    wanted = min(qty or position.size, position.size)
    left = min(wanted, position.size - working(ws, position.symbol))
    ids = []
    instrument = ws.state.portfolio.instruments[position.symbol]
    whole = wanted == position.size
    while left > 0:
        part = min(left, instrument.max_market_qty)
        ids.append(_send(ws, position, instrument, part, reason, whole=whole))
        left -= part
    if ids:
        ws.asked[f"exit/{position.symbol}"] = ws.wall_ms
    return tuple(ids)


def _send(ws: Workspace, position: Position, instrument: Instrument, qty: Steps, reason: str, *, whole: bool) -> str:
    profile = ws.profile(position.profile)
    attempt = position.exits
    code = profile.code if profile else EXTERNAL[:3]
    ticket = Ticket(
        link_id=link_id(ws.account.tag, code, Purpose.EXIT, attempt, f"{position.position_id}/{attempt}"),
        position_id=position.position_id,
        profile=position.profile,
        symbol=position.symbol,
        buy=not position.long,
        qty=qty,
        purpose=Purpose.EXIT,
        expected=exit_price(ws, instrument.symbol, selling=position.long),
        reason=reason,
        decided_ms=ws.now_ms,
        attempt=attempt,
        leverage=position.leverage,
        whole=whole,
        unit=instrument.unit,
    )
    ws.record(OrderIntended(ticket, ws.now_ms))
    ws.emit(PlaceOrder(ticket))
    return ticket.link_id


def cancel_entries(ws: Workspace, symbol: str | None = None, profile: str | None = None) -> None:
    """Cancel the working orders that could open or increase a position."""
    for order in list(ws.state.book.open(symbol)):
        ticket = order.ticket
        if ticket.purpose is Purpose.ENTRY and profile in {None, ticket.profile}:
            ws.emit(CancelOrder(ticket.link_id, ticket.symbol))


def disown_entries(ws: Workspace, reason: str, covers: Callable[[Ticket], bool]) -> None:
    """Have whatever the entries under way still fill closed, where `covers` says that people want it closed: a cancel
    may come too late.
    """
    entries = (order.ticket for order in ws.state.book.open() if order.ticket.purpose is Purpose.ENTRY)
    found = tuple(ticket.link_id for ticket in entries if covers(ticket))
    if found:
        ws.record(EntriesUnwanted(found, reason, ws.now_ms))


def sweep(ws: Workspace) -> None:
    """Send again the closes that ended without a flat position, close what unwanted entries filled, and ask again about
    orders that are unknown.
    """
    for order in list(ws.state.book.open()):
        if order.status is OrderStatus.UNKNOWN:
            ask(ws, order)
    for position in list(ws.positions.values()):
        asked = ws.asked.get(f"exit/{position.symbol}", 0)
        entry = ws.state.book.orders.get(position.position_id)
        if entry is not None and entry.unwanted and not position.closing:
            close_position(ws, position, entry.unwanted)
        elif position.closing and ws.wall_ms - asked >= pause_ms(position.exits):
            close_position(ws, position, position.closing)


def pause_ms(attempts: int) -> int:
    """Return how long to wait before the next close: 2 s after each of the first attempts, then doubling to 32 s.

    An exchange that keeps refusing must not be flooded, nor the people who are told of every refusal.
    """
    return RETRY_MS << min(max(attempts - QUICK_ATTEMPTS, 0), 4)


def ask(ws: Workspace, order: Order) -> None:
    """Ask the exchange about an order, at most every 2 s."""
    key = f"query/{order.ticket.link_id}"
    if ws.wall_ms - ws.asked.get(key, -RETRY_MS) >= RETRY_MS:
        ws.asked[key] = ws.wall_ms
        ws.asked.setdefault(order.ticket.link_id, ws.wall_ms)
        ws.emit(QueryOrder(order.ticket.link_id, order.ticket.symbol, order.ticket.decided_ms))


def close_scope(ws: Workspace, profile: str, reason: str) -> tuple[str, ...]:
    """Close every position of a profile, or of the account (empty: external ones too); return order ids."""
    ids: list[str] = []
    for position in list(ws.positions.values()):
        if not profile or position.profile == profile:
            ids.extend(close_position(ws, position, reason))
    return tuple(ids)
