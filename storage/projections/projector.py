"""Runs the projections of a batch of facts: reads what they need, folds, writes the changed rows.

What is in memory is a cache of the tables; `reset()` empties it after a failed transaction.
"""

from collections.abc import Sequence
from functools import cache
from typing import Any

import orjson
from sqlalchemy import Column, ColumnElement, Connection, Select, Table, bindparam, select

from engine.core.codec import decode
from engine.core.events import Executed, FundingPaid
from engine.core.facts import Fact, OrderIntended, ReferenceSet, TradeClosed
from engine.core.market import DAY_MS, Instrument
from engine.core.orders import Order
from engine.core.portfolio import Portfolio, Position
from storage.projections.books import Books, OrderEntry, day_name
from storage.projections.order_rows import flush_orders
from storage.projections.position_rows import use_instrument
from storage.projections.registry import PROJECTIONS
from storage.tables_trading import daily_snapshots, fills, funding, instruments, orders, positions
from storage.upsert import put

type Entry = tuple[int, Fact]
_MOST_PARAMETERS = 500
_MOST_ORDERS = 4_000
_AT_ONCE = 250


class Projector:
    """The fold of one desk's facts into tables."""

    def __init__(self, desk: dict[str, str]) -> None:
        self._desk = desk
        self._books: Books | None = None
        self._given: list[tuple[int, Instrument]] = []
        self._fallback: dict[str, Instrument] = {}

    def reset(self) -> None:
        """Forget everything; it is read again when needed."""
        self._books = None

    def begin_anew(self, given: list[tuple[int, Instrument]]) -> None:
        """Start from empty tables; `given` instruments hold from after their number."""
        self._books = Books(self._desk, self._portfolio())
        self._given = sorted(given, key=lambda pair: pair[0])

    def know(self, instrument: Instrument) -> None:
        """Use an instrument where the database has none of its symbol."""
        self._fallback[instrument.symbol] = instrument

    def project(self, connection: Connection, entries: Sequence[Entry]) -> None:
        """Write the rows that numbered facts change."""
        if self._books is None:
            self._books = self._load(connection)
        books = self._books
        self._fetch(connection, books, [fact for _, fact in entries])
        for seq, fact in entries:
            while self._given and self._given[0][0] < seq:
                _, instrument = self._given.pop(0)
                use_instrument(books, instrument)
            projection = PROJECTIONS.get(type(fact))
            if projection is not None:
                projection(books, seq, fact)
        flush_orders(books)
        for table, rows in books.drain():
            for start in range(0, len(rows), _AT_ONCE):
                put(connection, table, rows[start : start + _AT_ONCE])
        _trim(books)

    def _portfolio(self) -> Portfolio:
        return Portfolio(self._desk["account"], self._desk["mode"])

    def _mine(self, table: Table) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
        return table.c.mode == self._desk["mode"], table.c.account == self._desk["account"]

    def _load(self, connection: Connection) -> Books:
        books = Books(self._desk, self._portfolio())
        books.portfolio.instruments.update(self._fallback)
        known = select(instruments.c.data).where(*self._mine(instruments)).order_by(instruments.c.from_seq)
        for row in connection.execute(known):
            instrument = decode(Instrument, orjson.loads(row.data))
            books.portfolio.instruments[instrument.symbol] = instrument
        held = select(positions.c.state).where(*self._mine(positions), positions.c.state.is_not(None))
        for row in connection.execute(held):
            position = decode(Position, orjson.loads(row.state))
            books.portfolio.positions[position.symbol] = position
        return books

    def _fetch(self, connection: Connection, books: Books, facts: Sequence[Fact]) -> None:
        # An intent is an order's first fact: there is nothing to read of it yet.
        fresh = {fact.ticket.link_id for fact in facts if isinstance(fact, OrderIntended)}
        links = {_link(fact) for fact in facts} - {""} - fresh - books.orders.keys()
        for row in self._among(connection, orders.c.link_id, links, (orders.c.state, orders.c.seq, orders.c.why)):
            order = decode(Order, orjson.loads(row.state))
            books.orders[order.ticket.link_id] = OrderEntry(order, row.seq, row.why)
        for kind, column in ((Executed, fills.c.exec_id), (FundingPaid, funding.c.exec_id)):
            ids = {fact.exec_id for fact in facts if isinstance(fact, kind)}
            books.executions.update(row.exec_id for row in self._among(connection, column, ids, (column,)))
        names = {name for fact in facts for name in _days(fact)} - books.days.keys()
        for row in self._among(connection, daily_snapshots.c.day, names, tuple(daily_snapshots.c)):
            books.days[row.day] = dict(row._mapping)

    def _among(
        self, connection: Connection, column: Column[Any], values: set[str], wanted: tuple[Column[Any], ...]
    ) -> list[Any]:
        found: list[Any] = []
        ordered = sorted(values)
        for start in range(0, len(ordered), _MOST_PARAMETERS):
            part = ordered[start : start + _MOST_PARAMETERS]
            found += connection.execute(_among(column, wanted), {**self._desk, "keys": part}).all()
        return found


@cache
def _among(column: Column[Any], wanted: tuple[Column[Any], ...]) -> Select[Any]:
    # Composing one takes longer than the question itself.
    table = column.table
    mine = (table.c.mode == bindparam("mode"), table.c.account == bindparam("account"))
    return select(*wanted).where(*mine, column.in_(bindparam("keys", expanding=True)))


def _link(fact: Fact) -> str:
    if isinstance(fact, OrderIntended):
        return fact.ticket.link_id
    return getattr(fact, "link_id", "")


def _days(fact: Fact) -> tuple[str, ...]:
    if isinstance(fact, Executed | FundingPaid):
        return (day_name(fact.at_ms),)
    if isinstance(fact, TradeClosed):
        return (day_name(fact.trade.exit_ms),)
    if isinstance(fact, ReferenceSet):
        return day_name(fact.at_ms), day_name(fact.at_ms - DAY_MS)
    return ()


def _trim(books: Books) -> None:
    # Executions seen are asked of the table each time; orders that are over and old days are read again when needed.
    books.executions.clear()
    if len(books.orders) > _MOST_ORDERS:
        books.orders = {key: entry for key, entry in books.orders.items() if not entry.order.over}
    if len(books.days) > 7:
        newest = sorted(books.days)[-7:]
        books.days = {name: books.days[name] for name in newest}
