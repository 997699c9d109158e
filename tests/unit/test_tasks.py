"""Supervised tasks: a death is loud, a stop is orderly."""

import asyncio
from collections.abc import Callable

import pytest

from bot.tasks import Supervisor, TaskDiedError, alive
from tests.support import virtual


class _Notes:
    def __init__(self) -> None:
        self.lines: list[str] = []

    async def task(self, name: str) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            self.lines.append(name)


async def _raise(error: Exception) -> None:
    raise error


async def _return() -> None:
    return


def _death_of(start: Callable[[Supervisor, _Notes], None]) -> tuple[TaskDiedError, list[str]]:
    async def main() -> tuple[TaskDiedError, list[str]]:
        supervisor, notes = Supervisor(), _Notes()
        start(supervisor, notes)
        with pytest.raises(TaskDiedError) as caught:
            await supervisor.run()
        return caught.value, notes.lines

    return asyncio.run(main())


def test_a_task_that_raises_ends_the_run_and_cancels_the_others_in_reverse() -> None:
    def start(supervisor: Supervisor, notes: _Notes) -> None:
        supervisor.start("journal", notes.task("journal"))
        supervisor.start("engine", notes.task("engine"))
        supervisor.start("stream", _raise(ValueError("bad frame")))

    death, stopped = _death_of(start)
    assert (death.name, str(death.error)) == ("stream", "bad frame")
    assert death.__cause__ is death.error
    assert "stream" in str(death)
    assert "bad frame" in str(death)
    assert stopped == ["engine", "journal"]


def test_a_task_that_returns_is_a_death_too() -> None:
    death, _ = _death_of(lambda supervisor, _notes: supervisor.start("outbox", _return()))
    assert (death.name, death.error) == ("outbox", None)


def test_a_task_cancelled_by_somebody_else_is_a_death() -> None:
    async def cancel_itself() -> None:
        task = asyncio.current_task()
        assert task is not None
        task.cancel()
        await asyncio.Event().wait()

    death, _ = _death_of(lambda supervisor, _notes: supervisor.start("panel", cancel_itself()))
    assert (death.name, death.error) == ("panel", None)


def test_the_first_death_is_the_one_reported() -> None:
    def start(supervisor: Supervisor, _notes: _Notes) -> None:
        supervisor.start("first", _raise(ValueError("1")))
        supervisor.start("second", _raise(ValueError("2")))

    death, _ = _death_of(start)
    assert death.name == "first"


def test_a_requested_stop_returns_and_cancels_in_reverse() -> None:
    async def main() -> list[str]:
        supervisor, notes = Supervisor(), _Notes()
        for name in ("journal", "engine", "polling"):
            supervisor.start(name, notes.task(name))
        asyncio.get_running_loop().call_soon(supervisor.request_stop)
        await supervisor.run()
        return notes.lines

    assert asyncio.run(main()) == ["polling", "engine", "journal"]


def test_a_task_started_later_is_watched_as_well() -> None:
    async def main() -> TaskDiedError:
        supervisor, notes = Supervisor(), _Notes()
        supervisor.start("engine", notes.task("engine"))
        running = asyncio.create_task(supervisor.run())
        await asyncio.sleep(0)
        supervisor.start("polling", _raise(ValueError("401")))
        with pytest.raises(TaskDiedError) as caught:
            await running
        return caught.value

    assert asyncio.run(main()).name == "polling"


def test_an_error_while_stopping_does_not_keep_the_others_running() -> None:
    async def fail_when_cancelled() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            raise ValueError("cannot flush")

    async def main() -> list[str]:
        supervisor, notes = Supervisor(), _Notes()
        supervisor.start("journal", notes.task("journal"))
        supervisor.start("outbox", fail_when_cancelled())
        asyncio.get_running_loop().call_soon(supervisor.request_stop)
        await supervisor.run()
        return notes.lines

    assert asyncio.run(main()) == ["journal"]


def test_a_task_that_refuses_to_stop_is_left_after_the_grace_time() -> None:
    async def main() -> tuple[list[str], bool]:
        supervisor, notes = Supervisor(grace_s=0.01), _Notes()
        release = asyncio.Event()

        async def stubborn() -> None:
            try:
                await release.wait()
            except asyncio.CancelledError:
                await release.wait()

        supervisor.start("journal", notes.task("journal"))
        supervisor.start("stubborn", stubborn())
        asyncio.get_running_loop().call_soon(supervisor.request_stop)
        await supervisor.run()
        left = [health.name for health in supervisor.health()]
        release.set()
        return notes.lines, left == ["stubborn"]

    assert asyncio.run(main()) == (["journal"], True)


def test_cancelling_the_run_stops_every_task() -> None:
    async def main() -> list[str]:
        supervisor, notes = Supervisor(), _Notes()
        supervisor.start("engine", notes.task("engine"))
        running = asyncio.create_task(supervisor.run())
        await asyncio.sleep(0)
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
        return notes.lines

    assert asyncio.run(main()) == ["engine"]


def test_a_name_is_used_once() -> None:
    async def main() -> None:
        supervisor, notes = Supervisor(), _Notes()
        supervisor.start("engine", notes.task("engine"))
        with pytest.raises(ValueError, match="'engine' is already supervised"):
            supervisor.start("engine", notes.task("again"))
        supervisor.request_stop()
        await supervisor.run()

    asyncio.run(main())


def test_health_tells_the_age_of_the_last_beat() -> None:
    async def main() -> None:
        now = 100.0
        supervisor, notes = Supervisor(monotonic=lambda: now), _Notes()
        supervisor.start("engine", notes.task("engine"))
        supervisor.start("stream", notes.task("stream"))
        beat = supervisor.heartbeat("engine")
        now = 107.0
        beat()
        now = 109.5
        assert [(health.name, health.beat_age_s) for health in supervisor.health()] == [
            ("engine", 2.5),
            ("stream", 9.5),
        ]
        supervisor.request_stop()
        await supervisor.run()
        assert supervisor.health() == ()

    asyncio.run(main())


def test_long_work_in_a_task_beats_until_it_ends_and_gives_what_it_gives() -> None:
    async def main() -> tuple[str, int]:
        beats, done = list[int](), asyncio.Event()

        async def work() -> str:
            await done.wait()
            return "loaded"

        def beat() -> None:
            beats.append(1)
            if len(beats) == 2:
                done.set()

        return await alive(work(), beat), len(beats)

    assert virtual.run(main()) == ("loaded", 2)


def test_the_error_of_long_work_is_the_tasks_and_its_end_ends_the_work() -> None:
    async def main() -> list[str]:
        with pytest.raises(ZeroDivisionError):
            await alive(_raise(ZeroDivisionError()), lambda: None)
        notes = _Notes()
        task = asyncio.create_task(alive(notes.task("work"), lambda: None))
        await asyncio.sleep(0.5)
        task.cancel()
        await asyncio.wait([task])
        assert task.cancelled()
        return notes.lines

    assert virtual.run(main()) == ["work"]
