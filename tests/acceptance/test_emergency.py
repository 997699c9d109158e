"""A loss limit that asks, through the real process: the message, each answer, silence, crashes, a deaf Telegram."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from tests.acceptance.support.emergency import ADA, BEN, CLOSE, KEEP, PAUSE, SILENCE_S, SIZE, Emergency, staged

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(180)]


def on_stage(folder: Path, story: Callable[[Emergency], Awaitable[None]]) -> None:
    """Play a story on a fresh stage."""

    async def main() -> None:
        async with staged(folder) as stage:
            await story(stage)

    asyncio.run(main())


def test_silence_closes_everything_at_the_announced_time_and_every_copy_says_so(tmp_path: Path) -> None:
    async def story(stage: Emergency) -> None:
        await stage.breach()
        for admin in (ADA, BEN):
            asked = await stage.copy(admin, "No answer: CLOSE ALL")
            assert [[button["text"] for button in row] for row in asked["buttons"]] == [
                [CLOSE],
                [PAUSE, KEEP],
                ["Seen"],
            ]
        assert await stage.held() == SIZE
        assert "HALTED" in (await stage.ask("/status", "Equity"))["text"]
        assert "waits for an answer until" in (await stage.ask("/risk", "Nearest limits"))["text"]
        assert f"ask {SILENCE_S}s" in (await stage.ask("/limits", "Limits"))["text"]
        await stage.closed()
        for admin in (ADA, BEN):
            over = await stage.copy(admin, "Decided by the desk")
            assert "no answer" in over["text"]
            assert CLOSE not in str(over["buttons"])

    on_stage(tmp_path, story)


def test_two_admins_at_once_the_safer_press_wins_whoever_came_first(tmp_path: Path) -> None:
    async def story(stage: Emergency) -> None:
        await stage.breach()
        await stage.copy(BEN, "No answer")
        await asyncio.gather(stage.press(ADA, KEEP), stage.press(BEN, CLOSE))
        await stage.closed()
        for admin in (ADA, BEN):
            assert "Decided by Ben" in (await stage.copy(admin, "CLOSE ALL 1\nDecided"))["text"]

    on_stage(tmp_path, story)


def test_close_first_and_pause_after_it_changes_nothing(tmp_path: Path) -> None:
    async def story(stage: Emergency) -> None:
        await stage.breach()
        await stage.copy(ADA, "No answer")
        # Both see their buttons, as they were when they began to press.
        closing, pausing = stage.press(BEN, CLOSE), stage.press(ADA, PAUSE)
        first, second = await asyncio.gather(closing, pausing)
        assert "Closing all." in first["text"]
        assert second["text"]
        await stage.closed()
        assert "Decided by Ben" in (await stage.copy(ADA, "CLOSE ALL 1\nDecided"))["text"]

    on_stage(tmp_path, story)


def test_pause_only_survives_a_power_cut_and_close_stays_pressable(tmp_path: Path) -> None:
    async def story(stage: Emergency) -> None:
        await stage.breach()
        await stage.copy(ADA, "No answer")
        await stage.press(ADA, PAUSE)
        await stage.copy(BEN, "PAUSE ONLY\nDecided by Ada")
        await stage.kill()
        await stage.start()
        assert "paused only, nothing closes" in (await stage.ask("/risk", "Nearest limits"))["text"]
        await asyncio.sleep(SILENCE_S + 1)  # the countdown that the pause has ended
        assert await stage.held() == SIZE
        await stage.press(BEN, CLOSE)
        await stage.closed()
        await stage.copy(ADA, "Decided by Ben")

    on_stage(tmp_path, story)


def test_a_countdown_that_ended_while_the_desk_was_down_closes_at_the_start_and_edits_its_copies(
    tmp_path: Path,
) -> None:
    async def story(stage: Emergency) -> None:
        await stage.breach()
        asked = await stage.copy(ADA, "No answer")
        await asyncio.sleep(0.5)  # that Telegram took it is known to the journal by now
        await stage.kill()
        await asyncio.sleep(SILENCE_S)
        assert await stage.held() == SIZE
        await stage.start()
        await stage.closed()
        over = await stage.copy(ADA, "Decided by the desk")
        assert over["message_id"] == asked["message_id"]
        assert "no answer" in over["text"]

    on_stage(tmp_path, story)


def test_when_telegram_takes_no_message_it_closes_within_seconds_and_tells_later(tmp_path: Path) -> None:
    async def story(stage: Emergency) -> None:
        await stage.buy()
        await stage.sim("faults", {"method": "sendMessage", "times": 10_000, "status": 502})
        began = asyncio.get_running_loop().time()
        await stage.fall()
        await stage.closed()
        assert asyncio.get_running_loop().time() - began < SILENCE_S
        await stage.sim("faults", verb="DELETE")
        assert "Telegram took no message" in (await stage.copy(ADA, "Decided by the desk"))["text"]

    on_stage(tmp_path, story)


def test_in_everybodys_quiet_hours_it_closes_at_once_and_tells(tmp_path: Path) -> None:
    async def story(stage: Emergency) -> None:
        for admin in (ADA, BEN):
            await stage.ask("/quiet 00:00-23:59", "Quiet hours", admin)
        await asyncio.sleep(1.5)  # the desk looks every second
        await stage.breach()
        await stage.closed()
        told = await stage.copy(BEN, "quiet hours")
        assert "It asked nobody: every admin is in quiet hours." in told["text"]

    on_stage(tmp_path, story)
