"""The process dies between taking a command in and carrying it out: it is never carried out twice, and that is said."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from engine.core.commands import CloseAll
from tests.integration.bot.scene import ADA, Scene, running, serving
from tests.unit.bot.hand_clock import HandClock


async def hung(scene: Scene, text: str) -> tuple[int, asyncio.Task[Any]]:
    """Let a command reach the desk and stay there, as in a process that dies now; returns its update and its task."""
    reached = asyncio.Event()

    async def never(_command: object) -> Any:
        reached.set()
        await asyncio.Event().wait()

    scene.desk.command = never  # type: ignore[method-assign]  # this desk dies with the command in its hands
    update = (await scene.sim(f"users/{ADA}/messages", {"text": text}))["update_id"]
    task = asyncio.create_task(scene.hear())
    await reached.wait()
    return update, task


@pytest.mark.parametrize("stopped", [False, True], ids=["killed", "stopped"])
def test_a_command_cut_off_by_the_end_of_the_process_is_not_carried_out_when_it_comes_again(
    stopped: bool, tmp_path: Path
) -> None:
    async def main() -> None:
        clock = HandClock()
        async with serving(clock) as chat, running(chat, tmp_path, clock) as dying:
            update, task = await hung(dying, "/closeall now")
            if stopped:
                task.cancel()
                await asyncio.wait([task])
            async with running(chat, tmp_path, clock) as scene:
                await scene.sim("redeliver", {"update_id": update})
                await scene.hear()
                assert scene.desk.commands == []
                said = (await scene.said())[-1]
                assert said.startswith("This arrived twice.")
                assert "/status" in said
                await scene.write("/closeall now")
                assert [type(command) for command in scene.desk.commands] == [CloseAll]
            task.cancel()

    asyncio.run(main())
