"""Each task of the desk dies in turn: the process ends naming it, and the next one goes on from what is durable."""

import asyncio
from pathlib import Path

import pytest

from bot.health import LATE_S
from tests.integration.app.stage import AppStage, next_life, play
from tests.support.desk import BTC


async def killed(stage: AppStage, name: str) -> str:
    """Kill a task as a bug in it would, and return what the process says at its end."""
    task = next(task for task in asyncio.all_tasks() if task.get_name() == name)
    task.cancel()
    return await stage.died_of()


# As many lives as there are tasks.
@pytest.mark.timeout(300)
def test_the_death_of_any_task_ends_the_process_by_name_and_the_next_one_has_the_same_books(tmp_path: Path) -> None:
    async def story(stage: AppStage) -> None:
        await stage.enter()
        held = stage.positions[BTC]
        names = stage.tasks()
        assert {"desk", "clock", "reconciliation", "market", "storage", "outbox", "telegram"} <= set(names)
        for name in names:
            assert await killed(stage, name) == name
            stage = await next_life(stage)
            found = stage.positions[BTC]
            assert (found.position_id, found.qty, found.held_stop) == (held.position_id, held.qty, held.held_stop)
            await stage.agrees()
        await stage.stop()

    play(tmp_path, story)


def test_an_error_that_nobody_awaits_ends_the_process_too(tmp_path: Path) -> None:
    async def story(stage: AppStage) -> None:
        def broken() -> None:
            raise ZeroDivisionError

        asyncio.get_running_loop().call_soon(broken)
        assert await stage.died_of() == "unwatched"
        stage = await next_life(stage)
        await stage.stop()

    play(tmp_path, story)


def test_a_task_without_a_sign_of_life_makes_the_process_unwell(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def story(stage: AppStage) -> None:
        health = stage.app._health(stage.app._desks[0])
        assert health.healthy()
        # Time passes, and everybody but the desk shows life.
        now = stage.clock.monotonic() + LATE_S
        monkeypatch.setattr(stage.app.supervisor, "_monotonic", lambda: now)
        for name in stage.tasks():
            if name != "desk":
                stage.app.supervisor.heartbeat(name)()
        assert not health.healthy()
        brief = stage.app._brief()
        assert (brief["healthy"], brief["why"]) == (False, "no life in desk")

    play(tmp_path, story)
