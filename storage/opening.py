"""Bringing a database up, whatever state it is in: sound, current, joined with what was set aside."""

import asyncio
import sqlite3
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from engine.core.market import Instrument
from engine.journal import JournalUnavailable, OnState
from storage import schema, sqlite_files
from storage.database import DATABASE_ERRORS, Reader, Tuning, brief, file_of, parsed, reader_engine, writer_engine
from storage.emergency import EmergencyFile
from storage.instruments import remember
from storage.ledger import SqlLedger
from storage.projections.projector import Projector
from storage.writer import Writer


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What to open. `state_dir` holds the emergency file; by default it lies beside the SQLite file."""

    url: str
    mode: str
    account: str
    instruments: Sequence[Instrument] = ()
    state_dir: Path | None = None
    tuning: Tuning
    on_state: OnState | None = None

    @property
    def desk(self) -> dict[str, str]:
        """The leading columns of the desk's rows."""
        return {"mode": self.mode, "account": self.account}


@dataclass(frozen=True, slots=True)
class Parts:
    """The running machinery of an open store."""

    engines: tuple[AsyncEngine, AsyncEngine]
    writer: Writer
    reader: Reader
    ledger: SqlLedger
    projector: Projector
    path: Path | None
    findings: list[str]


def wall_ms() -> int:
    """Return the wall clock in UTC ms."""
    return time.time_ns() // 1_000_000


async def bring_up(plan: Plan) -> Parts:
    """Open a database; raises ValueError, SchemaError or JournalUnavailable."""
    url = parsed(plan.url)
    path = file_of(url)
    findings = await asyncio.to_thread(_sound_file, path) if path is not None else []
    engines = writer_engine(url, plan.tuning), reader_engine(url, plan.tuning)
    async with AsyncExitStack() as undo:
        for engine in engines:
            undo.push_async_callback(engine.dispose)
        await _current_schema(path, *engines)
        ledger, projector = _ledger(plan, path)
        reader = Reader(engines[1])
        async with reader.connection() as connection:
            findings += await ledger.resume(connection)
        writer = Writer(engines[0], ledger, retry_ms=plan.tuning.retry_ms, on_state=plan.on_state)
        writer.start()
        undo.push_async_callback(writer.close)
        findings += await _begin(plan, writer, projector)
        undo.pop_all()
    return Parts(engines, writer, reader, ledger, projector, path, findings)


def _sound_file(path: Path) -> list[str]:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        findings = sqlite_files.recover(path, wall_ms())
        sqlite_files.make_private(path)
    except (OSError, sqlite3.Error) as error:
        raise JournalUnavailable(f"{path} cannot be opened: {error}") from error
    return findings


async def _current_schema(path: Path | None, writer: AsyncEngine, reader: AsyncEngine) -> None:
    async with Reader(reader).connection() as connection:
        found = await connection.run_sync(schema.version)
    if found == schema.HEAD:
        return
    try:
        if found is not None and path is not None:
            name = f"{path.stem}-before-{schema.HEAD}-{sqlite_files.stamp(wall_ms())}.sqlite3"
            await asyncio.to_thread(sqlite_files.copy, path, path.parent / sqlite_files.FOLDER / name)
        async with writer.begin() as connection:
            await schema.prepare(connection, found)
    except (*DATABASE_ERRORS, sqlite3.Error) as error:
        raise JournalUnavailable(f"the tables cannot be made: {brief(error)}") from error


def _ledger(plan: Plan, path: Path | None) -> tuple[SqlLedger, Projector]:
    folder = plan.state_dir or (path.parent if path is not None else None)
    projector = Projector(plan.desk)
    for instrument in plan.instruments:
        projector.know(instrument)
    return SqlLedger(plan.desk, projector, EmergencyFile(folder, plan.desk) if folder is not None else None), projector


async def _begin(plan: Plan, writer: Writer, projector: Projector) -> list[str]:
    async def first(connection: AsyncConnection) -> None:
        await remember(connection, plan.desk, plan.instruments)

    # A database that takes no writes now is no reason not to start: exits must work.
    try:
        await writer.run(first)
    except JournalUnavailable as error:
        return [str(error)]
    projector.reset()
    return []


async def shut(parts: Parts) -> None:
    """Write what is queued and let go of the database."""
    try:
        await parts.writer.close()
    finally:
        for engine in parts.engines:
            with suppress(*DATABASE_ERRORS):
                await engine.dispose()
