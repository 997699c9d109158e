"""Slow pure functions in worker processes: progress, a hard stop, and a failure value instead of an exception."""

import asyncio
import os
import pickle
import signal
import subprocess
import sys
import threading
import time
import traceback
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from typing import Any

type Progress = float | dict[str, Any]
type ReportProgress = Callable[[Progress], None]
type Task[Q, R] = Callable[[Q, ReportProgress], R]

# What a fresh interpreter needs, and no more: tokens and keys of the desk never reach a worker.
_PASSED_ON = ("HOME", "LANG", "LD_LIBRARY_PATH", "PATH", "TMPDIR", "TZ", "VIRTUAL_ENV")
_PASSED_ON_PREFIXES = ("COV_", "COVERAGE_", "LC_", "MPL", "OMP_", "OPENBLAS_", "PYTHON", "XDG_")
_WATCH_S = 1.0


@dataclass(frozen=True, slots=True)
class WorkerFailed:
    """The function gave no result: it raised, its process died, it took too long, or the pool was closed."""

    reason: str


class WorkerPool:
    """A few processes that run module-level functions of the form `function(request, report) -> result`.

    Processes start when first needed (or by `warm`), are fresh interpreters that import only what the function's
    module imports, and are replaced after a crash, a timeout or a cancellation. Requests, results and progress must
    be picklable. Not for use from several loops.
    """

    def __init__(self, *, size: int = 1) -> None:
        self._idle: asyncio.LifoQueue[_Worker] = asyncio.LifoQueue()
        self._workers = [_Worker() for _ in range(size)]
        for worker in self._workers:
            self._idle.put_nowait(worker)
        self._closed = False

    async def run[Q, R](
        self,
        function: Task[Q, R],
        request: Q,
        *,
        progress: ReportProgress | None = None,
        timeout_s: float | None = None,
    ) -> R | WorkerFailed:
        """Result of `function(request, report)`; `progress` is called on the loop with every value reported.

        `timeout_s` counts from the call, waiting for a free worker included. Cancelling the caller kills the worker
        process. Raises ValueError for a function that a fresh interpreter cannot import.
        """
        _refuse_unimportable(function)
        try:
            async with asyncio.timeout(timeout_s):
                return await self._run(function, request, progress)
        except TimeoutError:
            return WorkerFailed(f"it took longer than {timeout_s:g} s and was stopped")

    async def warm[Q, R](self, function: Task[Q, R], request: Q) -> None:
        """Start every idle process and run the function once in each, so that the next request finds it imported."""
        await asyncio.gather(*(self.run(function, request) for _ in range(self._idle.qsize())))

    async def close(self) -> None:
        """Kill all processes and wait for them; running requests end with a failure value. May be called twice."""
        if not self._closed:
            self._closed = True
            await asyncio.gather(*(worker.stop(for_good=True) for worker in self._workers))

    async def _run[Q, R](self, function: Task[Q, R], request: Q, progress: ReportProgress | None) -> R | WorkerFailed:
        worker = await self._idle.get()
        try:
            if self._closed:
                return WorkerFailed("the worker pool is closed")
            answer: R | WorkerFailed = await worker.run((function, request), progress)
        except asyncio.CancelledError:
            await worker.stop()
            raise
        finally:
            self._idle.put_nowait(worker)
        return answer


class _Worker:
    """One process and the thread that blocks on its pipe, so that the loop never does."""

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="worker-pipe")
        self._process: subprocess.Popen[bytes] | None = None
        self._pipe: Connection[Any, Any] | None = None
        self._stopped = False
        self._closed = False

    async def run(self, job: tuple[Any, Any], progress: ReportProgress | None) -> Any:
        loop = asyncio.get_running_loop()
        self._stopped = False

        def relay(value: Progress) -> None:
            if progress is not None and not self._stopped:
                loop.call_soon_threadsafe(progress, value)

        return await asyncio.shield(loop.run_in_executor(self._thread, self._exchange, job, relay))

    async def stop(self, *, for_good: bool = False) -> None:
        self._stopped = True
        if self._closed:
            return
        self._closed = for_good
        if self._process is not None:
            # The thread blocked on the pipe then sees its end and finishes.
            self._process.kill()
        await asyncio.get_running_loop().run_in_executor(self._thread, self._discard)
        if for_good:
            self._thread.shutdown(wait=False)

    def _exchange(self, job: tuple[Any, Any], relay: ReportProgress) -> Any:
        try:
            parts = _packed(job)
        except (pickle.PicklingError, TypeError, AttributeError) as error:
            return WorkerFailed(f"the request cannot be sent to a worker: {error}")
        try:
            pipe = self._ready_pipe()
        except OSError as error:
            return WorkerFailed(f"no worker process could be started: {error}")
        try:
            for part in parts:
                pipe.send_bytes(part)
            return self._answer(pipe, relay)
        except (EOFError, OSError):
            return WorkerFailed(self._death())

    def _answer(self, pipe: "Connection[Any, Any]", relay: ReportProgress) -> Any:
        while True:
            kind, value = pipe.recv()
            if kind == "progress":
                relay(value)
            else:
                return value if kind == "done" else WorkerFailed(value)

    def _ready_pipe(self) -> "Connection[Any, Any]":
        if self._process is None or self._pipe is None or self._process.poll() is not None:
            self._discard()
            self._process, self._pipe = _start()
            if self._stopped:
                self._process.kill()
        return self._pipe

    def _death(self) -> str:
        process = self._process
        self._discard()
        if self._stopped or process is None:
            return "the worker was stopped"
        code = process.returncode
        how = f"signal {signal.Signals(-code).name}" if code is not None and code < 0 else f"exit code {code}"
        return f"the worker process died ({how}); the next request gets a new one"

    def _discard(self) -> None:
        process, self._process = self._process, None
        pipe, self._pipe = self._pipe, None
        if pipe is not None:
            pipe.close()
        if process is not None:
            process.kill()
            process.wait()


def _refuse_unimportable(function: Callable[..., Any]) -> None:
    name = getattr(function, "__qualname__", "")
    module = getattr(function, "__module__", "__main__")
    if module == "__main__" or "<" in name or getattr(sys.modules.get(module), name, None) is not function:
        message = f"a worker process cannot import {name or function!r}: define it at the top level of a module"
        raise ValueError(message)


def _packed(job: tuple[Any, Any]) -> list[bytes | memoryview]:
    # Arrays travel beside the pickle: copying megabytes into it would hold the interpreter and stall the loop.
    buffers: list[pickle.PickleBuffer] = []
    payload = pickle.dumps(job, protocol=5, buffer_callback=buffers.append)
    return [str(len(buffers) + 1).encode(), payload, *(buffer.raw() for buffer in buffers)]


def _start() -> tuple[subprocess.Popen[bytes], "Connection[Any, Any]"]:
    ours, theirs = Pipe(duplex=True)
    names = [name for name in os.environ if name in _PASSED_ON or name.startswith(_PASSED_ON_PREFIXES)]
    environment = {name: os.environ[name] for name in names} | {
        "PYTHONPATH": os.pathsep.join(path or "." for path in sys.path)
    }
    try:
        process = subprocess.Popen(  # noqa: S603 - our own interpreter with our own words
            [sys.executable, "-c", f"from engine.workers import serve; serve({theirs.fileno()}, parent={os.getpid()})"],
            env=environment,
            pass_fds=(theirs.fileno(),),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
        )
    except OSError:
        ours.close()
        raise
    finally:
        theirs.close()
    return process, ours


def serve(handle: int, *, parent: int) -> None:
    """Body of a worker process: answer requests from this file handle until it closes or the parent is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_leave_with, args=(parent,), daemon=True).start()
    pipe: Connection[Any, Any] = Connection(handle)
    while True:
        try:
            job = [pipe.recv_bytes() for _ in range(int(pipe.recv_bytes()))]
        except EOFError:
            return
        answer = _outcome(job, lambda value: pipe.send(("progress", value)))
        try:
            pipe.send(answer)
        except (pickle.PicklingError, TypeError, AttributeError) as error:
            pipe.send(("failed", f"the result cannot be sent back: {error}"))


def _outcome(job: list[bytes], report: ReportProgress) -> tuple[str, Any]:
    try:
        # Writable copies: some numeric libraries refuse read-only arrays.
        buffers = [bytearray(part) for part in job[1:]]
        function, request = pickle.loads(job[0], buffers=buffers)  # noqa: S301 - written by our own parent process
        return "done", function(request, report)
    except Exception as error:  # noqa: BLE001 - worker boundary: whatever a request does, the parent gets an answer
        traceback.print_exc()
        return "failed", f"{type(error).__name__}: {error}"


def _leave_with(parent: int) -> None:
    # A worker busy with a request does not read its pipe and so would outlive a killed desk.
    while os.getppid() == parent:
        time.sleep(_WATCH_S)
    os._exit(1)
