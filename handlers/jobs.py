"""What goes on after a handler has answered: waiting for orders, drawing, backtests, previews that expire."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

from aiogram.exceptions import TelegramAPIError

from config.logging import get_logger
from engine.journal import JournalUnavailable

_log = get_logger(__name__)
# What a database or a Telegram that is away for a while makes of work: no mistake of the program.
PASSING: tuple[type[Exception], ...] = (JournalUnavailable, TelegramAPIError)

type Sleep = Callable[[float], Awaitable[None]]
type Failed = Callable[[BaseException], Coroutine[Any, Any, None]]


class Jobs:
    """Tasks started by handlers, ended when the desk stops.

    The loop is told when one fails, which ends the process; failures of a kind in `passing` are logged instead.
    """

    def __init__(self, *, sleep: Sleep = asyncio.sleep, passing: tuple[type[Exception], ...] = PASSING) -> None:
        self.sleep, self._passing = sleep, passing
        self._tasks: set[asyncio.Task[None]] = set()
        self._named: dict[str, asyncio.Task[None]] = {}

    def start(self, work: Coroutine[Any, Any, None], *, name: str = "", failed: Failed | None = None) -> None:
        """Run work beside the handlers; `failed` tells the reader of a failure."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        if name:
            self._named[name] = task
        task.add_done_callback(lambda done: self._ended(done, name, failed))

    def stop(self, name: str) -> bool:
        """End the named work; False when it is not going."""
        task = self._named.pop(name, None)
        if task is not None:
            task.cancel()
        return task is not None

    def going(self, name: str) -> bool:
        """Whether the named work is still going."""
        return name in self._named

    async def idle(self) -> None:
        """Wait until no work is left."""
        while self._tasks:
            await asyncio.wait(self._tasks)

    async def close(self) -> None:
        """End all work and wait for it."""
        for task in self._tasks:
            task.cancel()
        await self.idle()

    def _ended(self, task: "asyncio.Task[None]", name: str, failed: Failed | None) -> None:
        self._tasks.discard(task)
        if name and self._named.get(name) is task:
            del self._named[name]
        error = None if task.cancelled() else task.exception()
        if error is None:
            return
        if isinstance(error, self._passing):
            _log.warning("work after a handler failed", why=f"{type(error).__name__}: {error}")
        else:
            task.get_loop().call_exception_handler(
                {"message": "work after a handler failed", "exception": error, "task": task}
            )
        if failed is not None:
            self.start(failed(error))
