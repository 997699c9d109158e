"""Supervised long-lived tasks: a dead task brings the process down, loudly.

TaskDiedError (RuntimeError)
  a supervised task ended although nobody asked it to
"""

import asyncio
import time
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any

from config.logging import get_logger

_log = get_logger(__name__)

type Beat = Callable[[], None]
_BEAT_S = 1.0


class TaskDiedError(RuntimeError):
    """A task ended by itself: `error` is what it raised, None when it returned or was cancelled from elsewhere."""

    def __init__(self, name: str, error: BaseException | None) -> None:
        self.name = name
        self.error = error
        how = "ended without an error" if error is None else f"{type(error).__name__}: {error}"
        super().__init__(f"task {name!r} died: {how}")


@dataclass(frozen=True, slots=True)
class TaskHealth:
    """A running task as /health shows it: seconds since its last sign of life (its start counts as one)."""

    name: str
    beat_age_s: float


async def alive[T](work: Coroutine[Any, Any, T], beat: Beat) -> T:
    """Do something that takes a while as part of a supervised task, and show that it is alive meanwhile."""
    task = asyncio.create_task(work)
    try:
        while not task.done():
            beat()
            await asyncio.wait([task], timeout=_BEAT_S)
        return task.result()
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


class Supervisor:
    """Starts named tasks and watches them until one dies or a stop is requested.

    `start` tasks in order, before or while `await run()` waits. `run` returns after a clean stop and raises
    TaskDiedError after a death; before either, every task is cancelled, the last started first. The caller lets the
    error end the process with a code other than 0. Belongs to one event loop.
    """

    def __init__(self, *, grace_s: float = 10.0, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._grace_s = grace_s
        self._monotonic = monotonic
        self._tasks: dict[str, asyncio.Task[Any]] = {}
        self._beats: dict[str, float] = {}
        self._end = asyncio.Event()
        self._death: TaskDiedError | None = None

    def start(self, name: str, coroutine: Coroutine[Any, Any, object]) -> None:
        """Run the coroutine as a task of that name; ValueError when the name is in use."""
        if name in self._tasks:
            coroutine.close()
            raise ValueError(f"a task named {name!r} is already supervised")
        self.heartbeat(name)()
        task = asyncio.create_task(coroutine, name=name)
        task.add_done_callback(self._on_done)
        self._tasks[name] = task

    def heartbeat(self, name: str) -> Beat:
        """What the task of that name calls to show that it is alive; may be asked for before the task starts."""

        def beat() -> None:
            self._beats[name] = self._monotonic()

        return beat

    def health(self) -> tuple[TaskHealth, ...]:
        """Every task still running, in the order of their start."""
        now = self._monotonic()
        return tuple(TaskHealth(name, now - self._beats[name]) for name, task in self._tasks.items() if not task.done())

    def request_stop(self) -> None:
        """Ask `run` to end cleanly; safe to call from a signal handler of the loop, any number of times."""
        self._end.set()

    async def run(self) -> None:
        """Watch until a stop is requested (returns) or a task dies (raises TaskDiedError); stops every task first."""
        try:
            await self._end.wait()
        finally:
            self._end.set()
            await self._cancel_all()
        if self._death is not None:
            raise self._death from self._death.error

    def _on_done(self, task: asyncio.Task[Any]) -> None:
        error = None if task.cancelled() else task.exception()
        if self._end.is_set():
            if error is not None:
                _log.error("task failed while stopping", task=task.get_name(), exc_info=error)
            return
        self._death = TaskDiedError(task.get_name(), error)
        self._end.set()
        _log.critical("task died", task=task.get_name(), exc_info=error)

    async def _cancel_all(self) -> None:
        for name, task in reversed(self._tasks.items()):
            task.cancel()
            await asyncio.wait({task}, timeout=self._grace_s)
            if not task.done():
                _log.error("task did not stop", task=name, waited_s=self._grace_s)
