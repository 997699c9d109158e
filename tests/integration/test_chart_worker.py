"""Worker processes: pictures and progress arrive, and crashes, hangs and cancellations stay on the other side."""

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest

from engine.analytics.charts.requests import ChartFailed, EquityChart, Look, NoPicture, Picture
from engine.analytics.series import EquitySeries
from engine.analytics.worker import ChartWorker
from engine.workers import Progress, ReportProgress, WorkerFailed, WorkerPool
from tests.unit.analytics.samples import walk

ROOT = Path(__file__).resolve().parents[2]


def add(request: tuple[int, int], _report: ReportProgress) -> int:
    return request[0] + request[1]


def identity(_request: None, _report: ReportProgress) -> int:
    return os.getpid()


def environment(_request: None, _report: ReportProgress) -> dict[str, str]:
    return dict(os.environ)


def count(request: int, report: ReportProgress) -> str:
    for place in range(request):
        report({"done": place})
    report(1.0)
    return "counted"


def fail(request: str, _report: ReportProgress) -> None:
    raise ValueError(request)


def die(request: int, _report: ReportProgress) -> None:
    os._exit(request)


def hang(request: str, report: ReportProgress) -> None:
    report({"pid": os.getpid()})
    while True:
        time.sleep(0.01)


def unsendable(_request: None, _report: ReportProgress) -> Any:
    return lambda: None


def with_pool(body: Callable[[WorkerPool], Coroutine[Any, Any, None]], *, size: int = 1) -> None:
    async def main() -> None:
        pool = WorkerPool(size=size)
        try:
            await asyncio.wait_for(body(pool), 60)
        finally:
            await pool.close()

    asyncio.run(main())


def gone(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


def test_a_result_comes_back_from_another_process_that_is_kept() -> None:
    async def body(pool: WorkerPool) -> None:
        assert await pool.run(add, (2, 3)) == 5
        first, second = await pool.run(identity, None), await pool.run(identity, None)
        assert first == second != os.getpid()

    with_pool(body)


def test_progress_arrives_in_order_and_before_the_result() -> None:
    async def body(pool: WorkerPool) -> None:
        seen: list[Progress] = []
        assert await pool.run(count, 200, progress=seen.append) == "counted"
        assert seen == [*({"done": place} for place in range(200)), 1.0]

    with_pool(body)


def test_an_exception_becomes_a_failure_and_the_process_goes_on(capfd: pytest.CaptureFixture[str]) -> None:
    async def body(pool: WorkerPool) -> None:
        before = await pool.run(identity, None)
        assert await pool.run(fail, "no such column") == WorkerFailed("ValueError: no such column")
        assert await pool.run(identity, None) == before

    with_pool(body)
    assert "no such column" in capfd.readouterr().err


def test_a_process_that_dies_is_a_failure_and_is_replaced() -> None:
    async def body(pool: WorkerPool) -> None:
        before = await pool.run(identity, None)
        found = await pool.run(die, 3)
        assert isinstance(found, WorkerFailed)
        assert "exit code 3" in found.reason
        after = await pool.run(identity, None)
        assert isinstance(after, int)
        assert after != before

    with_pool(body)


def test_a_process_killed_while_idle_is_replaced_without_a_failure() -> None:
    async def body(pool: WorkerPool) -> None:
        pid = await pool.run(identity, None)
        assert isinstance(pid, int)
        os.kill(pid, 9)
        await asyncio.to_thread(os.waitid, os.P_PID, pid, os.WEXITED | os.WNOWAIT)
        assert await pool.run(add, (1, 1)) == 2

    with_pool(body)


def test_a_hanging_function_is_stopped_in_time_and_its_process_killed() -> None:
    async def body(pool: WorkerPool) -> None:
        await pool.run(add, (1, 1))
        seen: list[Any] = []
        started = time.monotonic()
        found = await pool.run(hang, "", progress=seen.append, timeout_s=0.5)
        assert found == WorkerFailed("it took longer than 0.5 s and was stopped")
        assert time.monotonic() - started < 5
        assert gone(seen[0]["pid"])
        assert await pool.run(add, (4, 5)) == 9

    with_pool(body)


def test_cancelling_the_caller_kills_the_process() -> None:
    async def body(pool: WorkerPool) -> None:
        started: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        task = asyncio.ensure_future(pool.run(hang, "", progress=started.set_result))
        pid = (await started)["pid"]
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert gone(pid)
        assert await pool.run(add, (1, 2)) == 3

    with_pool(body)


def test_waiting_for_a_busy_worker_counts_towards_the_timeout_and_harms_nobody() -> None:
    async def body(pool: WorkerPool) -> None:
        started: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        busy = asyncio.ensure_future(pool.run(hang, "", progress=started.set_result))
        pid = (await started)["pid"]
        assert isinstance(await pool.run(add, (1, 1), timeout_s=0.05), WorkerFailed)
        assert not gone(pid)
        busy.cancel()

    with_pool(body)


def test_two_workers_run_two_requests_at_once() -> None:
    async def body(pool: WorkerPool) -> None:
        loop = asyncio.get_running_loop()
        started = [loop.create_future(), loop.create_future()]
        tasks = [asyncio.ensure_future(pool.run(hang, "", progress=one.set_result)) for one in started]
        first, second = await asyncio.gather(*started)
        assert first["pid"] != second["pid"]
        for task in tasks:
            task.cancel()

    with_pool(body, size=2)


def test_closing_ends_running_requests_and_refuses_later_ones() -> None:
    async def body(pool: WorkerPool) -> None:
        started: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        running = asyncio.ensure_future(pool.run(hang, "", progress=started.set_result))
        pid = (await started)["pid"]
        waiting = asyncio.ensure_future(pool.run(add, (1, 1)))
        await asyncio.sleep(0)
        await pool.close()
        assert await running == WorkerFailed("the worker was stopped")
        assert await waiting == WorkerFailed("the worker pool is closed")
        assert await pool.run(add, (1, 1)) == WorkerFailed("the worker pool is closed")
        assert gone(pid)

    with_pool(body)


def test_what_cannot_travel_is_a_failure_and_not_an_exception() -> None:
    async def body(pool: WorkerPool) -> None:
        found = await pool.run(unsendable, None)
        assert isinstance(found, WorkerFailed)
        assert "cannot be sent back" in found.reason
        request: Any = lambda: None  # noqa: E731 - a request that cannot be pickled is the point
        found = await pool.run(add, request)
        assert isinstance(found, WorkerFailed)
        assert "cannot be sent" in found.reason

    with_pool(body)


def test_a_function_that_no_other_process_can_import_is_refused() -> None:
    async def body(pool: WorkerPool) -> None:
        def inner(_request: None, _report: ReportProgress) -> None:
            return None

        with pytest.raises(ValueError, match="top level"):
            await pool.run(inner, None)

    with_pool(body)


def test_secrets_of_the_desk_do_not_reach_a_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    async def body(pool: WorkerPool) -> None:
        monkeypatch.setenv("BYBIT_API_SECRET", "hidden")
        seen = await pool.run(environment, None)
        assert isinstance(seen, dict)
        assert "BYBIT_API_SECRET" not in seen
        assert seen["PATH"] == os.environ["PATH"]

    with_pool(body)


def test_a_worker_leaves_when_the_desk_is_killed() -> None:
    program = (
        "import asyncio\nfrom engine.workers import WorkerPool\n"
        "from tests.integration.test_chart_worker import hang\n"
        "def show(value): print(value['pid'], flush=True)\n"
        "asyncio.run(WorkerPool().run(hang, '', progress=show))\n"
    )
    desk = subprocess.Popen([sys.executable, "-c", program], cwd=ROOT, stdout=subprocess.PIPE)
    assert desk.stdout is not None
    with desk, desk.stdout:
        pid = int(desk.stdout.readline())
        desk.kill()
        desk.wait()
    deadline = time.monotonic() + 20
    while not gone(pid) and time.monotonic() < deadline:
        os.sched_yield()
    assert gone(pid)


def test_the_chart_worker_draws_and_says_when_there_is_nothing_to_draw() -> None:
    async def main() -> None:
        worker = ChartWorker()
        await worker.warm()
        try:
            look = Look(mode="PAPER")
            found = await worker.render(EquityChart(look=look, series=walk(525_600)), timeout_s=30)
            assert isinstance(found, Picture)
            assert found.png.startswith(b"\x89PNG")
            assert isinstance(await worker.render(EquityChart(look=look, series=EquitySeries())), NoPicture)
            unknown = EquityChart(look=Look(mode="PAPER", zone="Moon/Base"), series=walk(10))
            failed = await worker.render(unknown)
            assert isinstance(failed, ChartFailed)
            assert "Moon/Base" in failed.reason
            late = await worker.render(EquityChart(look=look, series=walk(525_600)), timeout_s=0.001)
            assert isinstance(late, ChartFailed)
        finally:
            await worker.close()

    asyncio.run(main())


def test_the_parent_never_loads_the_drawing_libraries() -> None:
    program = (
        "import asyncio, sys\nfrom engine.analytics.worker import ChartWorker\n"
        "from engine.analytics.charts.requests import EquityChart, Look, Picture\n"
        "from tests.unit.analytics.samples import walk\n"
        "async def main():\n"
        "    worker = ChartWorker()\n"
        "    found = await worker.render(EquityChart(look=Look(mode='PAPER'), series=walk(100)), timeout_s=60)\n"
        "    await worker.close()\n"
        "    assert isinstance(found, Picture), found\n"
        "    for name in ('matplotlib', 'pandas', 'pandas_ta_classic', 'talib', 'PIL'):\n"
        "        assert name not in sys.modules, name\n"
        "asyncio.run(main())\n"
    )
    subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=True, timeout=100)
