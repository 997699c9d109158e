"""What goes on after a handler has answered: waiting for orders, drawing, backtests, previews that expire."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

type Sleep = Callable[[float], Awaitable[None]]
type Failed = Callable[[BaseException], Coroutine[Any, Any, None]]


class Jobs:
    """Tasks started by handlers. They are told of when they fail and ended when the desk stops."""

    def __init__(self, *, sleep: Sleep = asyncio.sleep) -> None:
        self.sleep = sleep
        self._tasks: set[asyncio.Task[None]] = set()
        self._named: dict[str, asyncio.Task[None]] = {}

    def start(self, work: Coroutine[Any, Any, None], *, name: str = "", failed: Failed | None = None) -> None:
        """Run work beside the handlers. The loop is told of a failure; `failed` tells the reader."""
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
        task.get_loop().call_exception_handler(
            {"message": "work after a handler failed", "exception": error, "task": task}
        )
        if failed is not None:
            self.start(failed(error))
