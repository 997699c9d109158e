"""Bringing a database up, whatever state it is in: sound, current, joined with what was set aside."""

import asyncio
import sqlite3
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, replace
from pathlib import Path

from sqlalchemy.ext.asyncio import AsyncEngine

from engine.core.market import Instrument
from engine.journal import JournalUnavailable, OnState
from storage import schema, sqlite_files
from storage.database import DATABASE_ERRORS, Reader, Tuning, brief, file_of, parsed, reader_engine
from storage.emergency import EmergencyFile
from storage.instruments import remember
from storage.lease import Lease, LeaseRequest
from storage.ledger import SqlLedger
from storage.ledgers import Ledgers
from storage.projections.projector import Projector
from storage.transactions import Transactions, transactions
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
    lease: LeaseRequest | None = None

    @property
    def desk(self) -> dict[str, str]:
        """The leading columns of the desk's rows."""
        return {"mode": self.mode, "account": self.account}


type Shared = tuple[Writer, Reader, Ledgers]


@dataclass(frozen=True, slots=True)
class Parts:
    """The running machinery of an open store; accounts beside each other share all but their own ledger."""

    plan: Plan
    writer: Writer
    reader: Reader
    ledgers: Ledgers
    ledger: SqlLedger
    lease: Lease | None
    projector: Projector
    path: Path | None
    findings: list[str]


def wall_ms() -> int:
    """Return the wall clock in UTC ms."""
    return time.time_ns() // 1_000_000


async def bring_up(plan: Plan) -> Parts:
    """Open a database; raises ValueError, SchemaError, JournalUnavailable or LeaseHeldError."""
    url = parsed(plan.url)
    path = file_of(url)
    findings = await asyncio.to_thread(_sound_file, path) if path is not None else []
    writing, engine = transactions(url, plan.tuning), reader_engine(url, plan.tuning)
    async with AsyncExitStack() as undo:
        undo.push_async_callback(writing.close)
        undo.push_async_callback(engine.dispose)
        await _current_schema(path, writing, engine)
        lease = Lease(plan.desk, plan.lease) if plan.lease is not None else None
        # Before the writer: what waits from the last time must not reach the journal of another process.
        findings += await _take_first(lease, writing)
        ledgers = Ledgers()
        writer = Writer(writing, ledgers, retry_ms=plan.tuning.retry_ms)
        writer.start()
        undo.push_async_callback(writer.close)
        parts = await _joined(plan, (writer, Reader(engine), ledgers), lease, path)
        undo.pop_all()
    return replace(parts, findings=[*findings, *parts.findings])


async def bring_beside(parts: Parts, plan: Plan) -> Parts:
    """Open another account of the same database; raises ValueError, JournalUnavailable or LeaseHeldError."""
    lease = Lease(plan.desk, plan.lease) if plan.lease is not None else None
    findings = []
    if lease is not None:
        try:
            held = await parts.writer.run(lease.take)
        except JournalUnavailable as error:
            findings.append(f"the lease could not be taken yet: {error}")
        else:
            lease.took(held)
    shared = (parts.writer, parts.reader, parts.ledgers)
    joined = await _joined(plan, shared, lease, parts.path)
    return replace(joined, findings=[*findings, *joined.findings])


async def _take_first(lease: Lease | None, writing: Transactions) -> list[str]:
    if lease is None:
        return []
    try:
        held = await writing.run(lease.take)
    except DATABASE_ERRORS as error:
        # A database that takes no writes now is no reason not to start; the lease is taken when it does.
        return [f"the lease could not be taken yet: {brief(error)}"]
    lease.took(held)
    return []


async def _joined(plan: Plan, shared: Shared, lease: Lease | None, path: Path | None) -> Parts:
    writer, reader, ledgers = shared
    ledger, projector = _ledger(plan, path, lease)
    async with reader.connection() as connection:
        findings = await connection.run_sync(ledger.resume)
    ledgers.add(plan.account, ledger)
    if plan.on_state is not None:
        writer.listeners[plan.account] = plan.on_state
    findings += await _begin(plan, writer, projector)
    return Parts(plan, *shared, ledger, lease, projector, path, findings)


def _sound_file(path: Path) -> list[str]:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        findings = sqlite_files.recover(path, wall_ms())
        sqlite_files.make_private(path)
    except (OSError, sqlite3.Error) as error:
        raise JournalUnavailable(f"{path} cannot be opened: {error}") from error
    return findings


async def _current_schema(path: Path | None, writing: Transactions, reader: AsyncEngine) -> None:
    async with Reader(reader).connection() as connection:
        found = await connection.run_sync(schema.version)
    if found == schema.HEAD:
        return
    try:
        if found is not None and path is not None:
            name = f"{path.stem}-before-{schema.HEAD}-{sqlite_files.stamp(wall_ms())}.sqlite3"
            await asyncio.to_thread(sqlite_files.copy, path, path.parent / sqlite_files.FOLDER / name)
        await writing.run(lambda connection: schema.prepare(connection, found))
    except DATABASE_ERRORS as error:
        raise JournalUnavailable(f"the tables cannot be made: {brief(error)}") from error


def _ledger(plan: Plan, path: Path | None, lease: Lease | None) -> tuple[SqlLedger, Projector]:
    folder = plan.state_dir or (path.parent if path is not None else None)
    projector = Projector(plan.desk)
    for instrument in plan.instruments:
        projector.know(instrument)
    emergency = EmergencyFile(folder, plan.desk) if folder is not None else None
    return SqlLedger(plan.desk, projector, emergency, lease), projector


async def _begin(plan: Plan, writer: Writer, projector: Projector) -> list[str]:
    # A database that takes no writes now is no reason not to start: exits must work.
    try:
        await writer.run(lambda connection: remember(connection, plan.desk, plan.instruments))
    except JournalUnavailable as error:
        return [str(error)]
    projector.reset()
    return []


async def shut(parts: Parts) -> None:
    """Write what is queued and let go of the database."""
    try:
        await parts.writer.close()
    finally:
        with suppress(*DATABASE_ERRORS):
            await parts.reader.close()
