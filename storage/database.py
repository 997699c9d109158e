"""Connections: one engine for the writer, one for readers, and how SQLite is set up for both.

SQLite runs in WAL with `synchronous=FULL`; every transaction of the writer begins with `BEGIN IMMEDIATE`, because a
deferred one loses updates or fails when two meet. Readers cannot write.
"""

import sqlite3
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, Executable, create_engine, event, text
from sqlalchemy.engine import URL, Row, make_url
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from engine.journal import JournalUnavailable
from storage.one_hop import connected

_SQLITE: dict[str, Any] = {"isolation_level": None}
# What a database driver raises when the database is away, full, locked or broken.
DATABASE_ERRORS = (DBAPIError, sqlite3.Error, OSError)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tuning:
    """How long a locked database is waited for, when a lost one is tried again, more SQLite pragmas of the writer."""

    lock_wait_ms: int = 2_000
    retry_ms: int = 1_000
    pragmas: Sequence[str] = ()


def parsed(url: str) -> URL:
    """Return a database URL with its asynchronous driver; raises ValueError for what cannot be used."""
    made = make_url(url)
    backend = made.get_backend_name()
    if backend == "sqlite":
        if not made.database or made.database == ":memory:":
            raise ValueError(f"database URL {url!r}: a file is needed, for example sqlite:///desk.sqlite3")
        return made.set(drivername="sqlite+aiosqlite")
    if backend == "postgresql":
        return made.set(drivername="postgresql+asyncpg")
    raise ValueError(f"database URL with {backend!r}: use sqlite:///FILE or postgresql://USER@HOST/NAME")


def file_of(url: URL) -> Path | None:
    """Return the file of a SQLite database, None for a server."""
    return Path(url.database or "") if url.get_backend_name() == "sqlite" else None


def brief(error: BaseException) -> str:
    """Return what a database said, without the statement and its values."""
    return str(getattr(error, "orig", None) or error).strip() or type(error).__name__


def _on_connect(engine: Engine, pragmas: Sequence[str], more: Sequence[str] = ()) -> None:
    def prepared(connection: Any, record: object) -> None:
        cursor = connection.cursor()
        for pragma in (*pragmas, *more):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    event.listen(engine, "connect", prepared)


def _on_begin(engine: Engine, statement: str) -> None:
    def begun(connection: Connection) -> None:
        connection.exec_driver_sql(statement)

    event.listen(engine, "begin", begun)


def file_engine(url: URL, tuning: Tuning) -> Engine:
    """Return the engine of the one writer of a SQLite file; for one thread."""
    engine = create_engine(url.set(drivername="sqlite+pysqlite"), pool_size=1, max_overflow=0, connect_args=_SQLITE)
    wait = f"busy_timeout={tuning.lock_wait_ms}"
    _on_connect(engine, (wait, "journal_mode=WAL", "synchronous=FULL", "temp_store=MEMORY"), tuning.pragmas)
    _on_begin(engine, "BEGIN IMMEDIATE")
    return engine


def server_engine(url: URL) -> AsyncEngine:
    """Return the engine of the one writer on a server."""
    return create_async_engine(url, pool_size=1, max_overflow=0)


def reader_engine(url: URL, tuning: Tuning) -> AsyncEngine:
    """Return the engine for queries; it cannot change anything."""
    if file_of(url) is None:
        return create_async_engine(url, pool_size=4, max_overflow=0, isolation_level="REPEATABLE READ")
    engine = create_async_engine(
        url, pool_size=4, max_overflow=0, connect_args=_SQLITE | {"async_creator_fn": connected}
    )
    _on_connect(engine.sync_engine, (f"busy_timeout={tuning.lock_wait_ms}", "query_only=ON"))
    _on_begin(engine.sync_engine, "BEGIN")
    return engine


class Reader:
    """Queries on consistent snapshots. Everything raises JournalUnavailable when the database cannot answer."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def close(self) -> None:
        """Let go of the database."""
        await self._engine.dispose()

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[AsyncConnection]:
        """Give one snapshot of the database."""
        try:
            connection = await self._engine.connect()
        except DATABASE_ERRORS as error:
            raise JournalUnavailable(f"the database cannot be opened: {brief(error)}") from error
        try:
            yield connection
        except DBAPIError as error:
            raise JournalUnavailable(f"the database cannot be read: {brief(error)}") from error
        finally:
            await connection.close()

    async def rows(self, statement: Executable) -> Sequence[Row[Any]]:
        """Return all rows."""
        async with self.connection() as connection:
            return (await connection.execute(statement)).all()

    async def first(self, statement: Executable) -> Row[Any] | None:
        """Return the first row."""
        async with self.connection() as connection:
            return (await connection.execute(statement)).first()

    async def ping(self) -> None:
        """Ask the database for nothing; raises JournalUnavailable when it does not answer."""
        await self.first(text("SELECT 1"))
