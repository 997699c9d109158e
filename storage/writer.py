"""The one writer: a thread that commits what waits; answers follow on the loop after the commit. Journal groups and
chat-side work have transactions of their own. Groups go first, because orders wait for them, and work goes when there
is none or when it has waited long enough; a group that comes meanwhile waits for one piece of work, not for all that
was begun. Each keeps its order, and work never goes before a group that came earlier: what was noted of a command is
not durable before the command is.

A chat-side job that fails alone is undone by its savepoint and fails alone. When the database fails, chat-side jobs
fail with it, while journal groups are set aside (file and memory) and go first into the next transaction that succeeds.
"""

import asyncio
import math
import sqlite3
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

from sqlalchemy import Connection
from sqlalchemy.exc import DataError, IntegrityError

from engine.journal import JournalUnavailable, OnState
from storage.database import DATABASE_ERRORS, brief
from storage.groups import Group
from storage.transactions import Transactions

type Work = Callable[[Connection], Any]
# A group that has just come waits for the transaction under way.
_MOST_GROUPS, _MOST_JOBS = 256, 16
# How long chat-side work lets groups go first.
_PATIENCE_S = 0.1
# How often the thread looks whether its loop is still there.
_LOOK_S = 1.0


class Ledger(Protocol):
    """What the writer's thread needs to know of the journal: how groups are written, kept aside and forgotten."""

    def write(self, connection: Connection, groups: list[Group]) -> list[int]:
        """Write groups in order; returns the last sequence number of each."""

    def probe(self, connection: Connection) -> None:
        """Write something small, to learn whether the database takes writes again."""

    def undo(self) -> None:
        """Forget what was assumed of the transaction that failed."""

    def set_aside(self, groups: list[Group]) -> str:
        """Keep groups that could not be written; returns what went wrong with that, in words."""

    def backlog(self) -> list[Group]:
        """Return the groups that still have to be written, in order."""

    def merged(self) -> None:
        """Forget the backlog: it is durable now."""


@dataclass(slots=True)
class Job:
    """A journal group or a piece of chat-side work, and who waits for it; `after` counts the groups up to it."""

    future: asyncio.Future[Any]
    after: int
    came_s: float = field(default_factory=time.monotonic)
    group: Group | None = None
    work: Work | None = None
    result: Any = None
    error: Exception | None = None


class Writer:
    """Owns the writing connection. `listeners` hear, on the loop, when the database stops and starts taking writes, by
    account.
    """

    def __init__(self, writing: Transactions, ledger: Ledger, *, retry_ms: int) -> None:
        self._writing, self._ledger, self._retry_s = writing, ledger, retry_ms / 1000
        self.listeners: dict[str, OnState] = {}
        # Filled by the loop, emptied by the thread.
        self._groups: deque[Job] = deque()
        self._jobs: deque[Job] = deque()
        self._came = threading.Event()
        self._caught_up = threading.Event()
        self._closed = self._stopped = False
        self._put = 0
        self._task: asyncio.Task[None] | None = None
        self._loop = asyncio.get_running_loop()
        self.writable = True
        self.why = ""
        # The thread's own.
        self._current: list[Job] = []
        self._over = 0
        self._pressing = False
        self._takes_writes = True

    def start(self) -> None:
        """Start; it works until `close()`."""
        self._task = asyncio.create_task(self._run(), name="storage writer")

    @property
    def task(self) -> asyncio.Task[None]:
        """The running task, for a supervisor; when it is cancelled the writer stops."""
        if self._task is None:
            raise RuntimeError("the writer has not been started")
        return self._task

    def put(self, group: Group, *, urgent: bool = False) -> asyncio.Future[int]:
        """Queue a journal group at once. For an urgent one (an order waits for it) the loop stands aside a moment."""
        self._put += 1
        job = Job(self._loop.create_future(), self._put, group=group)
        if self._takes(job):
            self._caught_up.clear()
            self._groups.append(job)
            self._came.set()
            if urgent:
                self._caught_up.wait(self._writing.aside_s)
        return job.future

    async def run(self, work: Work) -> Any:
        """Do chat-side work in the next transaction; returns its result once durable, raises JournalUnavailable.

        The work must not touch what belongs to the loop: with SQLite it is done in another thread.
        """
        job = Job(self._loop.create_future(), self._put, work=work)
        if self._takes(job):
            self._jobs.append(job)
            # Not at once: a group of the same moment goes first.
            self._loop.call_soon(self._came.set)
        return await job.future

    async def close(self) -> None:
        """Write what is queued, then stop."""
        self._closed = True
        self._came.set()
        # How the task ended is its supervisor's matter; the connection is let go in any case.
        try:
            if self._task is not None:
                await asyncio.wait([self._task])
        finally:
            await self._writing.close()

    # On the loop

    def _takes(self, job: Job) -> bool:
        if self._closed or (self._task is not None and self._task.done()):
            job.future.set_exception(JournalUnavailable("the store is closed"))
            return False
        return True

    async def _run(self) -> None:
        try:
            await self._writing.serve(self._serve)
        finally:
            self._stopped = True
            self._came.set()
            # Nobody may wait for ever when this ends before its time.
            for job in (*self._current, *self._groups, *self._jobs):
                if not job.future.done():
                    job.future.set_exception(JournalUnavailable("the store stopped"))

    def _told(self, jobs: list[Job], why: str | None) -> None:
        changed, self.writable, self.why = (why is None) != self.writable, why is None, why or ""
        try:
            if changed:
                for listener in self.listeners.values():
                    listener(self.writable, self.why)
        finally:
            for job in jobs:
                _answer(job)

    # In the thread

    def _serve(self) -> None:
        while not self._stopped:
            came = self._came.wait(self._retry_s if self._owing else _LOOK_S)
            self._came.clear()
            last = self._closed
            if self._owing and not self._groups and not self._jobs:
                self._commit([])
            while (self._groups or self._jobs) and not self._stopped:
                if not self._jobs or (self._groups and not self._overdue()):
                    groups = _taken(self._groups, _MOST_GROUPS)
                    self._commit(groups)
                    self._over = groups[-1].after
                else:
                    self._pressing = self._overdue()
                    self._commit(_taken(self._jobs, _MOST_JOBS, self._over))
            if last or (not came and self._loop.is_closed()):
                return

    def _overdue(self) -> bool:
        first = self._jobs[0]
        return first.after <= self._over and time.monotonic() - first.came_s > _PATIENCE_S

    @property
    def _owing(self) -> bool:
        return bool(self._ledger.backlog()) or not self._takes_writes

    def _commit(self, jobs: list[Job]) -> None:
        self._current, why = jobs, None
        try:
            self._transaction(jobs)
        except DATABASE_ERRORS as error:
            self._ledger.undo()
            self._writing.renew()
            why = self._failed(jobs, brief(error))
        else:
            self._ledger.merged()
        self._takes_writes = why is None
        try:
            self._loop.call_soon_threadsafe(self._told, jobs, why)
        except RuntimeError:
            # The loop is gone, and with it everybody who waited.
            self._stopped = True
        if not self._groups:
            self._caught_up.set()

    def _transaction(self, jobs: list[Job]) -> None:
        backlog, writable = self._ledger.backlog(), self._takes_writes

        def work(connection: Connection) -> None:
            entries = [job for job in jobs if job.group is not None]
            groups = [*backlog, *(job.group for job in entries if job.group is not None)]
            if groups:
                numbers = self._ledger.write(connection, groups)[len(backlog) :]
                for job, number in zip(entries, numbers, strict=True):
                    job.result = number
            elif not writable:
                self._ledger.probe(connection)
            for place, job in enumerate(jobs):
                if job.work is None:
                    continue
                if place and self._groups and not self._pressing:
                    self._jobs.extendleft(reversed(jobs[place:]))
                    del jobs[place:]
                    break
                _attempt(connection, job, job.work)

        self._writing.do(work)

    def _failed(self, jobs: list[Job], why: str) -> str:
        groups = [job.group for job in jobs if job.group is not None]
        if groups:
            why += self._ledger.set_aside(groups)
        for job in jobs:
            job.error = JournalUnavailable(f"the database takes no writes: {why}")
        return why


def _taken(queue: deque[Job], most: int, over: float = math.inf) -> list[Job]:
    jobs: list[Job] = []
    while queue and len(jobs) < most and queue[0].after <= over:
        jobs.append(queue.popleft())
    return jobs


def _attempt(connection: Connection, job: Job, work: Work) -> None:
    try:
        with connection.begin_nested():
            job.result = work(connection)
    except (IntegrityError, DataError, sqlite3.IntegrityError, sqlite3.DataError) as error:
        job.error = ValueError(f"the database refused a row: {brief(error)}")
    except ValueError as error:
        job.error = error


def _answer(job: Job) -> None:
    if job.future.done():
        return
    if job.error is not None:
        job.future.set_exception(job.error)
    else:
        job.future.set_result(job.result)
