"""Transactions of the one writer. Their work is plain code on a connection and knows nothing of the event loop.

With SQLite a transaction runs from its beginning to its commit in one turn of a thread of its own: when it went back to
the loop after every statement, a commit in a busy desk spent nearly all of its time waiting for its turns. A server is
spoken to from the loop.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol

from sqlalchemy import Connection, Engine
from sqlalchemy.engine import URL
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from storage.database import Tuning, file_engine, file_of, server_engine


class Transactions(Protocol):
    """One connection, made when it is first needed."""

    async def run[R](self, work: Callable[[Connection], R]) -> R:
        """Return what the work returns once it is durable; raises what it raises and DATABASE_ERRORS, undone then."""

    async def renew(self) -> None:
        """Let go of the connection; the next transaction makes a new one."""

    async def close(self) -> None:
        """Let go of everything; may be called again."""


def transactions(url: URL, tuning: Tuning) -> Transactions:
    """Return the transactions of a database; nothing is opened yet."""
    if file_of(url) is None:
        return ServerTransactions(server_engine(url))
    return FileTransactions(file_engine(url, tuning))


class FileTransactions:
    """SQLite."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._thread = ThreadPoolExecutor(1, "storage writer")
        self._connection: Connection | None = None
        self._closed = False

    async def run[R](self, work: Callable[[Connection], R]) -> R:
        """Do it in the thread; a caller that is cancelled does not stop it."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._done, work)

    async def renew(self) -> None:
        """Let go of the connection, behind what still runs; also when nobody waits for that any more."""
        await asyncio.shield(asyncio.get_running_loop().run_in_executor(self._thread, self._dropped))

    async def close(self) -> None:
        """End the thread as well; a second time nothing."""
        if not self._closed:
            self._closed = True
            try:
                await self.renew()
            finally:
                self._thread.shutdown(wait=False)

    def _done[R](self, work: Callable[[Connection], R]) -> R:
        if self._connection is None:
            self._connection = self._engine.connect()
        with self._connection.begin():
            return work(self._connection)

    def _dropped(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.invalidate()
            connection.close()
        self._engine.dispose()


class ServerTransactions:
    """PostgreSQL."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._connection: AsyncConnection | None = None

    async def run[R](self, work: Callable[[Connection], R]) -> R:
        """Do it on the loop; it waits for the server's answers without holding the loop."""
        if self._connection is None:
            self._connection = await self._engine.connect()
        async with self._connection.begin():
            return await self._connection.run_sync(work)

    async def renew(self) -> None:
        """Let go of the connection."""
        connection, self._connection = self._connection, None
        if connection is not None:
            await connection.invalidate()
            await connection.close()

    async def close(self) -> None:
        """Let go of the pool as well."""
        await self.renew()
        await self._engine.dispose()
