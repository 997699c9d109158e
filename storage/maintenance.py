"""What the command line does with a database: check, back up, restore (while no desk runs), export."""

import asyncio
import csv
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Table, delete, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from engine.core.commands import ACCOUNT
from engine.core.facts import Hold, HoldSet
from engine.core.profile import HoldLevel
from engine.journal import JournalUnavailable
from storage import checks, schema, sqlite_files
from storage.access import Access
from storage.columns import plain
from storage.database import Reader, Tuning, file_of, parsed, reader_engine
from storage.emergency import NAME as EMERGENCY
from storage.opening import wall_ms
from storage.outbox import DROPPED, PENDING
from storage.store import Store
from storage.sync import SyncRows
from storage.tables import metadata
from storage.tables_chat import confirmations, outbox, users
from storage.tables_trading import journal, limits

_FORMULA = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True, slots=True, kw_only=True)
class Restored:
    """What a restore did: where the replaced database is, the desks it halted, the limits that are looser now."""

    aside: Path | None
    desks: tuple[tuple[str, str], ...]
    loosened: tuple[str, ...]


async def check(url: str) -> list[str]:
    """Return what is wrong with a database, in words; nothing when it is sound. Changes nothing."""
    path = file_of(parsed(url))
    if path is not None:
        if not path.exists():
            return [f"{path} does not exist"]
        wrong = await asyncio.to_thread(checks.file_problems, path)
        if wrong:
            return wrong
    async with _reading(url) as reader:
        async with reader.connection() as connection:
            found = await connection.run_sync(schema.version)
        if found != schema.HEAD:
            return [f"the tables have version {found}, this program needs {schema.HEAD}; a start migrates them"]
        desks = [{"mode": mode, "account": account} for mode, account in await _desks(reader)]
        return [problem for desk in desks for problem in await checks.content_problems(reader, desk)]


@asynccontextmanager
async def past(url: str, *, mode: str, account: str) -> AsyncIterator[SyncRows | None]:
    """Give what was read of an account's past without changing anything, also beside a running desk; None when no
    desk made the database yet. Raises ValueError for an unusable URL, SchemaError, JournalUnavailable.
    """
    path = file_of(parsed(url))
    if path is not None and not path.exists():
        yield None
        return
    async with _reading(url) as reader:
        async with reader.connection() as connection:
            found = await connection.run_sync(schema.version)
        if found not in {None, schema.HEAD}:
            why = f"the tables have version {found}, this program needs {schema.HEAD}; a start migrates them"
            raise schema.SchemaError(why)
        yield SyncRows(reader, {"mode": mode, "account": account}) if found else None


async def backup(url: str, to: Path) -> None:
    """Write a copy (0600) of a SQLite database; raises ValueError, OSError or sqlite3.Error."""
    await asyncio.to_thread(sqlite_files.copy, _sqlite(url), to)


async def restore(url: str, source: Path) -> Restored:
    """Put a backup in the place of a SQLite database and halt every desk in it until an admin lifts that.

    Roles, open confirmations and unsent messages of the backup are dropped. Raises ValueError for an unsound backup.
    """
    path, now_ms = _sqlite(url), wall_ms()
    wrong = await asyncio.to_thread(_unsound, source)
    if wrong:
        raise ValueError(f"{source} is no sound backup: {wrong}")
    loosened = await _loosened(url, source)
    aside = await asyncio.to_thread(_replace, path, source, now_ms)
    async with _reading(url) as reader:
        desks = tuple(await _desks(reader))
    for mode, account in desks:
        await _halt(url, mode, account, f"restored from {source.name}", now_ms)
    return Restored(aside=aside, desks=desks, loosened=loosened)


def _unsound(source: Path) -> str:
    if not source.is_file() or not source.stat().st_size:
        return "there is nothing in it"
    return next(iter(sqlite_files.problems(source)), "")


def _replace(path: Path, source: Path, now_ms: int) -> Path | None:
    aside = sqlite_files.set_aside(path, now_ms, label="replaced") if path.exists() else None
    waiting = path.with_name(EMERGENCY)
    if waiting.exists():
        waiting.replace(waiting.with_name(f"{EMERGENCY}.replaced-{sqlite_files.stamp(now_ms)}"))
    sqlite_files.copy(source, path)
    return aside


async def export(url: str, folder: Path) -> list[Path]:
    """Write one CSV file per table (0600); text that a spreadsheet would run as a formula begins with a quote mark."""
    await asyncio.to_thread(folder.mkdir, parents=True, exist_ok=True, mode=0o700)
    written = []
    async with _reading(url) as reader, reader.connection() as connection:
        for table in metadata.sorted_tables:
            target = folder / f"{table.name}.csv"
            await _export_table(connection, table, target)
            written.append(target)
    return written


async def _export_table(connection: AsyncConnection, table: Table, target: Path) -> None:
    with os.fdopen(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow([column.name for column in table.c])
        async with connection.stream(select(table).order_by(*table.primary_key)) as rows:
            async for row in rows:
                writer.writerow([_cell(value) for value in row])


def _cell(value: Any) -> Any:
    if isinstance(value, Decimal):
        return plain(value)
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, str) and value.startswith(_FORMULA):
        return f"'{value}"
    return value


@asynccontextmanager
async def _reading(url: str) -> AsyncIterator[Reader]:
    engine = reader_engine(parsed(url), Tuning())
    try:
        yield Reader(engine)
    finally:
        await engine.dispose()


async def _desks(reader: Reader) -> list[tuple[str, str]]:
    found = select(journal.c.mode, journal.c.account).distinct().order_by(journal.c.mode, journal.c.account)
    return [(row.mode, row.account) for row in await reader.rows(found)]


async def _limits(url: str) -> dict[tuple[str, str, str], int]:
    async with _reading(url) as reader:
        rows = await reader.rows(select(limits))
    return {(row.mode, row.account, row.key): row.value for row in rows}


async def _loosened(url: str, source: Path) -> tuple[str, ...]:
    try:
        now, then = await _limits(url), await _limits(f"sqlite:///{source}")
    except JournalUnavailable:
        return ("unknown: the limits of the replaced database cannot be read",)
    # Thresholds are negative: the smaller allows the greater loss. One absent from the backup falls back to config.
    looser = [key for key, value in now.items() if then.get(key, value - 1) < value]
    return tuple(f"{mode}/{account} {key}" for mode, account, key in sorted(looser))


async def _halt(url: str, mode: str, account: str, why: str, now_ms: int) -> None:
    store = await Store.open(url, mode=mode, account=account)
    try:
        hold = Hold(
            hold_id="restore",
            scope=ACCOUNT,
            level=HoldLevel.HALTED,
            reason=why,
            lift="admin",
            set_ms=now_ms,
            by="host",
        )
        await store.journal.submit([HoldSet(hold, now_ms)], [])
        await store.access.writer.run(lambda connection: _forget(connection, store.access, why))
    finally:
        await store.close()


def _forget(connection: Connection, access: Access, why: str) -> None:
    connection.execute(delete(users))
    connection.execute(delete(confirmations))
    unsent = (*access.mine(outbox), outbox.c.state == PENDING)
    connection.execute(update(outbox).where(*unsent).values(state=DROPPED, why=why))


def _sqlite(url: str) -> Path:
    path = file_of(parsed(url))
    if path is None:
        raise ValueError("a database server is backed up and restored with its own tools, for example pg_dump")
    return path
