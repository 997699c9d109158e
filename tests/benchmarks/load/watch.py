"""How long single turns hold a loop: wall time, and what is left of it without the time the machine gave to others.

A machine gives time to others twice: the kernel lets a thread wait for a core, and the host of a virtual machine lets
the core itself wait. The kernel counts the first for every thread. The second is in no thread's CPU time, and a turn
that never slept (for a lock, for a disk) can have been nowhere else when it was not computing.
"""

import asyncio
import gc
import os
import resource
import time

# Linux counts for every thread how long it was ready to run and had to wait for a core.
_WAITED = "/proc/self/schedstat"


class LoopWatch:
    """Times every callback of the loop of the main thread. `wall_ms` is the longest turn, `own_ms` the longest without
    waiting for a core, the kernel's or the host's.
    """

    def __init__(self) -> None:
        self._file = os.open(_WAITED, os.O_RDONLY)
        self._wall = self._own = 0.0
        self._name = ""
        self._turns = 0
        self._collecting = self._collected = 0.0

    def begin(self) -> None:
        """Watch from now on."""
        run = asyncio.Handle._run  # the only place through which every turn passes

        def timed(handle: asyncio.Handle) -> None:
            waited, slept, used, began = self._waited_s(), _slept(), time.thread_time(), time.perf_counter()
            run(handle)
            took = time.perf_counter() - began
            self._turns += 1
            if took > self._own or took > self._wall:
                used = min(took, time.thread_time() - used)
                self._note(handle, took, used if _slept() == slept else took - (self._waited_s() - waited))

        asyncio.Handle._run = timed  # type: ignore[method-assign]
        gc.callbacks.append(self._on_garbage)

    def _on_garbage(self, phase: str, info: dict[str, int]) -> None:
        if phase == "start":
            self._collecting = time.perf_counter()
        else:
            self._collected = max(self._collected, time.perf_counter() - self._collecting)

    def _waited_s(self) -> float:
        return int(os.pread(self._file, 64, 0).split()[1]) / 1e9

    def _note(self, handle: asyncio.Handle, took: float, own: float) -> None:
        self._wall = max(self._wall, took)
        if own > self._own:
            self._own = own
            owner = getattr(getattr(handle, "_callback", None), "__self__", None)
            self._name = _named(owner) if isinstance(owner, asyncio.Task) else repr(handle)[:120]

    def taken(self) -> dict[str, object]:
        """Return what was seen since the last call, and forget it."""
        seen: dict[str, object] = {"wall_ms": self._wall * 1e3, "own_ms": self._own * 1e3, "by": self._name}
        seen |= {"turns": self._turns, "collected_ms": self._collected * 1e3}
        self._wall = self._own = self._collected = 0.0
        self._turns = 0
        return seen


def _slept() -> int:
    """Return how often this thread gave up its core because it had to wait for something."""
    return resource.getrusage(resource.RUSAGE_THREAD).ru_nvcsw


def _named(task: "asyncio.Task[object]") -> str:
    name = task.get_name()
    return getattr(task.get_coro(), "__qualname__", name) if name.startswith("Task-") else name
