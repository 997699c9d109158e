"""Bringing a database up, whatever state it is in: sound, current, joined with what was set aside."""

import asyncio
import sqlite3
import time
from collections.abc import Sequence
from contextlib import suppress
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
    try:
        await _current_schema(path, *engines)
        return await _join(plan, path, engines, findings)
    except BaseException:
        for engine in engines:
            await engine.dispose()
        raise


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


async def _join(plan: Plan, path: Path | None, engines: tuple[AsyncEngine, AsyncEngine], findings: list[str]) -> Parts:
    folder = plan.state_dir or (path.parent if path is not None else None)
    projector = Projector(plan.desk)
    ledger = SqlLedger(plan.desk, projector, EmergencyFile(folder, plan.desk) if folder is not None else None)
    reader = Reader(engines[1])
    async with reader.connection() as connection:
        findings += await ledger.resume(connection)
    writer = Writer(engines[0], ledger, retry_ms=plan.tuning.retry_ms, on_state=plan.on_state)
    writer.start()
    for instrument in plan.instruments:
        projector.know(instrument)

    async def first(connection: AsyncConnection) -> None:
        await remember(connection, plan.desk, plan.instruments)

    # A database that takes no writes now is no reason not to start: exits must work.
    try:
        await writer.run(first)
        projector.reset()
    except JournalUnavailable as error:
        findings.append(str(error))
    return Parts(engines, writer, reader, ledger, projector, path, findings)


async def shut(parts: Parts) -> None:
    """Write what is queued and let go of the database."""
    await parts.writer.close()
    for engine in parts.engines:
        with suppress(*DATABASE_ERRORS):
            await engine.dispose()
