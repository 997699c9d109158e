"""Rows of the exchange's own history, kept window by window: a window counts as read once all its rows are kept."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Table, delete, func, select

from storage.access import Access
from storage.database import Reader
from storage.tables_sync import sync_windows, venue_history
from storage.upsert import put

# The desk's journal goes through the same writer: no transaction of the past may keep it waiting.
_AT_ONCE = 200
_MOST = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class PastRow:
    """One row as it is kept; `owner` is a profile, `desk` or `external`."""

    kind: str
    row_id: str
    order_id: str
    link_id: str
    symbol: str
    side: str
    quantity: Decimal
    price: Decimal | None
    fee: Decimal | None
    pnl: Decimal | None
    made_by: str
    owner: str
    at_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowRow:
    """A window that was read to its end; `complete` when nothing can be added to it."""

    kind: str
    start_ms: int
    end_ms: int
    complete: bool
    rows: int
    unreadable: int
    done_ms: int


class SyncRows:
    """The exchange's history of one desk, to be read; needs no writer, so it may look beside a running desk."""

    def __init__(self, reader: Reader, desk: dict[str, str]) -> None:
        self._reader, self._desk = reader, desk

    async def windows(self) -> list[WindowRow]:
        """Return every window read so far."""
        query = select(sync_windows).where(*self._mine(sync_windows)).order_by(sync_windows.c.start_ms)
        return [WindowRow(**_own(row)) for row in await self._reader.rows(query)]

    async def counts(self) -> dict[tuple[str, str], int]:
        """Return how many rows there are by kind and owner."""
        c = venue_history.c
        query = select(c.kind, c.owner, func.count().label("number")).where(*self._mine(venue_history))
        rows = await self._reader.rows(query.group_by(c.kind, c.owner))
        return {(row.kind, row.owner): row.number for row in rows}

    async def kept(self, kind: str, ids: Collection[str]) -> set[str]:
        """Return those of these rows that are kept already."""
        found: set[str] = set()
        for part in parts(ids):
            c = venue_history.c
            query = select(c.row_id).where(*self._mine(venue_history), c.kind == kind, c.row_id.in_(part))
            found |= {row.row_id for row in await self._reader.rows(query)}
        return found

    async def closed(self, order_ids: Collection[str]) -> dict[str, Decimal]:
        """Return the closed P&L of these orders by order id, as far as it is kept."""
        found: dict[str, Decimal] = {}
        for part in parts(order_ids):
            c = venue_history.c
            query = select(c.order_id, c.pnl).where(
                *self._mine(venue_history), c.kind == "closed", c.order_id.in_(part)
            )
            for row in await self._reader.rows(query):
                found[row.order_id] = found.get(row.order_id, Decimal(0)) + (row.pnl or 0)
        return found

    def _mine(self, table: Table) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
        return table.c.mode == self._desk["mode"], table.c.account == self._desk["account"]


class SyncStore(SyncRows):
    """The same, to be added to."""

    def __init__(self, access: Access) -> None:
        super().__init__(access.reader, access.desk)
        self._access = access

    async def keep(self, window: WindowRow, rows: Sequence[PastRow]) -> None:
        """Store a window's rows, then that it was read; what a row says now replaces what it said before. Raises
        JournalUnavailable; the part that was stored is replaced when the window is read again.
        """
        entries = [self._access.key(**_fields(row)) for row in rows]
        for first in range(0, len(entries), _AT_ONCE):
            await self._put(venue_history, entries[first : first + _AT_ONCE])
        gone = await self._gone(window, {row.row_id for row in rows})

        def finish(connection: Connection) -> None:
            for part in parts(gone):
                c = venue_history.c
                here = (*self._mine(venue_history), c.kind == window.kind, c.row_id.in_(part))
                connection.execute(delete(venue_history).where(*here))
            put(connection, sync_windows, [self._access.key(**_fields(window))])

        await self._access.writer.run(finish)

    async def _put(self, table: Table, rows: list[dict[str, Any]]) -> None:
        await self._access.writer.run(lambda connection: put(connection, table, rows))

    async def _gone(self, window: WindowRow, ids: Collection[str]) -> list[str]:
        # A closing order that was still being filled shows under another time and size afterwards.
        if window.kind != "closed":
            return []
        c = venue_history.c
        span = (c.kind == window.kind, c.at_ms >= window.start_ms, c.at_ms <= window.end_ms)
        query = select(c.row_id).where(*self._mine(venue_history), *span)
        return [row.row_id for row in await self._reader.rows(query) if row.row_id not in ids]


def parts(ids: Collection[str]) -> Iterator[list[str]]:
    """Iterate over ids, no more at once than a statement takes, none empty."""
    wanted = [one for one in ids if one]
    for first in range(0, len(wanted), _MOST):
        yield wanted[first : first + _MOST]


def _fields(row: PastRow | WindowRow) -> dict[str, Any]:
    return {name: getattr(row, name) for name in row.__slots__}


def _own(row: Row[Any]) -> dict[str, Any]:
    return {name: value for name, value in row._mapping.items() if name not in {"mode", "account"}}
