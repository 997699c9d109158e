"""The question of an emergency in the chat: who gets it, what a press does, how every copy ends."""

import asyncio
from collections.abc import Awaitable
from dataclasses import replace
from pathlib import Path
from typing import Any

from engine.core.alerts import EmergencyAlert
from engine.core.chat_events import AdminsQuieted, ApprovalDelivered
from engine.core.commands import AnswerEmergency, Choice, Done, Refused
from tests.integration.bot.scene import ADA, BEN, VERA, Scene, in_scene, running, serving
from tests.unit.bot.alerts import CRITICAL, EMERGENCY, EMERGENCY_DECIDED, ENTRY
from tests.unit.bot.hand_clock import HandClock

CLOSE, PAUSE, KEEP = "CLOSE ALL 12 NOW", "Pause only", "Keep 15 min"


async def _meanwhile(scene: Scene, work: Awaitable[object]) -> None:
    """Let time pass until something is done: messages of a chat are paced."""
    task = asyncio.ensure_future(work)
    while not task.done():
        await scene.passing(1)
    await task


async def _asked(scene: Scene, alert: EmergencyAlert = EMERGENCY) -> None:
    await scene.alert(alert)
    await _meanwhile(scene, scene.sent())


async def _decided(scene: Scene, **changes: Any) -> None:
    await scene.alert(replace(EMERGENCY_DECIDED, **changes))
    await _meanwhile(scene, scene.sent())


def _labels(message: dict[str, Any]) -> list[str]:
    return [button["text"] for row in message["buttons"] for button in row]


async def _copy(scene: Scene, chat: int = ADA) -> dict[str, Any]:
    (message,) = [one for one in await scene.messages(chat) if one["text"].startswith("EMERGENCY")]
    return message


def test_every_admin_can_answer_and_a_viewer_only_reads(tmp_path: Path) -> None:
    async def story(scene: Scene) -> None:
        await _asked(scene)
        for admin in (ADA, BEN):
            assert _labels(await _copy(scene, admin)) == [CLOSE, PAUSE, KEEP, "Seen"]
        assert _labels(await _copy(scene, VERA)) == ["Seen"]
        assert "No answer: CLOSE ALL" in (await _copy(scene, VERA))["text"]
        forged = await scene.press((await _copy(scene, VERA))["message_id"], "em:7:close", VERA, forge=True)
        assert "needs the role admin" in (await scene.sim(f"callbacks/{forged['callback_query_id']}"))["text"]
        assert scene.desk.commands == []

    in_scene(tmp_path, story)


def test_the_desk_hears_of_copies_that_telegram_took_for_admins(tmp_path: Path) -> None:
    async def story(scene: Scene) -> None:
        for chat in (ADA, BEN):
            await scene.sim(f"users/{chat}/block", {"blocked": True})
        await _asked(scene)
        assert scene.told == []
        await scene.sim(f"users/{BEN}/block", {"blocked": False})
        await scene.alert(CRITICAL)
        await _asked(scene, replace(EMERGENCY, number=8))
        assert [event.number for event in scene.told if isinstance(event, ApprovalDelivered)] == [8]

    in_scene(tmp_path, story)


def test_a_press_answers_at_once_without_a_confirmation_and_is_put_on_record(tmp_path: Path) -> None:
    async def story(scene: Scene) -> None:
        await _asked(scene)
        for user, label, choice in ((ADA, PAUSE, Choice.PAUSE), (BEN, KEEP, Choice.KEEP), (BEN, CLOSE, Choice.CLOSE)):
            pressed = await scene.press((await _copy(scene, user))["message_id"], label, user)
            command = scene.desk.commands[-1]
            assert isinstance(command, AnswerEmergency)
            assert (command.number, command.choice) == (7, choice)
            told = await scene.sim(f"callbacks/{pressed['callback_query_id']}")
            assert told["answered"]
            assert told["text"]
        await scene.until(lambda: _recorded(scene, 3))
        lines = [line for line in await scene.store.audit.latest(9) if line.action == "emergency"]
        assert {line.detail for line in lines} == {"question 7 pause", "question 7 keep", "question 7 close"}

    in_scene(tmp_path, story)


async def _recorded(scene: Scene, number: int) -> bool:
    return len([line for line in await scene.store.audit.latest(9) if line.action == "emergency"]) == number


def test_an_answer_that_does_not_count_says_why(tmp_path: Path) -> None:
    async def story(scene: Scene) -> None:
        await _asked(scene)
        scene.desk.answers = [Refused("x", "Ben has already closed everything; the safer answer stands.")]
        pressed = await scene.press((await _copy(scene))["message_id"], PAUSE)
        told = await scene.sim(f"callbacks/{pressed['callback_query_id']}")
        assert told["alert"]
        assert told["text"].startswith("Ben has already closed everything")
        scene.desk.answers = [Done("y", (), ("Ben has already closed everything; the safer answer stands.",))]
        pressed = await scene.press((await _copy(scene))["message_id"], CLOSE)
        assert (await scene.sim(f"callbacks/{pressed['callback_query_id']}"))["text"].startswith("Ben has")

    in_scene(tmp_path, story)


def test_every_copy_ends_edited_to_who_decided_what_and_when(tmp_path: Path) -> None:
    async def story(scene: Scene) -> None:
        await _asked(scene)
        await _decided(scene, outcome="kept")
        for chat in (ADA, BEN):
            copy = await _copy(scene, chat)
            assert "KEEP 15 MIN\nDecided by Anna" in copy["text"]
            assert _labels(copy) == [CLOSE, "Risk", "Status"]
        assert _labels(await _copy(scene, VERA)) == []
        await _decided(scene, by="desk", why="no answer")
        for chat in (ADA, BEN, VERA):
            copy = await _copy(scene, chat)
            assert "CLOSE ALL 12\nDecided by the desk" in copy["text"]
            assert "no answer" in copy["text"]
            assert not {CLOSE, PAUSE, KEEP} & set(_labels(copy))
        assert len(await scene.calls("sendMessage")) == 3

    in_scene(tmp_path, story)


def test_copies_are_edited_after_a_restart_in_between(tmp_path: Path) -> None:
    async def main() -> None:
        clock = HandClock()
        async with serving(clock) as chat:
            async with running(chat, tmp_path, clock) as scene:
                await _asked(scene)
                await scene.alert(EMERGENCY_DECIDED)
            async with running(chat, tmp_path, clock) as scene:
                await _meanwhile(scene, scene.sent())
                assert "Decided by Anna" in (await _copy(scene))["text"]

    asyncio.run(main())


def test_an_answer_is_sent_where_its_question_cannot_be_edited(tmp_path: Path) -> None:
    async def story(scene: Scene) -> None:
        await scene.sim(f"users/{BEN}/block", {"blocked": True})
        await _asked(scene)
        await scene.sim(f"users/{BEN}/block", {"blocked": False})
        await scene.fault("editMessageText", status=400, description="Bad Request: message to edit not found")
        await _decided(scene)
        assert "Decided by Anna" in (await _copy(scene, BEN))["text"]
        assert [text for text in await scene.said(ADA) + await scene.said(VERA) if "Decided by Anna" in text]

    in_scene(tmp_path, story)


def test_seen_takes_no_answer_away(tmp_path: Path) -> None:
    async def story(scene: Scene) -> None:
        await _asked(scene)
        await scene.press((await _copy(scene))["message_id"], "Seen")
        assert _labels(await _copy(scene)) == [CLOSE, PAUSE, KEEP]

    in_scene(tmp_path, story)


def test_who_answers_has_seen_it_and_what_the_desk_decided_is_still_to_be_seen(tmp_path: Path) -> None:
    async def reminded(scene: Scene) -> list[str]:
        scene.clock.jump(60)
        await scene.parts.watch.look()
        await scene.parts.watch.idle()
        return [text for text in await scene.said() if text.startswith("Not seen yet")]

    async def story(scene: Scene) -> None:
        await _asked(scene)
        await _decided(scene)
        assert await reminded(scene) == []
        await _asked(scene, replace(EMERGENCY, number=8))
        await _decided(scene, number=8, by="desk", why="no answer")
        (text,) = await reminded(scene)
        assert "Decided by the desk" in text
        assert "No answer: CLOSE ALL" not in text

    in_scene(tmp_path, story)


def test_past_a_database_that_is_away_the_question_can_be_answered_and_ends_edited(tmp_path: Path) -> None:
    async def story(scene: Scene) -> None:
        await _meanwhile(scene, scene.service.urgent(EMERGENCY))
        assert _labels(await _copy(scene)) == [CLOSE, PAUSE, KEEP]
        assert _labels(await _copy(scene, VERA)) == []
        assert scene.told == [ApprovalDelivered(7, EMERGENCY.at_ms)] * 2
        await scene.press((await _copy(scene))["message_id"], CLOSE)
        assert isinstance(scene.desk.commands[-1], AnswerEmergency)
        await _meanwhile(scene, scene.service.urgent(replace(EMERGENCY_DECIDED, outcome="paused")))
        assert "PAUSE ONLY\nDecided by Anna" in (await _copy(scene))["text"]
        await _decided(scene)
        assert "CLOSE ALL 12\nDecided by Anna" in (await scene.messages(ADA))[0]["text"]

    in_scene(tmp_path, story)


def test_quiet_hours_are_kept_and_silence_what_is_not_critical(tmp_path: Path) -> None:
    async def story(scene: Scene) -> None:
        # It is 08:00 UTC.
        await scene.write("/quiet")
        assert "off" in (await scene.said())[-1]
        await scene.write("/quiet 7:30-09:00")
        assert "07:30 to 09:00 UTC" in (await scene.said())[-1]
        await scene.parts.panel.close()
        await scene.alert(ENTRY, CRITICAL)
        await _meanwhile(scene, scene.sent())
        rows = {row["text"].split()[0]: row["silent"] for chat in (ADA,) for row in await scene.messages(chat)}
        assert (rows["SOLUSDT"], rows["Unknown"]) == (True, False)
        assert not [row for row in await scene.messages(BEN) if row["silent"]]
        await _meanwhile(scene, scene.write("/quiet soon"))
        assert "Two different times" in (await scene.said())[-1]

    in_scene(tmp_path, story)


def test_the_desk_hears_when_every_admin_is_quiet_and_when_somebody_is_back(tmp_path: Path) -> None:
    async def main() -> None:
        clock = HandClock()
        async with serving(clock) as chat:
            async with running(chat, tmp_path, clock) as scene:
                for user, hours in ((ADA, "23:00-08:30"), (BEN, "07:00-09:00"), (VERA, "off")):
                    await scene.write(f"/quiet {hours}", user)
            async with running(chat, tmp_path, clock) as scene:
                teller = scene.service._quiet_teller()
                for _ in range(2):
                    teller.look()
                clock.jump(31 * 60)
                teller.look()
                assert scene.told == [AdminsQuieted(True, 0), AdminsQuieted(False, 0)]
                await scene.write("/quiet off")
                assert scene.service._quiet.of(ADA) is None

    asyncio.run(main())
