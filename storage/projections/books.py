"""What projections work on: open books in memory, and the rows that a batch of facts changes."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import Table

from engine.core.market import Instrument
from engine.core.money import Ticks
from engine.core.orders import Order, OrderBook
from engine.core.portfolio import Portfolio
from storage.tables_trading import daily_snapshots, system_events

type Row = dict[str, Any]


@dataclass(slots=True)
class OrderEntry:
    """An order with what its row needs beside it: number of its intent, last reason heard."""

    order: Order
    seq: int
    why: str = ""


@dataclass(slots=True)
class Books:
    """State of the fold for one desk. `changed` holds the rows to be written, by table and key; the last one counts."""

    desk: dict[str, str]
    portfolio: Portfolio
    orders: dict[str, OrderEntry] = field(default_factory=dict)
    executions: set[str] = field(default_factory=set)
    days: dict[str, Row] = field(default_factory=dict)
    changed: dict[Table, dict[Any, Row]] = field(default_factory=dict)
    touched: set[str] = field(default_factory=set)

    def put(self, table: Table, key: Any, row: Row) -> None:
        """Set a row of a table."""
        self.changed.setdefault(table, {})[key] = {**self.desk, **row}

    def book(self, link_id: str) -> tuple[OrderEntry, OrderBook] | None:
        """Return an order's entry and a book holding just it; its row will be written. None when it is not ours."""
        entry = self.orders.get(link_id)
        if entry is None:
            return None
        self.touched.add(link_id)
        return entry, OrderBook({link_id: entry.order})

    def instrument(self, symbol: str, seq: int, fact: Any) -> Instrument | None:
        """Return an instrument; its absence is put on record, because the fact then has no row."""
        found = self.portfolio.instruments.get(symbol)
        if found is None:
            detail = f"{type(fact).__name__} has no row: the instrument is unknown"
            self.put(system_events, seq, event(seq, fact.at_ms, "unprojected", symbol, detail))
        return found

    def day(self, at_ms: int) -> Row:
        """Return the row of the UTC day that holds `at_ms`, to be changed in place."""
        name = day_name(at_ms)
        row = self.days.get(name)
        if row is None:
            row = self.days[name] = {**self.desk, "day": name, **_EMPTY_DAY}
        self.changed.setdefault(daily_snapshots, {})[name] = row
        return row

    def drain(self) -> Iterator[tuple[Table, list[Row]]]:
        """Give the changed rows by table."""
        for table, rows in self.changed.items():
            yield table, list(rows.values())
        self.changed = {}


_EMPTY_DAY: Row = {
    "start_equity": None,
    "end_equity": None,
    "net": Decimal(0),
    "fees": Decimal(0),
    "funding": Decimal(0),
    "trades": 0,
    "wins": 0,
    "losses": 0,
    "fills": 0,
}


def day_name(at_ms: int) -> str:
    """Return the UTC day of an instant as YYYY-MM-DD."""
    return datetime.fromtimestamp(at_ms // 1000, UTC).date().isoformat()


def event(seq: int, at_ms: int, kind: str, subject: str, detail: str, who: str = "desk") -> Row:
    """Return the row of a risk or system event."""
    return {"seq": seq, "at_ms": at_ms, "kind": kind, "subject": subject, "detail": detail, "who": who}


def level(instrument: Instrument | None, ticks: Ticks | None) -> Decimal | None:
    """Return a price level; none for 0 ticks, which means no level."""
    return instrument.price(ticks) if instrument is not None and ticks else None
