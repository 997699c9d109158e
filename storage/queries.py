"""Reading results: trades, orders, fills, signals, equity, days and events of one desk."""

from typing import Any, cast

import orjson
from sqlalchemy import ColumnElement, Connection, Row, Select, Table, desc, func, literal, select, union_all

from engine.core.trades import Trade
from storage.access import Access
from storage.rows import DailyRow, EquityPoint, EventRow, FillRow, OrderRow, SignalRow, StopMove
from storage.tables_chat import equity
from storage.tables_trading import (
    daily_snapshots,
    fills,
    orders,
    risk_events,
    signals,
    stop_moves,
    system_events,
    trades,
)
from storage.upsert import put


class Queries:
    """Mode and account of the store always apply. Everything raises JournalUnavailable."""

    def __init__(self, access: Access) -> None:
        self._access = access

    async def trades(
        self,
        *,
        since_ms: int | None = None,
        until_ms: int | None = None,
        profile: str | None = None,
        symbol: str | None = None,
        limit: int | None = None,
        offset: int = 0,
        newest_first: bool = True,
    ) -> list[Trade]:
        """Return trades by their end, `since_ms` <= end < `until_ms`."""
        column = trades.c.exit_ms
        order = (column.desc(), trades.c.seq.desc()) if newest_first else (column, trades.c.seq)
        query = select(trades).where(*self._filters(since_ms, until_ms, profile, symbol)).order_by(*order)
        rows = await self._access.reader.rows(query.limit(limit).offset(offset))
        return [Trade(**_without(row, "seq")) for row in rows]

    async def count_trades(
        self,
        *,
        since_ms: int | None = None,
        until_ms: int | None = None,
        profile: str | None = None,
        symbol: str | None = None,
    ) -> int:
        """Return how many trades the same filters find."""
        query = select(func.count()).select_from(trades).where(*self._filters(since_ms, until_ms, profile, symbol))
        row = await self._access.reader.first(query)
        return int(row[0]) if row is not None else 0

    async def fills(self, limit: int, offset: int = 0) -> list[FillRow]:
        """Return executions, the last booked first."""
        return await self._newest(fills, FillRow, limit, offset)

    async def orders(self, limit: int, offset: int = 0) -> list[OrderRow]:
        """Return orders, the last decided first."""
        return await self._newest(orders, OrderRow, limit, offset)

    async def signals(
        self, limit: int, offset: int = 0, profile: str | None = None, symbol: str | None = None
    ) -> list[SignalRow]:
        """Return signals, newest first."""
        query = select(signals).where(*self._access.mine(signals), *_equal(signals, profile, symbol))
        rows = await self._access.reader.rows(query.order_by(signals.c.seq.desc()).limit(limit).offset(offset))
        return [_signal(row) for row in rows]

    async def equity(self, since_ms: int | None = None, until_ms: int | None = None) -> list[EquityPoint]:
        """Return the equity curve in order of time, `since_ms` <= time < `until_ms`."""
        mine = (*self._access.mine(equity), *_between(equity.c.at_ms, since_ms, until_ms))
        rows = await self._access.reader.rows(select(equity).where(*mine).order_by(equity.c.at_ms))
        return [EquityPoint(**_without(row, "mode", "account")) for row in rows]

    async def add_equity(self, *points: EquityPoint) -> None:
        """Keep points of the equity curve; a second one of the same instant replaces the first."""
        fields = EquityPoint.__dataclass_fields__
        rows = [self._access.key(**{name: getattr(point, name) for name in fields}) for point in points]

        def write(connection: Connection) -> None:
            put(connection, equity, rows)

        await self._access.writer.run(write)

    async def events(self, limit: int, offset: int = 0) -> list[EventRow]:
        """Return risk and system events, newest first."""
        parts = [self._events(risk_events, risk=True), self._events(system_events, risk=False)]
        query = union_all(*parts).order_by(desc("seq")).limit(limit).offset(offset)
        return [EventRow(**{**row._mapping, "risk": bool(row.risk)}) for row in await self._access.reader.rows(query)]

    async def daily(self, since_day: str | None = None, until_day: str | None = None) -> list[DailyRow]:
        """Return UTC days in order, `since_day` <= day < `until_day` (YYYY-MM-DD)."""
        mine = (*self._access.mine(daily_snapshots), *_between(daily_snapshots.c.day, since_day, until_day))
        rows = await self._access.reader.rows(select(daily_snapshots).where(*mine).order_by(daily_snapshots.c.day))
        return [DailyRow(**_without(row, "mode", "account")) for row in rows]

    async def stop_moves(self, position_id: str) -> list[StopMove]:
        """Return how a position's stop and target moved, in order."""
        mine = (*self._access.mine(stop_moves), stop_moves.c.position_id == position_id)
        columns = (stop_moves.c.at_ms, stop_moves.c.stop, stop_moves.c.target, stop_moves.c.why)
        rows = await self._access.reader.rows(select(*columns).where(*mine).order_by(stop_moves.c.seq))
        return [StopMove(**row._mapping) for row in rows]

    def _filters(
        self, since_ms: int | None, until_ms: int | None, profile: str | None, symbol: str | None
    ) -> list[ColumnElement[bool]]:
        period = _between(trades.c.exit_ms, since_ms, until_ms)
        return [*self._access.mine(trades), *period, *_equal(trades, profile, symbol)]

    def _events(self, table: Table, *, risk: bool) -> Select[Any]:
        wanted = (table.c.seq, table.c.at_ms, table.c.kind, table.c.subject, table.c.detail, table.c.who)
        return select(*wanted, literal(risk).label("risk")).where(*self._access.mine(table))

    async def _newest[R](self, table: Table, kind: type[R], limit: int, offset: int) -> list[R]:
        names = cast(Any, kind).__dataclass_fields__
        query = select(*(table.c[name] for name in names)).where(*self._access.mine(table))
        rows = await self._access.reader.rows(query.order_by(table.c.seq.desc()).limit(limit).offset(offset))
        return [kind(**row._mapping) for row in rows]


def _between(column: Any, since: Any, until: Any) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if since is not None:
        conditions.append(column >= since)
    if until is not None:
        conditions.append(column < until)
    return conditions


def _equal(table: Table, profile: str | None, symbol: str | None) -> list[ColumnElement[bool]]:
    wanted = (("profile", profile), ("symbol", symbol))
    return [table.c[name] == value for name, value in wanted if value is not None]


def _without(row: Row[Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in row._mapping.items() if name not in names}


def _signal(row: Row[Any]) -> SignalRow:
    values = _without(row, "mode", "account", "seq", "indicators", "gate")
    values |= {"also": tuple(orjson.loads(row.also)), "values": orjson.loads(row.indicators), "check": row.gate}
    return SignalRow(**values)
