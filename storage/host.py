"""The database as a command of the host uses it, also beside a running desk: users, shared rows and the audit, never
the journal, which has one writer.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from sqlalchemy.ext.asyncio import AsyncEngine

from engine.journal import JournalUnavailable
from storage import schema, sqlite_files
from storage.access import Access
from storage.audit import AuditStore
from storage.database import DATABASE_ERRORS, Reader, Tuning, brief, file_of, parsed, reader_engine
from storage.small_stores import SettingStore, UserStore
from storage.transactions import Transactions, transactions
from storage.writer import Work

# Longer than the desk waits: a person waits once, and the desk writes often but briefly.
_TUNING = Tuning(lock_wait_ms=10_000)


class _OneByOne:
    def __init__(self, writing: Transactions) -> None:
        self._writing = writing

    async def run(self, work: Work) -> Any:
        try:
            return await self._writing.run(work)
        except DATABASE_ERRORS as error:
            raise JournalUnavailable(f"the database cannot be written: {brief(error)}") from error


class HostBook:
    """What the host may read and change."""

    def __init__(self, access: Access) -> None:
        self.users, self.settings, self.audit = UserStore(access), SettingStore(access), AuditStore(access)


@asynccontextmanager
async def host_book(url: str, *, mode: str, account: str) -> AsyncIterator[HostBook]:
    """Open a database that a desk made, or make it; a running desk notices changes by itself.

    Raises ValueError for an unusable URL, SchemaError for tables of another version, JournalUnavailable.
    """
    address = parsed(url)
    path = file_of(address)
    if path is not None:
        await asyncio.to_thread(_private, path)
    writing, engine = transactions(address, _TUNING), reader_engine(address, _TUNING)
    try:
        await _fitting(writing, engine)
        yield HostBook(Access(mode, account, Reader(engine), _OneByOne(writing)))
    finally:
        await writing.close()
        await engine.dispose()


def _private(path: Path) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        sqlite_files.make_private(path)
    except OSError as error:
        raise JournalUnavailable(f"{path} cannot be opened: {error.strerror}") from error


async def _fitting(writing: Transactions, reader: AsyncEngine) -> None:
    async with Reader(reader).connection() as connection:
        found = await connection.run_sync(schema.version)
    if found == schema.HEAD:
        return
    if found is not None:
        # A migration copies the database first and wants it to itself: a start does it.
        raise schema.SchemaError(f"the tables have version {found}, this program needs {schema.HEAD}; start the desk")
    try:
        await writing.run(schema.create)
    except DATABASE_ERRORS as error:
        raise JournalUnavailable(f"the tables cannot be made: {brief(error)}") from error
