"""The whole chat side as the desk runs it: supervised tasks, real polling, an orderly end."""

import asyncio
from pathlib import Path

import pytest

from bot.outbox_wake import WakingJournal
from bot.polling import PollingRefusedError
from bot.tasks import Supervisor, TaskDiedError
from engine.core.commands import Pause
from engine.journal import MemoryJournal
from tests.integration.bot.scene import ADA, Scene, in_scene
from tests.unit.bot.alerts import ENTRY


def _supervised(scene: Scene) -> Supervisor:
    supervisor = Supervisor()
    for name, work in (*scene.service.tasks(supervisor), *scene.service.answering(supervisor)):
        supervisor.start(name, work)
    return supervisor


def test_a_command_is_answered_and_an_alert_arrives_while_the_tasks_run(tmp_path: Path) -> None:
    async def story(scene: Scene) -> None:
        supervisor = _supervised(scene)
        running = asyncio.create_task(supervisor.run())
        await scene.sim(f"users/{ADA}/messages", {"text": "/pause"})
        await scene.until(lambda: _said(scene, "Entries paused"))
        assert [type(command) for command in scene.desk.commands] == [Pause]
        await scene.alert(ENTRY)
        scene.service.wake_outbox()
        await scene.until(lambda: _said(scene, "SOLUSDT LONG opened"))
        assert {task.name for task in supervisor.health()} >= {"telegram", "outbox", "panel", "critical alerts"}
        supervisor.request_stop()
        await running

    in_scene(tmp_path, story)


async def _said(scene: Scene, words: str) -> bool:
    await scene.clock.settle()
    return any(text.startswith(words) for text in await scene.said())


def test_a_second_desk_on_the_same_token_dies_loudly(tmp_path: Path) -> None:
    async def story(scene: Scene) -> None:
        await scene.fault("getUpdates", status=409, description="Conflict: terminated by other getUpdates request")
        with pytest.raises(TaskDiedError) as caught:
            await _supervised(scene).run()
        assert isinstance(caught.value.error, PollingRefusedError)

    in_scene(tmp_path, story)


def test_the_outbox_is_woken_when_alerts_are_durable_and_not_before() -> None:
    async def main() -> None:
        woken: list[int] = []
        memory = MemoryJournal()
        journal = WakingJournal(memory, lambda: woken.append(len(memory.alerts)))
        await journal.submit((), ())
        await journal.submit((), (ENTRY,))
        await asyncio.sleep(0)
        assert woken == [1]

    asyncio.run(main())
