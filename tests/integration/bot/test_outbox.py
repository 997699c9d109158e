"""Alerts: in order, once, at their pace, through every failure of Telegram."""

import asyncio
from dataclasses import replace
from pathlib import Path

from bot.localchat import LocalChat
from engine.core.alerts import Alert
from tests.integration.bot.scene import ADA, BEN, VERA, Scene, in_scene, running, serving
from tests.unit.bot.alerts import CRITICAL, ENTRY, EXIT, NOTE, STOP_MOVED
from tests.unit.bot.hand_clock import HandClock


def _notes(number: int) -> list[Alert]:
    return [replace(NOTE, title=f"Note {index}", topic=f"t{index}") for index in range(number)]


def test_everybody_with_a_role_gets_an_alert_and_nobody_else(tmp_path: Path) -> None:
    async def story(scene: Scene) -> None:
        await scene.alert(ENTRY)
        await scene.sent()
        for chat in (ADA, BEN, VERA):
            assert [text.splitlines()[0][:20] for text in await scene.said(chat)] == ["SOLUSDT LONG opened "]
        assert {call["params"]["chat_id"] for call in await scene.calls("sendMessage")} == {"1001", "1002", "1003"}

    in_scene(tmp_path, story)


def test_later_events_of_a_position_reply_to_its_entry(tmp_path: Path) -> None:
    async def story(scene: Scene) -> None:
        await scene.alert(ENTRY)
        await scene.sent()
        await scene.alert(STOP_MOVED, EXIT)
        await scene.sent()
        first, *others = await scene.messages()
        assert [message["reply_to"] for message in others] == [first["message_id"]] * 2

    in_scene(tmp_path, story)


def test_what_telegram_has_is_never_sent_again(tmp_path: Path) -> None:
    async def main() -> None:
        clock = HandClock()
        async with serving(clock) as chat:
            async with running(chat, tmp_path, clock) as scene:
                await scene.alert(ENTRY)
                await scene.sent()
                await scene.sent()
            async with running(chat, tmp_path, clock) as scene:
                await scene.sent()
                assert len(await scene.said()) == 1

    asyncio.run(main())


def test_four_events_in_ten_seconds_are_one_message_and_a_critical_one_stays_alone(tmp_path: Path) -> None:
    async def story(scene: Scene) -> None:
        await scene.alert(*_notes(6), CRITICAL)
        await scene.sent()
        texts = await scene.said()
        assert len(texts) == 2
        digest = next(text for text in texts if text.startswith("6 events"))
        assert all(f"Note {index}" in digest for index in range(6))
        assert any(text.startswith("Unknown order") for text in texts)

    in_scene(tmp_path, story)


def test_a_burst_that_begins_slowly_is_gathered_until_its_window_is_over(tmp_path: Path) -> None:
    async def story(scene: Scene) -> None:
        for note in _notes(6):
            await scene.alert(note)
            await scene.parts.outbox.look()
            await scene.until(lambda: _quiet(scene))
        assert len(await scene.said()) == 3
        await scene.clock.advance(10)
        await scene.parts.outbox.idle()
        assert (await scene.said())[3].startswith("3 events")

    in_scene(tmp_path, story)


async def _quiet(scene: Scene) -> bool:
    await scene.clock.settle()
    counts = await scene.store.outbox.counts()
    return counts.get("sent", 0) >= min(9, counts.get("sent", 0) + counts.get("pending", 0))


def test_five_hundred_events_in_one_second_become_a_few_messages_and_lose_none(tmp_path: Path) -> None:
    async def story(scene: Scene) -> None:
        await scene.alert(*_notes(500))
        look = asyncio.create_task(scene.sent())
        while not look.done():
            await scene.passing(1)
        texts = await scene.said()
        assert len(texts) < 20
        whole = "\n".join(texts) + "\n"
        assert all(f"Note {index} " in whole for index in range(500))

    in_scene(tmp_path, story, alone=True)


def test_the_same_error_again_counts_in_the_message_that_is_there(tmp_path: Path) -> None:
    async def story(scene: Scene) -> None:
        for _ in range(3):
            await scene.alert(NOTE)
            await scene.sent()
            await scene.clock.advance(30)
        assert len(await scene.said()) == 1
        assert "3 times" in (await scene.said())[0]

    in_scene(tmp_path, story)


def test_a_blocked_chat_loses_its_messages_and_holds_up_nobody(tmp_path: Path) -> None:
    async def story(scene: Scene) -> None:
        await scene.sim(f"users/{BEN}/block", {"blocked": True})
        await scene.alert(ENTRY, EXIT)
        await scene.sent()
        assert len(await scene.said(ADA)) == 2
        assert await scene.said(BEN) == []
        counts = await scene.store.outbox.counts()
        assert (counts["sent"], counts["dropped"]) == (4, 2)

    in_scene(tmp_path, story)


def test_retry_after_is_obeyed_and_nothing_is_lost(tmp_path: Path) -> None:
    async def story(scene: Scene) -> None:
        await scene.fault("sendMessage", status=429, retry_after=20)
        await scene.alert(ENTRY)
        begun = scene.clock.now
        sending = asyncio.create_task(scene.sent())
        while not sending.done():
            assert (len(await scene.said()) == 0) or scene.clock.now - begun >= 20
            await scene.passing(1)
        assert len(await scene.said()) == 1
        assert len(await scene.calls("sendMessage")) == 2

    in_scene(tmp_path, story, alone=True)


def test_after_a_lost_answer_a_critical_alert_is_repeated_and_marked(tmp_path: Path) -> None:
    async def story(scene: Scene) -> None:
        await scene.fault("sendMessage", drop="after")
        await scene.alert(CRITICAL)
        sending = asyncio.create_task(scene.sent())
        while not sending.done():
            await scene.passing(1)
        texts = await scene.said()
        assert [text.startswith("(repeated)") for text in texts] == [False, True]

    in_scene(tmp_path, story, alone=True)


def test_after_a_lost_answer_another_alert_is_not_repeated_but_named(tmp_path: Path) -> None:
    async def story(scene: Scene) -> None:
        await scene.fault("sendMessage", drop="after")
        await scene.alert(ENTRY)
        sending = asyncio.create_task(scene.sent())
        while not sending.done():
            await scene.passing(1)
        first, second = await scene.said()
        assert first.startswith("SOLUSDT LONG opened")
        assert second.startswith("Telegram's answer was lost")
        assert "SOLUSDT LONG opened" in second

    in_scene(tmp_path, story, alone=True)


def test_an_alert_whose_sending_a_crash_cut_off_is_repeated_only_if_critical(tmp_path: Path) -> None:
    async def main() -> None:
        clock = HandClock()
        async with serving(clock) as chat:
            async with running(chat, tmp_path, clock, alone=True) as scene:
                await scene.fault("sendMessage", delay_ms=60_000, times=4)
                await scene.alert(ENTRY, CRITICAL)
                await scene.parts.outbox.look()
                await scene.until(lambda: _marked(scene))
            await _after_the_crash(chat, tmp_path, clock)

    asyncio.run(main())


async def _marked(scene: Scene) -> bool:
    rows = await scene.store.outbox.pending(10)
    return bool(rows) and all(row.retry_at_ms == -1 for row in rows)


async def _after_the_crash(chat: LocalChat, folder: Path, clock: HandClock) -> None:
    async with running(chat, folder, clock, alone=True) as scene:
        await scene.sim("faults", method="DELETE")
        await scene.sent()
        texts = await scene.said()
        assert sum(text.startswith("(repeated)") for text in texts) == 1
        assert sum(text.startswith("SOLUSDT LONG") for text in texts) == 0
        assert any(text.startswith("Telegram's answer was lost") and "SOLUSDT LONG" in text for text in texts)


def test_a_day_without_telegram_loses_nothing_and_is_summed_up(tmp_path: Path) -> None:
    async def story(scene: Scene) -> None:
        for method in ("sendMessage", "getMe"):
            await scene.fault(method, drop="before", times=1_000_000)
        # Nothing was delivered, yet a break of the line cannot be told from a lost answer: the first is doubtful.
        await scene.alert(NOTE)
        await scene.parts.outbox.look()
        await scene.passing(3_600, step=300)
        for alert in (ENTRY, *_notes(3), CRITICAL, EXIT):
            await scene.alert(alert)
            await scene.parts.outbox.look()
            await scene.passing(3_600, step=300)
        await scene.passing(80_000, step=2_000)
        attempts = len(await scene.calls("sendMessage"))
        assert attempts <= 4
        await scene.sim("faults", method="DELETE")
        idle = asyncio.create_task(scene.parts.outbox.idle())
        while not idle.done():
            await scene.passing(30)
        _check_order(await scene.said())
        assert (await scene.store.outbox.counts()).get("pending", 0) == 0

    in_scene(tmp_path, story, alone=True)


def _check_order(texts: list[str]) -> None:
    heads = [text.splitlines()[0] for text in texts]
    critical = [head for head in heads if head.startswith(("Unknown order", "(repeated)"))]
    assert len(critical) == 1
    summary = next(text for text in texts if text.startswith("Telegram was away"))
    assert all(f"Note {index}" in summary for index in range(3))
    positions = [head for head in heads if head.startswith("SOLUSDT")]
    assert [head.split()[1] for head in positions] == ["LONG", "+2.68"]
    assert any(head.startswith("Telegram's answer was lost") for head in heads)


def test_markup_that_telegram_refuses_still_arrives(tmp_path: Path) -> None:
    async def story(scene: Scene) -> None:
        await scene.parts.outbox.say([ADA], "<b>broken <i>markup</b>")
        await scene.sent()
        assert await scene.said() == ["broken markup"]

    in_scene(tmp_path, story)


def test_a_text_given_once_is_sent_once(tmp_path: Path) -> None:
    async def story(scene: Scene) -> None:
        for _ in range(2):
            await scene.parts.outbox.say([ADA], "daily", once="daily.2026-11-20")
            await scene.sent()
            await scene.parts.outbox.say([ADA], "daily", once="daily.2026-11-20")
        assert await scene.said() == ["daily"]

    in_scene(tmp_path, story)


def test_without_a_database_an_urgent_alert_still_reaches_everybody(tmp_path: Path) -> None:
    async def story(scene: Scene) -> None:
        await scene.service.urgent(CRITICAL)
        assert [len(await scene.said(chat)) for chat in (ADA, BEN, VERA)] == [1, 1, 1]

    in_scene(tmp_path, story)
