"""SQLite's answers in one turn of the driver's thread each: executed, read to the end and closed there.

The driver's own cursor goes to its thread and back four times a statement, and every way back waits for the loop. Of
long results the rest is read when asked for. A transaction begins with its first statement.
"""

import asyncio
import sqlite3
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any, Self

import aiosqlite

# How many rows are read with the statement itself.
FIRST_ROWS = 1_000
_BEGIN = "BEGIN"


class OneHopConnection(aiosqlite.Connection):
    """A connection with cursors that do so."""

    def __init__(self, connector: Callable[[], sqlite3.Connection], rows: int) -> None:
        super().__init__(self._opened, rows)
        self._open = connector
        self._made: sqlite3.Connection | None = None
        self._begins = self._ends = False
        self._ended: asyncio.Future[Any] | None = None

    def _opened(self) -> sqlite3.Connection:
        made = self._made = self._open()
        return made

    def stop(self) -> asyncio.Future[Any] | None:
        """End the thread; what it opened for somebody who was cancelled meanwhile is closed too.

        A connection that is given up while it closes is ended twice: behind its end the thread answers nobody.
        """
        if not self._ends:
            self._ends = True
            self._tx.put_nowait((None, self._close_made))
            self._ended = super().stop()
        return self._ended

    def _close_made(self) -> None:
        if self._made is not None:
            self._made.close()

    def cursor(self) -> "OneHopCursor":  # type: ignore[override]  # what the driver returns has to be awaited
        """Return a cursor; nothing happens yet."""
        return OneHopCursor(self)

    def begin(self) -> None:
        """Begin a transaction with the next statement."""
        self._begins = True

    async def done[R](self, work: Callable[[sqlite3.Connection], R]) -> R:
        """Do something in the connection's thread; raises what it raises, ValueError when closed."""
        begins, self._begins = self._begins, False

        def all_of_it(connection: sqlite3.Connection) -> R:
            if begins:
                connection.execute(_BEGIN).close()
            return work(connection)

        result: R = await self._execute(all_of_it, self._conn)  # type: ignore[no-untyped-call]  # the driver's, untyped
        return result

    async def rollback(self) -> None:
        """Undo what was begun; raises sqlite3.Error."""
        if self._begins:
            self._begins = False
        else:
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

        def work(connection: sqlite3.Connection) -> sqlite3.Cursor | None:
            cursor = connection.execute(statement, values)
            self.description, self.lastrowid = cursor.description, cursor.lastrowid
            self._rows.extend(cursor.fetchmany(FIRST_ROWS) if cursor.description else ())
            # Behind the last row of a statement that returns what it changed.
            self.rowcount = cursor.rowcount
            if len(self._rows) == FIRST_ROWS:
                return cursor
            cursor.close()
            return None

        await self.close()
        if statement == _BEGIN:
            self._connection.begin()
        else:
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


def connected(*where: Any, **how: Any) -> OneHopConnection:
    """Return a connection to be awaited; arguments as of `sqlite3.connect`."""
    connection = OneHopConnection(lambda: sqlite3.connect(*where, **how), FIRST_ROWS)
    # A connection that was forgotten must not keep a process from ending.
    connection._thread.daemon = True
    return connection
