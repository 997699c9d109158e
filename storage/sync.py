"""Rows of the exchange's own history, kept window by window: a window and how far it was read are one transaction."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement, Row, Table, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.access import Access
from storage.tables_sync import sync_windows, venue_history
from storage.tables_trading import fills, funding, orders, trades
from storage.upsert import put, put_new

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


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnTrade:
    """A round trip of ours, for saying to whom the exchange's own orders belong."""

    symbol: str
    profile: str
    entry_ms: int
    exit_ms: int


class SyncStore:
    """The exchange's history of one desk."""

    def __init__(self, access: Access) -> None:
        self._access = access

    async def windows(self) -> list[WindowRow]:
        """Return every window read so far."""
        query = select(sync_windows).where(*self._access.mine(sync_windows)).order_by(sync_windows.c.start_ms)
        return [WindowRow(**_own(row)) for row in await self._access.reader.rows(query)]

    async def keep(self, window: WindowRow, rows: Sequence[PastRow]) -> int:
        """Store a window's rows and that it was read, in one transaction; returns how many rows were new."""

        async def write(connection: AsyncConnection) -> int:
            new = 0
            for row in rows:
                new += await put_new(connection, venue_history, self._access.key(**_fields(row)))
            await put(connection, sync_windows, [self._access.key(**_fields(window))])
            return new

        count: int = await self._access.writer.run(write)
        return count

    async def counts(self) -> dict[tuple[str, str], int]:
        """Return how many rows there are by kind and owner."""
        table = venue_history
        query = (
            select(table.c.kind, table.c.owner, func.count().label("number"))
            .where(*self._access.mine(table))
            .group_by(table.c.kind, table.c.owner)
        )
        return {(row.kind, row.owner): row.number for row in await self._access.reader.rows(query)}

    async def known_executions(self, ids: Collection[str]) -> set[str]:
        """Return those of these executions that our own books hold, fills and funding."""
        return await self._among(fills, fills.c.exec_id, ids) | await self._among(funding, funding.c.exec_id, ids)

    async def owners_of_orders(self, ids: Collection[str]) -> dict[str, str]:
        """Return the profiles of our orders among these exchange order ids."""
        found: dict[str, str] = {}
        wanted = [one for one in ids if one]
        for first in range(0, len(wanted), _MOST):
            part = orders.c.order_id.in_(wanted[first : first + _MOST])
            query = select(orders.c.order_id, orders.c.profile).where(*self._access.mine(orders), part)
            found |= {row.order_id: row.profile for row in await self._access.reader.rows(query)}
        return found

    async def own_trades(self, since_ms: int, until_ms: int) -> list[OwnTrade]:
        """Return our round trips that touch a span."""
        c = trades.c
        query = select(c.symbol, c.profile, c.entry_ms, c.exit_ms).where(
            *self._access.mine(trades), c.exit_ms >= since_ms, c.entry_ms <= until_ms
        )
        return [OwnTrade(**row._mapping) for row in await self._access.reader.rows(query)]

    async def _among(self, table: Table, column: ColumnElement[Any], ids: Collection[str]) -> set[str]:
        found: set[str] = set()
        wanted = list(ids)
        for first in range(0, len(wanted), _MOST):
            part = column.in_(wanted[first : first + _MOST])
            rows = await self._access.reader.rows(select(column).where(*self._access.mine(table), part))
            found |= {row[0] for row in rows}
        return found


def _fields(row: PastRow | WindowRow) -> dict[str, Any]:
    return {name: getattr(row, name) for name in row.__slots__}


def _own(row: Row[Any]) -> dict[str, Any]:
    return {name: value for name, value in row._mapping.items() if name not in {"mode", "account"}}
