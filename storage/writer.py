"""The one writer: commits what waits, and answers after the commit. Journal groups and chat-side work have transactions
of their own and take turns, groups first, because orders wait for them. Each keeps its order, and work never goes
before a group that came earlier: what was noted of a command is not durable before the command is.

A chat-side job that fails alone is undone by its savepoint and fails alone. When the database fails, chat-side jobs
fail with it, while journal groups are set aside (file and memory) and go first into the next transaction that succeeds.
"""

import asyncio
import math
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
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


class Ledger(Protocol):
    """What the writer needs to know of the journal: how groups are written, kept aside and forgotten."""

    def write(self, connection: Connection, groups: list[Group]) -> list[int]:
        """Write groups in order; returns the last sequence number of each."""

    def probe(self, connection: Connection) -> None:
        """Write something small, to learn whether the database takes writes again."""

    def undo(self) -> None:
        """Forget what was assumed of the transaction that failed."""

    async def set_aside(self, groups: list[Group]) -> str:
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
    group: Group | None = None
    work: Work | None = None
    result: Any = None
    error: Exception | None = None


class Writer:
    """Owns the writing connection. `listeners` hear when the database stops and starts taking writes, by account."""

    def __init__(self, writing: Transactions, ledger: Ledger, *, retry_ms: int) -> None:
        self._writing, self._ledger, self._retry_s = writing, ledger, retry_ms / 1000
        self.listeners: dict[str, OnState] = {}
        self._groups: deque[Job] = deque()
        self._jobs: deque[Job] = deque()
        self._put = self._over = 0
        self._came = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._current: list[Job] = []
        self._closed = False
        self.writable = True
        self.why = ""

    def start(self) -> None:
        """Start the task; it runs until `close()`."""
        self._task = asyncio.create_task(self._run(), name="storage writer")

    @property
    def task(self) -> asyncio.Task[None]:
        """The running task, for a supervisor."""
        if self._task is None:
            raise RuntimeError("the writer has not been started")
        return self._task

    def put(self, group: Group) -> asyncio.Future[int]:
        """Queue a journal group at once."""
        self._put += 1
        return self._queued(self._groups, Job(asyncio.get_running_loop().create_future(), self._put, group=group))

    async def run(self, work: Work) -> Any:
        """Do chat-side work in the next transaction; returns its result once durable, raises JournalUnavailable.

        The work must not touch what belongs to the loop: with SQLite it is done in another thread.
        """
        return await self._queued(self._jobs, Job(asyncio.get_running_loop().create_future(), self._put, work=work))

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

    def _queued(self, queue: deque[Job], job: Job) -> asyncio.Future[Any]:
        if self._closed or (self._task is not None and self._task.done()):
            job.future.set_exception(JournalUnavailable("the store is closed"))
        else:
            queue.append(job)
            self._came.set()
        return job.future

    async def _run(self) -> None:
        try:
            await self._serve()
        finally:
            self._abandon()

    async def _serve(self) -> None:
        while True:
            await self._work_comes()
            last = self._closed
            if self._owing and not self._groups and not self._jobs:
                await self._commit([])
            while self._groups or self._jobs:
                if groups := _taken(self._groups, _MOST_GROUPS):
                    await self._commit(groups)
                    self._over = groups[-1].after
                if jobs := _taken(self._jobs, _MOST_JOBS, self._over):
                    await self._commit(jobs)
            if last:
                return

    def _abandon(self) -> None:
        # Nobody may wait for ever when this task ends before its time.
        for job in (*self._current, *self._groups, *self._jobs):
            if not job.future.done():
                job.future.set_exception(JournalUnavailable("the store stopped"))

    @property
    def _owing(self) -> bool:
        return bool(self._ledger.backlog()) or not self.writable

    async def _work_comes(self) -> None:
        try:
            await asyncio.wait_for(self._came.wait(), self._retry_s if self._owing else None)
        except TimeoutError:
            return
        self._came.clear()

    async def _commit(self, jobs: list[Job]) -> None:
        self._current = jobs
        try:
            await self._transaction(jobs)
        except DATABASE_ERRORS as error:
            self._ledger.undo()
            await self._writing.renew()
            await self._failed(jobs, brief(error))
        else:
            self._ledger.merged()
            self._turn(writable=True, why="")
            for job in jobs:
                _answer(job)

    async def _transaction(self, jobs: list[Job]) -> None:
        backlog, writable = self._ledger.backlog(), self.writable

        def work(connection: Connection) -> None:
            entries = [job for job in jobs if job.group is not None]
            groups = [*backlog, *(job.group for job in entries if job.group is not None)]
            if groups:
                numbers = self._ledger.write(connection, groups)[len(backlog) :]
                for job, number in zip(entries, numbers, strict=True):
                    job.result = number
            elif not writable:
                self._ledger.probe(connection)
            for job in jobs:
                if job.work is not None:
                    _attempt(connection, job, job.work)

        await self._writing.run(work)

    async def _failed(self, jobs: list[Job], why: str) -> None:
        groups = [job.group for job in jobs if job.group is not None]
        if groups:
            why += await self._ledger.set_aside(groups)
        self._turn(writable=False, why=why)
        for job in jobs:
            job.error = JournalUnavailable(f"the database takes no writes: {why}")
            _answer(job)

    def _turn(self, *, writable: bool, why: str) -> None:
        changed, self.writable, self.why = writable != self.writable, writable, why
        if changed:
            for listener in self.listeners.values():
                listener(writable, why)


def _taken(queue: deque[Job], most: int, over: float = math.inf) -> list[Job]:
    jobs: list[Job] = []
    while queue and len(jobs) < most and queue[0].after <= over:
        jobs.append(queue.popleft())
    return jobs


def _attempt(connection: Connection, job: Job, work: Work) -> None:
    try:
        with connection.begin_nested():
            job.result = work(connection)
    except (IntegrityError, DataError) as error:
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
