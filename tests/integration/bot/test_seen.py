"""Critical alerts are said until somebody has seen them, and told outside when nobody does."""

import asyncio
from pathlib import Path

from tests.integration.bot.outside import outside
from tests.integration.bot.scene import ADA, BEN, VERA, Scene, running, serving
from tests.unit.bot.alerts import CRITICAL, NOTE
from tests.unit.bot.hand_clock import HandClock


async def _critical(scene: Scene) -> None:
    await scene.alert(CRITICAL, NOTE)
    await scene.sent()


async def _minute(scene: Scene) -> None:
    scene.clock.jump(60)
    await scene.parts.watch.look()
    await scene.parts.watch.idle()


def test_an_unseen_alert_is_repeated_every_minute_until_an_admin_has_seen_it(tmp_path: Path) -> None:
    async def main() -> None:
        clock = HandClock()
        async with serving(clock) as chat, running(chat, tmp_path, clock) as scene:
            await _critical(scene)
            await scene.parts.watch.look()
            assert not [text for text in await scene.said() if text.startswith("Not seen yet")]
            for _ in range(2):
                await _minute(scene)
            # The newer reminder takes the older one's place; viewers are not reminded.
            for person, number in ((ADA, 1), (BEN, 1), (VERA, 0)):
                texts = await scene.said(person)
                assert len([text for text in texts if text.startswith("Not seen yet")]) == number
            await _seen_by(scene, VERA)
            assert len(scene.parts.watch.unseen) == 1
            await _seen_by(scene, BEN)
            assert scene.parts.watch.unseen == ()

    asyncio.run(main())


async def _seen_by(scene: Scene, person: int) -> None:
    message = next(m for m in await scene.messages(person) if m["text"].startswith("Unknown order"))
    await scene.press(message["message_id"], "Seen", user=person)


def test_after_two_minutes_the_second_channel_is_told_once_and_until_it_takes_it(tmp_path: Path) -> None:
    async def main() -> None:
        clock = HandClock()
        async with (
            outside([500]) as (url, heard),
            serving(clock) as chat,
            running(chat, tmp_path, clock, alert_url=url) as scene,
        ):
            await _critical(scene)
            await _minute(scene)
            assert heard == []
            for _ in range(4):
                await _minute(scene)
            assert len(heard) == 2
            assert "Unknown order" in heard[0]["text"]
            assert heard[0]["desk"] == "main"

    asyncio.run(main())


def test_the_second_channel_is_told_while_telegram_is_away_and_a_restart_forgets_nothing(tmp_path: Path) -> None:
    async def main() -> None:
        clock = HandClock()
        async with outside([]) as (url, heard), serving(clock) as chat:
            async with running(chat, tmp_path, clock, alert_url=url) as scene:
                await scene.fault("*", drop="before", times=1_000_000)
                await scene.alert(CRITICAL)
                await scene.parts.outbox.look()
                await scene.parts.watch.look()
            async with running(chat, tmp_path, clock, alert_url=url) as scene:
                assert len(scene.parts.watch.unseen) == 1
                scene.clock.jump(120)
                await scene.parts.watch.look()
            assert len(heard) == 1

    asyncio.run(main())
