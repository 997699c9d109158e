"""The daily summary: sent once, whatever happens in between."""

import asyncio
from pathlib import Path

from bot.polling import publish_commands
from tests.integration.bot.scene import ADA, STRANGER, VERA, Scene, in_scene, running, serving
from tests.unit.bot.hand_clock import HandClock

DAY_S = 86_400


async def _look(scene: Scene) -> int:
    await scene.parts.schedule.reports()
    await scene.sent()
    return len([text for text in await scene.said() if "UTC ·" in text.splitlines()[0]])


def test_a_summary_is_sent_once_a_day_through_restarts(tmp_path: Path) -> None:
    async def main() -> None:
        clock, counts = HandClock(), []
        async with serving(clock) as chat:
            for _ in range(3):
                for _ in range(2):
                    async with running(chat, tmp_path, clock) as scene:
                        counts += [await _look(scene), await _look(scene)]
                clock.jump(DAY_S)
        assert counts == [0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2]

    asyncio.run(main())


def test_a_summary_missed_while_the_desk_was_off_is_sent_late_and_marked(tmp_path: Path) -> None:
    async def main() -> None:
        clock = HandClock()
        async with serving(clock) as chat:
            async with running(chat, tmp_path, clock) as scene:
                await _look(scene)
            clock.jump(DAY_S)
            async with running(chat, tmp_path, clock) as scene:
                await _look(scene)
                assert "sent late" in (await scene.said())[-1]

    asyncio.run(main())


def test_a_summary_claimed_by_a_process_that_died_is_sent_by_the_next_exactly_once(tmp_path: Path) -> None:
    async def main() -> None:
        clock = HandClock()
        async with serving(clock) as chat:
            async with running(chat, tmp_path, clock) as scene:
                await scene.store.reports.claim("daily", "2027-01-10")
            for _ in range(2):
                async with running(chat, tmp_path, clock) as scene:
                    assert await _look(scene) == 1

    asyncio.run(main())


def test_upkeep_keeps_a_copy_of_the_day(tmp_path: Path) -> None:
    async def story(scene: Scene) -> None:
        await scene.parts.schedule.upkeep()
        # Today's copy is there already.
        assert await scene.store.daily_backup(scene.clock.wall_ms()) is None

    in_scene(tmp_path, story)


def test_everybody_sees_the_commands_of_his_role_and_strangers_see_none(tmp_path: Path) -> None:
    async def story(scene: Scene) -> None:
        assert await publish_commands(scene.parts.bot, dict(scene.parts.roles.now)) == []
        names = {
            person: {entry["command"] for entry in await scene.sim(f"chats/{person}/commands")}
            for person in (ADA, VERA, STRANGER)
        }
        assert {"closeall", "panic", "status"} <= names[ADA]
        assert "status" in names[VERA]
        assert "closeall" not in names[VERA]
        assert names[STRANGER] == set()

    in_scene(tmp_path, story)
