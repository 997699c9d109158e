"""The live panel: edited when it changed and is due, replaced when it is gone, never in anybody's way."""

import asyncio
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

from tests.integration.bot.scene import ADA, Scene, in_scene, running, serving
from tests.unit.bot.hand_clock import HandClock


def _change(scene: Scene, equity: int) -> None:
    scene.desk.state = replace(scene.desk.state, equity=Decimal(equity), wall_ms=scene.clock.wall_ms())


async def _look(scene: Scene, seconds: float) -> None:
    for _ in range(round(seconds)):
        scene.clock.jump(1)
        await scene.parts.panel.look()
        await _idle(scene)


async def _idle(scene: Scene) -> None:
    idle = asyncio.create_task(scene.parts.panel.idle())

    async def is_over() -> bool:
        # Only a request that has to wait for its turn needs time to pass.
        await scene.clock.settle()
        if not idle.done() and scene.clock.sleeping:
            await scene.clock.advance(0.1)
        return idle.done()

    await scene.until(is_over)


async def _edits(scene: Scene) -> int:
    return len(await scene.calls("editMessageText"))


def test_a_watched_panel_is_edited_at_most_every_four_seconds_and_only_when_it_changed(tmp_path: Path) -> None:
    async def story(scene: Scene) -> None:
        await scene.write("/menu")
        _change(scene, 1)
        await _look(scene, 1)
        begin = await _edits(scene)
        for number in range(20):
            _change(scene, 100 + number)
            await _look(scene, 1)
        assert await _edits(scene) - begin == 5
        still = await _edits(scene)
        await _look(scene, 20)
        # Within a minute nothing but the age changes, which the phone counts by itself.
        assert await _edits(scene) - still <= 2

    in_scene(tmp_path, story)


def test_a_panel_nobody_looks_at_is_edited_once_a_minute(tmp_path: Path) -> None:
    async def story(scene: Scene) -> None:
        await scene.write("/menu")
        scene.clock.jump(301)
        await _look(scene, 1)
        begin = await _edits(scene)
        for number in range(120):
            _change(scene, 1_000 + number)
            await _look(scene, 1)
        assert await _edits(scene) - begin == 2

    in_scene(tmp_path, story)


def test_a_panel_that_is_gone_is_replaced_pinned_and_remembered(tmp_path: Path) -> None:
    async def story(scene: Scene) -> None:
        await scene.write("/menu")
        old = (await scene.messages())[-1]["message_id"]
        await scene.parts.bot.delete_message(ADA, old)
        _change(scene, 5)
        await _look(scene, 1)
        new = (await scene.messages())[-1]
        assert new["message_id"] != old
        assert (new["pinned"], new["silent"]) == (True, True)
        assert await scene.store.panels.get(ADA) == new["message_id"]

    in_scene(tmp_path, story)


def test_a_panel_lives_on_after_a_restart(tmp_path: Path) -> None:
    async def main() -> None:
        clock = HandClock()
        async with serving(clock) as chat:
            async with running(chat, tmp_path, clock) as scene:
                await scene.write("/menu")
            async with running(chat, tmp_path, clock) as scene:
                _change(scene, 4_321)
                await _look(scene, 1)
                assert "4,321.00" in (await scene.said())[-1]
                assert len(await scene.said()) == 1

    asyncio.run(main())


def test_trouble_with_one_panel_ends_nothing(tmp_path: Path) -> None:
    async def story(scene: Scene) -> None:
        await scene.write("/menu")
        await scene.fault("editMessageText", status=400, description="Bad Request: something new")
        await scene.fault("editMessageText", status=429, retry_after=30)
        for number in range(20):
            _change(scene, number)
            await _look(scene, 4)
        assert "19.00 USDT" in (await scene.said())[-1]

    in_scene(tmp_path, story)
