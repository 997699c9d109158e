"""The one writer: commits what waits in one transaction, and answers after the commit. Journal groups keep their order,
and so does chat-side work; groups go ahead of work that has just come, because orders wait for them.

A chat-side job that fails alone is undone by its savepoint and fails alone. When the database fails, chat-side jobs
fail with it, while journal groups are set aside (file and memory) and go first into the next transaction that succeeds.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Protocol

from sqlalchemy.exc import DataError, IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from engine.journal import JournalUnavailable, OnState
from storage.database import DATABASE_ERRORS, brief
from storage.groups import Group
from storage.one_hop import driver_of

type Work = Callable[[AsyncConnection], Awaitable[Any]]
_MOST_JOBS = 256


class Ledger(Protocol):
    """What the writer needs to know of the journal: how groups are written, kept aside and forgotten."""

    async def write(self, connection: AsyncConnection, groups: list[Group]) -> list[int]:
        """Write groups in order; returns the last sequence number of each."""

    async def probe(self, connection: AsyncConnection) -> None:
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
    """A journal group or a piece of chat-side work, and who waits for it."""

    future: asyncio.Future[Any]
    group: Group | None = None
    work: Work | None = None
    result: Any = None
    error: Exception | None = None


class Writer:
    """Owns the writing connection. `listeners` hear when the database stops and starts taking writes, by account."""

    def __init__(self, engine: AsyncEngine, ledger: Ledger, *, retry_ms: int) -> None:
        self._engine, self._ledger, self._retry_s = engine, ledger, retry_ms / 1000
        self.listeners: dict[str, OnState] = {}
        self._queue: asyncio.Queue[Job | None] = asyncio.Queue()
        self._connection: AsyncConnection | None = None
        self._task: asyncio.Task[None] | None = None
        self._current: list[Job] = []
        self._passed: list[Job] = []
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
        return self._queued(Job(asyncio.get_running_loop().create_future(), group=group))

    async def run(self, work: Work) -> Any:
        """Do chat-side work in the next transaction; returns its result once durable, raises JournalUnavailable."""
        return await self._queued(Job(asyncio.get_running_loop().create_future(), work=work))

    async def close(self) -> None:
        """Write what is queued, then stop."""
        self._closed = True
        if self._task is not None:
            self._queue.put_nowait(None)
            # How the task ended is its supervisor's matter; the connection is let go in any case.
            await asyncio.wait([self._task])
        await self._drop_connection()

    def _queued(self, job: Job) -> asyncio.Future[Any]:
        if self._closed or (self._task is not None and self._task.done()):
            job.future.set_exception(JournalUnavailable("the store is closed"))
        else:
            self._queue.put_nowait(job)
        return job.future

    async def _run(self) -> None:
        try:
            await self._serve()
        finally:
            self._abandon()

    async def _serve(self) -> None:
        while True:
            jobs, last = await self._next()
            self._current = jobs
            if jobs or self._ledger.backlog() or not self.writable:
                await self._commit(jobs)
            if last:
                return

    def _abandon(self) -> None:
        # Nobody may wait for ever when this task ends before its time.
        left = [*self._current, *self._passed, *(self._queue.get_nowait() for _ in range(self._queue.qsize()))]
        for job in left:
            if job is not None and not job.future.done():
                job.future.set_exception(JournalUnavailable("the store stopped"))

    async def _next(self) -> tuple[list[Job], bool]:
        if self._passed:
            # Once is enough: everything goes with this transaction.
            jobs, self._passed = self._passed, []
            return self._gathered(jobs)
        waiting = self._retry_s if self._ledger.backlog() or not self.writable else None
        try:
            job = await asyncio.wait_for(self._queue.get(), waiting)
        except TimeoutError:
            return [], False
        if job is None:
            return [], True
        jobs, last = self._gathered([job])
        groups = [job for job in jobs if job.group is not None]
        if groups and not last:
            self._passed = [job for job in jobs if job.group is None]
            jobs = groups
        return jobs, last

    def _gathered(self, jobs: list[Job]) -> tuple[list[Job], bool]:
        while len(jobs) < _MOST_JOBS and not self._queue.empty():
            job = self._queue.get_nowait()
            if job is None:
                return jobs, True
            jobs.append(job)
        return jobs, False

    async def _commit(self, jobs: list[Job]) -> None:
        try:
            await self._transaction(jobs)
        except DATABASE_ERRORS as error:
            self._ledger.undo()
            await self._drop_connection()
            await self._failed(jobs, brief(error))
        else:
            self._ledger.merged()
            self._turn(writable=True, why="")
            for job in jobs:
                _answer(job)

    async def _transaction(self, jobs: list[Job]) -> None:
        connection = await self._open_connection()
        backlog = self._ledger.backlog()
        entries = [job for job in jobs if job.group is not None]
        groups = [*backlog, *(job.group for job in entries if job.group is not None)]
        driver = await driver_of(connection)
        if driver is not None:
            driver.gathers = bool(groups)
        async with connection.begin():
            if groups:
                numbers = (await self._ledger.write(connection, groups))[len(backlog) :]
                for job, number in zip(entries, numbers, strict=True):
                    job.result = number
            elif not self.writable:
                await self._ledger.probe(connection)
            if driver is not None and len(entries) < len(jobs):
                # What goes wrong with the journal must not be taken for the fault of a job.
                driver.gathers = False
                await driver.flush()
            for job in jobs:
                if job.work is not None:
                    await _attempt(connection, job, job.work)

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

    async def _open_connection(self) -> AsyncConnection:
        if self._connection is None:
            self._connection = await self._engine.connect()
        return self._connection

    async def _drop_connection(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            await connection.invalidate()
            await connection.close()


async def _attempt(connection: AsyncConnection, job: Job, work: Work) -> None:
    try:
        async with connection.begin_nested():
            job.result = await work(connection)
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
