"""The watch of the load benchmark says how long a turn held its loop, and does not say what the machine did to it."""

import asyncio
import gc
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from tests.benchmarks.load.machine import cpu_s
from tests.benchmarks.load.watch import LoopWatch


def test_a_turn_that_sleeps_holds_the_loop_as_long_as_it_sleeps() -> None:
    seen = watched(lambda: time.sleep(0.05))

    assert seen["own_ms"] >= 45
    assert seen["wall_ms"] >= 50


def test_a_turn_that_computes_holds_the_loop_as_long_as_it_computes() -> None:
    seen = watched(lambda: computing(0.05))

    assert 45 <= seen["own_ms"] <= seen["wall_ms"]


def test_a_turn_that_others_kept_from_the_core_held_the_loop_only_for_its_own_part() -> None:
    with others_on_this_core():
        seen = watched(lambda: computing(0.1))

    assert 90 <= seen["own_ms"] <= 0.8 * seen["wall_ms"]


def watched(turn: Callable[[], None]) -> dict[str, float]:
    """Return what the watch saw of a loop with this one turn worth a name."""
    kept = asyncio.Handle._run
    watch = LoopWatch()

    async def session() -> dict[str, float]:
        watch.begin()
        asyncio.get_running_loop().call_soon(turn)
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        return {key: float(value) for key, value in watch.taken().items() if key in ("own_ms", "wall_ms")}

    try:
        return asyncio.run(session())
    finally:
        asyncio.Handle._run = kept  # type: ignore[method-assign]
        gc.callbacks.pop()


def computing(seconds: float) -> None:
    """Use the core for so long."""
    end = time.thread_time() + seconds
    while time.thread_time() < end:
        pass


@contextmanager
def others_on_this_core() -> Iterator[None]:
    """Let two processes compute on one core with this thread."""
    allowed = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(allowed)})
    others = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(2)]
    try:
        # Until both have begun to compute.
        while min(cpu_s(other.pid) for other in others) < 0.1:
            time.sleep(0.02)
        yield
    finally:
        os.sched_setaffinity(0, allowed)
        for other in others:
            other.kill()
            other.wait()
