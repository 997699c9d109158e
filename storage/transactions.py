"""Transactions of the one writer. Their work is plain code on a connection and knows nothing of the event loop.

They are made one by one from the loop (`run`), or one after the other by a function in a thread of its own (`serve`): a
commit that had to go back to a busy loop before the next one spent nearly all of its time waiting for its turns. A
server is spoken to from the loop in any case.
"""

import asyncio
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Protocol

from sqlalchemy import Connection, Engine
from sqlalchemy.engine import URL
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from storage.database import Tuning, file_engine, file_of, server_engine


class Transactions(Protocol):
    """One connection, made when it is first needed."""

    aside_s: float
    """How long a loop may stand still to let one of them go first: while it computes, the thread that makes it gets the
    interpreter only for moments. Above 0 only where they do not need the loop.
    """

    async def run[R](self, work: Callable[[Connection], R]) -> R:
        """Return what the work returns once it is durable; raises what it raises and DATABASE_ERRORS, undone then.

        Not while something is served.
        """

    async def serve(self, function: Callable[[], None]) -> None:
        """Run a function in a thread until it ends; it and nobody else may then use `do` and `renew`."""

    def do[R](self, work: Callable[[Connection], R]) -> R:
        """Do as `run` does, from the function that is served."""

    def renew(self) -> None:
        """Let go of the connection, from the function that is served; the next transaction makes a new one."""

    async def close(self) -> None:
        """Let go of everything; may be called again."""


def transactions(url: URL, tuning: Tuning) -> Transactions:
    """Return the transactions of a database; nothing is opened yet."""
    if file_of(url) is None:
        return ServerTransactions(server_engine(url))
    return FileTransactions(file_engine(url, tuning))


class FileTransactions:
    """SQLite."""

    aside_s = 0.003

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._thread = ThreadPoolExecutor(1, "storage writer")
        self._connection: Connection | None = None
        self._closed = False

    async def run[R](self, work: Callable[[Connection], R]) -> R:
        """Do it in the thread; a caller that is cancelled does not stop it."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, self.do, work)

    async def serve(self, function: Callable[[], None]) -> None:
        """Run it in the one thread; a caller that is cancelled does not stop it."""
        await asyncio.get_running_loop().run_in_executor(self._thread, function)

    async def close(self) -> None:
        """End the thread as well; a second time nothing."""
        if not self._closed:
            self._closed = True
            try:
                # Behind what still runs; also when nobody waits for it any more.
                await asyncio.shield(asyncio.get_running_loop().run_in_executor(self._thread, self.renew))
            finally:
                self._thread.shutdown(wait=False)

    def do[R](self, work: Callable[[Connection], R]) -> R:
        """From beginning to commit, here."""
        if self._connection is None:
            self._connection = self._engine.connect()
        with self._connection.begin():
            return work(self._connection)

    def renew(self) -> None:
        """Let go of the connection, here."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.invalidate()
            connection.close()
        self._engine.dispose()


class ServerTransactions:
    """PostgreSQL."""

    aside_s = 0.0

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._connection: AsyncConnection | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    async def run[R](self, work: Callable[[Connection], R]) -> R:
        """Do it on the loop; it waits for the server's answers without holding the loop."""
        if self._connection is None:
            self._connection = await self._engine.connect()
        async with self._connection.begin():
            return await self._connection.run_sync(work)

    async def _let_go(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            await connection.invalidate()
            await connection.close()

    async def serve(self, function: Callable[[], None]) -> None:
        """Run it in some thread; its transactions are made on this loop."""
        self._loop = asyncio.get_running_loop()
        await asyncio.to_thread(function)

    def do[R](self, work: Callable[[Connection], R]) -> R:
        """Let the loop do it, and wait."""
        return self._on_loop(self.run(work))

    def renew(self) -> None:
        """Let the loop do it, and wait."""
        self._on_loop(self._let_go())

    def _on_loop[R](self, work: Coroutine[Any, Any, R]) -> R:
        if self._loop is None:
            work.close()
            raise RuntimeError("nothing is served")
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()

    async def close(self) -> None:
        """Let go of the pool as well."""
        await self._let_go()
        await self._engine.dispose()
