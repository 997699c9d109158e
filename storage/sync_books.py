"""What our own books know of rows of the exchange's history: which are booked, whose they are, what a trip made."""

from collections.abc import Collection
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sqlalchemy import Select, and_, case, literal, select, union_all

from engine.core.events import ExecKind
from storage.access import Access
from storage.sync import parts
from storage.tables_sync import venue_history
from storage.tables_trading import fills, funding, orders, positions, trades

_EVER = 1 << 62
# Stops, targets and liquidations carry no id of a program, and nobody placed them by hand.
_BY_ITSELF = and_(fills.c.link_id == "", fills.c.kind != ExecKind.MANUAL.value)


@dataclass(frozen=True, slots=True, kw_only=True)
class Trip:
    """A position of ours, round trip or still open (`exit_ms` far away)."""

    symbol: str
    profile: str
    entry_ms: int
    exit_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Booked:
    """A closed round trip: result after fees and before funding, as closed P&L has it, and the orders it was made
    with.
    """

    symbol: str
    profile: str
    entry_ms: int
    exit_ms: int
    result: Decimal
    order_ids: tuple[str, ...]


class SyncBooks:
    """Questions to fills, orders, funding, trades and positions of one desk."""

    def __init__(self, access: Access) -> None:
        self._access = access

    async def executions(self, ids: Collection[str]) -> dict[str, str]:
        """Return those of these executions and settlements that are booked: with the profile where the exchange made
        them by itself, "" where an order's own id says whose they are.
        """
        found: dict[str, str] = {}
        whose = case((_BY_ITSELF, fills.c.profile), else_="").label("profile")
        for part in parts(ids):
            for table, column in ((fills, whose), (funding, funding.c.profile)):
                query = select(table.c.exec_id, column).where(*self._access.mine(table), table.c.exec_id.in_(part))
                found |= {row.exec_id: row.profile for row in await self._access.reader.rows(query)}
        return found

    async def owners(self, order_ids: Collection[str], *, nobody: str) -> dict[str, str]:
        """Return to whom orders belong, by their id at the exchange: profiles only, neither "" nor `nobody`. What
        the exchange did by itself is found by its executions.
        """
        found: dict[str, str] = {}
        for part in parts(order_ids):
            rows = await self._access.reader.rows(self._owners(part, nobody))
            for row in sorted(rows, key=lambda row: row.rank, reverse=True):
                found[row.order_id] = row.owner
        return found

    def _owners(self, part: list[str], nobody: str) -> Any:
        def of(table: Any, column: Any, rank: int) -> Select[Any]:
            query = select(table.c.order_id, column.label("owner"), literal(rank).label("rank"))
            return query.where(*self._access.mine(table), table.c.order_id.in_(part), column.not_in(("", nobody)))

        read = of(venue_history, venue_history.c.owner, 2).where(venue_history.c.kind == "executions")
        return union_all(of(orders, orders.c.profile, 0), of(fills, fills.c.profile, 1).where(_BY_ITSELF), read)

    async def trips(self, since_ms: int, until_ms: int) -> list[Trip]:
        """Return the positions of ours that were open at some time of a span."""
        c = trades.c
        query = select(c.symbol, c.profile, c.entry_ms, c.exit_ms).where(
            *self._access.mine(trades), c.exit_ms >= since_ms, c.entry_ms <= until_ms
        )
        closed = [Trip(**row._mapping) for row in await self._access.reader.rows(query)]
        p = positions.c
        held = select(p.symbol, p.profile, p.opened_ms).where(
            *self._access.mine(positions), p.opened_ms.is_not(None), p.opened_ms <= until_ms
        )
        rows = await self._access.reader.rows(held)
        return closed + [
            Trip(symbol=row.symbol, profile=row.profile, entry_ms=row.opened_ms, exit_ms=_EVER) for row in rows
        ]

    async def booked(self, since_ms: int, until_ms: int) -> list[Booked]:
        """Return the round trips that ended in a span (both ends included), by their end."""
        c = trades.c
        here = (*self._access.mine(trades), c.exit_ms >= since_ms, c.exit_ms <= until_ms)
        rows = await self._access.reader.rows(select(trades).where(*here).order_by(c.exit_ms))
        by_trip = await self._orders_of([row.position_id for row in rows])
        return [
            Booked(
                symbol=row.symbol,
                profile=row.profile,
                entry_ms=row.entry_ms,
                exit_ms=row.exit_ms,
                result=row.gross - row.fees,
                order_ids=tuple(by_trip.get(row.position_id, ())),
            )
            for row in rows
        ]

    async def _orders_of(self, position_ids: Collection[str]) -> dict[str, dict[str, None]]:
        found: dict[str, dict[str, None]] = {}
        for part in parts(position_ids):
            c = fills.c
            query = select(c.position_id, c.order_id).where(*self._access.mine(fills), c.position_id.in_(part))
            for row in await self._access.reader.rows(query.order_by(c.seq)):
                if row.order_id:
                    found.setdefault(row.position_id, {})[row.order_id] = None
        return found
