"""The store: everything durable of one desk, behind one object."""

import asyncio
import sqlite3
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from sqlalchemy import Connection

from engine.core.market import Instrument
from engine.journal import Journal, JournalUnavailable, OnState
from storage import checks, retention, sqlite_files
from storage.access import Access
from storage.audit import AuditStore
from storage.confirmations import ConfirmationStore
from storage.database import Tuning
from storage.journal import SqlJournal
from storage.lease import LeaseRequest, LeaseStore
from storage.opening import Parts, Plan, bring_beside, bring_up, shut
from storage.outbox import OutboxStore
from storage.queries import Queries
from storage.rebuild import rebuild
from storage.small_stores import HeartbeatStore, PanelStore, ReportStore, SettingStore, UserStore
from storage.sync import SyncStore
from storage.sync_books import SyncBooks
from storage.updates import UpdateStore


class Store:
    """Made by `open`. `findings` says in words what a start must know: corruption, restored copies, merged facts.

    With findings the desk starts reduce-only. Everything that meets a database that is away raises JournalUnavailable.
    """

    def __init__(self, parts: Parts, *, mode: str, account: str, first: "Store | None" = None) -> None:
        self._parts, self._first = parts, first
        self.account = account
        access = self.access = Access(mode, account, parts.reader, parts.writer)
        self.path, self.findings = parts.path, tuple(parts.findings)
        self.journal: Journal = SqlJournal(access.desk, parts.writer, parts.reader, parts.ledger)
        self.queries, self.outbox, self.audit = Queries(access), OutboxStore(access), AuditStore(access)
        self.confirmations, self.updates = ConfirmationStore(access), UpdateStore(access)
        self.panels, self.users, self.settings = PanelStore(access), UserStore(access), SettingStore(access)
        self.sync, self.sync_books = SyncStore(access), SyncBooks(access)
        self.reports, self.heartbeats = ReportStore(access), HeartbeatStore(access)
        self.lease = LeaseStore(parts.lease, parts.writer)

    @classmethod
    async def open(
        cls,
        database_url: str,
        *,
        mode: str,
        account: str,
        instruments: Iterable[Instrument] = (),
        state_dir: Path | None = None,
        tuning: Tuning | None = None,
        on_state: OnState | None = None,
        lease: LeaseRequest | None = None,
    ) -> "Store":
        """Open or make a database; a corrupt SQLite file is replaced by its newest sound copy.

        `instruments` are those known so far; `state_dir` holds the emergency file (default: beside the SQLite file).
        With a `lease` only one process at a time has the account. Raises ValueError for an unusable URL, SchemaError
        for a foreign or newer database, JournalUnavailable when it can be neither read nor made, LeaseHeldError.
        """
        plan = Plan(
            url=database_url,
            mode=mode,
            account=account,
            instruments=tuple(instruments),
            state_dir=state_dir,
            tuning=tuning or Tuning(),
            on_state=on_state,
            lease=lease,
        )
        return cls(await bring_up(plan), mode=mode, account=account)

    async def beside(
        self, account: str, *, instruments: Iterable[Instrument] = (), lease: LeaseRequest | None = None
    ) -> "Store":
        """Open another account of the same mode on the same writer; it ends with this store.

        Messages and panels are common: the outbox of this store delivers those of both. Raises ValueError when the
        account is open already, JournalUnavailable, LeaseHeldError.
        """
        plan = replace(self._parts.plan, account=account, instruments=tuple(instruments), lease=lease, on_state=None)
        made = Store(await bring_beside(self._parts, plan), mode=plan.mode, account=account, first=self)
        made.panels = self.panels
        self.outbox.accounts.append(account)
        return made

    @property
    def writable(self) -> bool:
        """Whether the last write succeeded."""
        return self._parts.writer.writable

    @property
    def task(self) -> "asyncio.Task[None]":
        """The writer's task, to be supervised: when it ends before `close`, nothing becomes durable any more."""
        return self._parts.writer.task

    def watch(self, on_state: OnState) -> None:
        """Call `on_state(writable, why)` at every change from now on, and at once when the database is away now."""
        writer = self._parts.writer
        writer.listeners[self.account] = on_state
        if not writer.writable:
            on_state(False, writer.why)

    async def prune(self, now_ms: int) -> dict[str, int]:
        """Delete what has had its time; see storage.retention."""
        return await retention.prune(self.access, now_ms)

    async def rebuild_projections(self) -> int:
        """Compute every projection anew from the journal, in one transaction; returns the facts read."""

        def write(connection: Connection) -> int:
            self._parts.projector.reset()
            return rebuild(connection, self.access.desk)

        count: int = await self._parts.writer.run(write)
        return count

    async def check(self) -> list[str]:
        """Return what is wrong with the database, in words; nothing when it is sound."""
        found = await asyncio.to_thread(checks.file_problems, self.path) if self.path is not None else []
        return found or await checks.content_problems(self.access.reader, self.access.desk)

    async def backup(self, target: Path) -> None:
        """Write a copy (0600) of a SQLite database; raises ValueError for a server, JournalUnavailable otherwise."""
        try:
            await asyncio.to_thread(sqlite_files.copy, self._file(), target)
        except (OSError, sqlite3.Error) as error:
            raise JournalUnavailable(f"no backup to {target}: {error}") from error

    async def daily_backup(self, now_ms: int) -> Path | None:
        """Keep one copy per UTC day for 14 days; None when today's exists. Raises as `backup`."""
        try:
            return await asyncio.to_thread(sqlite_files.daily_copy, self._file(), now_ms)
        except (OSError, sqlite3.Error) as error:
            raise JournalUnavailable(f"no daily backup: {error}") from error

    async def close(self) -> None:
        """Write what is queued and let go of the database; nothing for an account beside another."""
        if self._first is None:
            await shut(self._parts)

    def _file(self) -> Path:
        if self.path is None:
            raise ValueError("a database server is backed up with its own tools, for example pg_dump")
        return self.path
