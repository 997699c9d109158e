"""Executions, funding, protection, adoptions -> `fills`, `funding`, `positions`, `stop_moves`, `daily_snapshots`."""

from decimal import Decimal

from engine.core.codec import encode
from engine.core.events import Executed, FundingPaid, InstrumentChanged, ProtectionReported
from engine.core.facts import PositionAdopted, PositionAssigned, ProtectionIntended
from engine.core.market import Instrument
from engine.core.money import from_money
from engine.core.orders import OrderBook
from engine.core.portfolio import Position
from storage.groups import dumps
from storage.projections.books import Books, Row, event, level
from storage.projections.order_rows import flush_orders
from storage.tables_trading import fills, funding, instruments, positions, risk_events, stop_moves, system_events


def executed(books: Books, seq: int, fact: Executed) -> None:
    """Book one execution once."""
    instrument = books.instrument(fact.symbol, seq, fact)
    if fact.exec_id in books.executions or instrument is None:
        return
    books.executions.add(fact.exec_id)
    found, ticket = books.book(fact.link_id), None
    if found is not None:
        entry, book = found
        ticket = entry.order.ticket
        book.fill(fact.link_id, qty=fact.qty, value=instrument.notional(fact.price, fact.qty), at_ms=fact.at_ms)
    before = books.portfolio.positions.get(fact.symbol)
    books.portfolio.execute(fact, ticket, "")
    position = books.portfolio.positions.get(fact.symbol, before)
    books.put(fills, fact.exec_id, _fill(instrument, seq, fact, before or position))
    _put_position(books, instrument, position, fact.at_ms)
    day = books.day(fact.at_ms)
    day["fees"] += from_money(fact.fee)
    day["fills"] += 1


def paid(books: Books, seq: int, fact: FundingPaid) -> None:
    """Book one funding settlement once."""
    if fact.exec_id in books.executions:
        return
    books.executions.add(fact.exec_id)
    books.portfolio.pay_funding(fact)
    position = books.portfolio.positions.get(fact.symbol)
    amount = from_money(fact.amount)
    profile = position.profile if position is not None else ""
    row = {"exec_id": fact.exec_id, "seq": seq, "profile": profile, "symbol": fact.symbol, "amount": amount}
    books.put(funding, fact.exec_id, {**row, "at_ms": fact.at_ms})
    books.day(fact.at_ms)["funding"] += amount
    instrument = books.portfolio.instruments.get(fact.symbol)
    if instrument is not None:
        _put_position(books, instrument, position, fact.at_ms)


def protect(books: Books, seq: int, fact: ProtectionIntended) -> None:
    """The desk moves a stop or target."""
    instrument = books.instrument(fact.symbol, seq, fact)
    position = books.portfolio.positions.get(fact.symbol)
    if instrument is None or position is None:
        return
    position.stop, position.target, position.trail = fact.stop, fact.target, fact.trail
    stop, target = level(instrument, fact.stop), level(instrument, fact.target)
    row = {"seq": seq, "position_id": position.position_id, "symbol": fact.symbol, "stop": stop, "target": target}
    books.put(stop_moves, seq, {**row, "why": fact.why, "at_ms": fact.at_ms})
    _put_position(books, instrument, position, fact.at_ms)


def protected(books: Books, seq: int, fact: ProtectionReported) -> None:
    """The exchange says what it holds."""
    instrument = books.instrument(fact.symbol, seq, fact)
    position = books.portfolio.positions.get(fact.symbol)
    if instrument is not None and position is not None:
        position.report(fact.stop, fact.target, fact.trail)
        _put_position(books, instrument, position, fact.at_ms)


def adopted(books: Books, seq: int, fact: PositionAdopted) -> None:
    """The exchange's position becomes ours."""
    instrument = books.instrument(fact.symbol, seq, fact)
    if instrument is None:
        return
    before = books.portfolio.positions.get(fact.symbol)
    books.portfolio.adopt(fact.symbol, fact.qty, fact.cost, fact.at_ms, result=fact.result)
    position = books.portfolio.positions.get(fact.symbol)
    if position is None and before is not None:
        before.qty = before.cost = 0
    _put_position(books, instrument, position or before, fact.at_ms)
    detail = f"position is now {instrument.quantity(fact.qty)}: {fact.why}"
    books.put(risk_events, seq, event(seq, fact.at_ms, "position_adopted", fact.symbol, detail))


def assigned(books: Books, seq: int, fact: PositionAssigned) -> None:
    """A person gave an external position to a profile."""
    instrument = books.instrument(fact.symbol, seq, fact)
    position = books.portfolio.positions.get(fact.symbol)
    if instrument is None or position is None:
        return
    position.assign(fact.profile, fact.leverage, stop=fact.stop, target=fact.target)
    _put_position(books, instrument, position, fact.at_ms)
    detail = f"given to {fact.profile}"
    books.put(risk_events, seq, event(seq, fact.at_ms, "position_assigned", fact.symbol, detail, fact.by))


def instrument_changed(books: Books, seq: int, fact: InstrumentChanged) -> None:
    """Prices and quantities after this fact are on the new grids."""
    instrument = fact.instrument
    use_instrument(books, instrument)
    row = {"symbol": instrument.symbol, "from_seq": seq, "given": False, "data": dumps(encode(instrument))}
    books.put(instruments, (instrument.symbol, seq), row)
    detail = f"tick {instrument.tick}, step {instrument.step}, {instrument.status.value}"
    books.put(system_events, seq, event(seq, fact.at_ms, "instrument", instrument.symbol, detail))


def use_instrument(books: Books, instrument: Instrument) -> None:
    """Count on a new grid from now on; orders touched before get their rows on the old one."""
    flush_orders(books)
    before = books.portfolio.instruments.get(instrument.symbol)
    if before is not None:
        books.portfolio.regrid(before, instrument)
        OrderBook({link_id: entry.order for link_id, entry in books.orders.items()}).regrid(before, instrument)
    books.portfolio.instruments[instrument.symbol] = instrument


def _fill(instrument: Instrument, seq: int, fact: Executed, position: Position | None) -> Row:
    return {
        "exec_id": fact.exec_id,
        "seq": seq,
        "link_id": fact.link_id,
        "order_id": fact.order_id,
        "position_id": position.position_id if position is not None else "",
        "profile": position.profile if position is not None else "",
        "symbol": fact.symbol,
        "side": "buy" if fact.buy else "sell",
        "price": instrument.price(fact.price),
        "quantity": instrument.quantity(fact.qty),
        "fee": from_money(fact.fee),
        "kind": fact.kind.value,
        "maker": fact.maker,
        "ambiguous": fact.ambiguous,
        "at_ms": fact.at_ms,
    }


def _put_position(books: Books, instrument: Instrument, position: Position | None, at_ms: int) -> None:
    if position is None:
        return
    held = position.qty != 0
    row = {
        "symbol": position.symbol,
        "position_id": position.position_id,
        "profile": position.profile,
        "quantity": instrument.quantity(position.qty),
        "entry": instrument.average(position.cost, position.size) if held else None,
        "stop": level(instrument, position.stop) if held else None,
        "target": level(instrument, position.target) if held else None,
        "fees": from_money(position.fees) if held else Decimal(0),
        "funding": from_money(position.funding) if held else Decimal(0),
        "opened_ms": position.opened_ms if held else None,
        "updated_ms": at_ms,
        "state": dumps(encode(position)) if held else None,
    }
    books.put(positions, position.symbol, row)
