"""SQLite statements in one turn of the driver's thread each: executed, read to the end and closed there.

The driver's own cursor goes to its thread and back four times a statement, and every way back waits for the loop: in a
busy desk a commit spent most of its time waiting. Of long results the rest is read when asked for. What has no answer
waits for what has one, or for the commit, and goes to the thread with that: marks of savepoints always, and while the
connection `gathers`, the beginning of a transaction and inserts as well.
"""

import sqlite3
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Self

import aiosqlite
from sqlalchemy.ext.asyncio import AsyncConnection

# How many rows are read with the statement itself.
FIRST_ROWS = 1_000
_MARKS = ("SAVEPOINT", "RELEASE")
_WRITES = ("BEGIN", "INSERT")


@dataclass(frozen=True, slots=True)
class _Waiting:
    statement: str
    values: Sequence[Any]
    many: bool

    def run(self, connection: sqlite3.Connection) -> sqlite3.Cursor:
        if self.many:
            return connection.executemany(self.statement, self.values)
        return connection.execute(self.statement, self.values)


class OneHopConnection(aiosqlite.Connection):
    """A connection with cursors that do so. While it `gathers`, nobody learns how many rows an insert made."""

    gathers = False

    def __init__(self, *where: Any, **how: Any) -> None:
        super().__init__(*where, **how)
        self._waiting: list[_Waiting] = []

    def cursor(self) -> "OneHopCursor":  # type: ignore[override]  # what the driver returns has to be awaited
        """Return a cursor; nothing happens yet."""
        return OneHopCursor(self)

    async def done[R](self, work: Callable[[sqlite3.Connection], R]) -> R:
        """Do something in the connection's thread; raises what it raises, ValueError when closed."""
        before, self._waiting = self._waiting, []

        def all_of_it(connection: sqlite3.Connection) -> R:
            for each in before:
                each.run(connection).close()
            return work(connection)

        result: R = await self._execute(all_of_it, self._conn)  # type: ignore[no-untyped-call]  # the driver's, untyped
        return result

    def waits(self, statement: str, values: Sequence[Any], *, many: bool) -> bool:
        """Whether a statement was put aside until the next one that is not, or the commit."""
        may = statement.startswith(_MARKS) or (
            self.gathers and statement.startswith(_WRITES) and "RETURNING" not in statement
        )
        if may:
            self._waiting.append(_Waiting(statement, values, many))
        return may

    async def flush(self) -> None:
        """Do what waits; raises sqlite3.Error."""
        if self._waiting:
            await self.done(lambda _: None)

    async def commit(self) -> None:
        """Do what waits, and commit; raises sqlite3.Error."""
        await self.done(lambda connection: connection.commit())

    async def rollback(self) -> None:
        """Forget what waits, and undo the rest; raises sqlite3.Error."""
        self._waiting = []
        await self.done(lambda connection: connection.rollback())


class OneHopCursor:
    """As much of a cursor as SQLAlchemy asks for."""

    arraysize = 1

    def __init__(self, connection: OneHopConnection) -> None:
        self._connection = connection
        self._cursor: sqlite3.Cursor | None = None
        self._rows: deque[Any] = deque()
        self.description: Any = None
        self.rowcount = -1
        self.lastrowid: int | None = None

    async def __aenter__(self) -> Self:
        """Return the cursor."""
        return self

    async def execute(self, statement: str, values: Sequence[Any] = ()) -> Self:
        """Execute and read the first rows; raises sqlite3.Error."""
        return await self._run(_Waiting(statement, values, many=False))

    async def executemany(self, statement: str, rows: Sequence[Sequence[Any]]) -> Self:
        """Execute for every row; raises sqlite3.Error."""
        return await self._run(_Waiting(statement, rows, many=True))

    async def _run(self, what: _Waiting) -> Self:
        def work(connection: sqlite3.Connection) -> sqlite3.Cursor | None:
            cursor = what.run(connection)
            self.description, self.lastrowid = cursor.description, cursor.lastrowid
            self._rows.extend(cursor.fetchmany(FIRST_ROWS) if cursor.description else ())
            # Behind the last row of a statement that returns what it changed.
            self.rowcount = cursor.rowcount
            if len(self._rows) == FIRST_ROWS:
                return cursor
            cursor.close()
            return None

        await self.close()
        if self._connection.waits(what.statement, what.values, many=what.many):
            self.description, self.lastrowid, self.rowcount = None, None, -1
            return self
        self._cursor = await self._connection.done(work)
        return self

    async def fetchone(self) -> Any:
        """Return the next row, None behind the last."""
        rows = await self.fetchmany(1)
        return rows[0] if rows else None

    async def fetchmany(self, size: int | None = None) -> list[Any]:
        """Return the next rows."""
        wanted = self.arraysize if size is None else size
        cursor = self._cursor
        if cursor is not None and len(self._rows) < wanted:
            self._rows.extend(await self._connection.done(lambda _: cursor.fetchmany(wanted)))
        return [self._rows.popleft() for _ in range(min(wanted, len(self._rows)))]

    async def fetchall(self) -> list[Any]:
        """Return all rows that are left."""
        cursor = self._cursor
        rest = [] if cursor is None else await self._connection.done(lambda _: cursor.fetchall())
        rows = [*self._rows, *rest]
        self._rows.clear()
        return rows

    async def close(self) -> None:
        """Let go of what was not read."""
        cursor, self._cursor = self._cursor, None
        self._rows.clear()
        if cursor is not None:
            await self._connection.done(lambda _: cursor.close())


async def driver_of(connection: AsyncConnection) -> OneHopConnection | None:
    """Return the connection underneath; None on a server."""
    driver = (await connection.get_raw_connection()).driver_connection
    return driver if isinstance(driver, OneHopConnection) else None


def connected(*where: Any, **how: Any) -> OneHopConnection:
    """Return a connection to be awaited; arguments as of `sqlite3.connect`."""
    connection = OneHopConnection(lambda: sqlite3.connect(*where, **how), FIRST_ROWS)
    # A connection that was forgotten must not keep a process from ending.
    connection._thread.daemon = True
    return connection
