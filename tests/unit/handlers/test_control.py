"""Pausing and resuming, by command and by button."""

import asyncio
from dataclasses import replace

from engine.core.commands import ACCOUNT, ChangeLimit, Pause, Refused, Resume, Scope
from engine.core.profile import HoldLevel
from engine.journal import JournalUnavailable
from handlers.actions import PauseEntries
from tests.unit.handlers.world import World, walk
from tests.unit.views import examples as ex

HALTED = ex.snapshot(mode="paper", state="halted", holds=(replace(ex.PAUSE, level=HoldLevel.HALTED),))


@walk()
async def test_pause_blocks_entries_at_once_and_is_audited(world: World) -> None:
    await world.type("/pause")
    (command,) = world.desk.commands
    assert isinstance(command, Pause)
    assert (command.scope, command.until_ms, command.by) == (ACCOUNT, None, "Anna")
    await world.jobs.idle()
    assert [(line["action"], line["answer"], line["user_id"]) for line in world.store.audit.lines] == [
        ("pause", "done", 7)
    ]


@walk()
async def test_pause_understands_a_profile_or_symbol_and_a_time_in_any_order(world: World) -> None:
    profile, symbol = Scope("profile", "cft"), Scope("symbol", "SOLUSDT")
    for text, scope in (("cft 4h", profile), ("30m SOL", symbol), ("CFT", profile)):
        await world.type(f"/pause {text}")
        command = world.desk.commands[-1]
        assert isinstance(command, Pause)
        assert command.scope == scope
    first = world.desk.commands[0]
    assert isinstance(first, Pause)
    assert first.until_ms is not None
    assert abs(first.until_ms - first.wall_ms - 4 * ex.HOUR_MS) < 60_000


@walk()
async def test_a_mistyped_pause_does_nothing_and_says_what_was_understood(world: World) -> None:
    for text in ("ctf", "cft sol", "4h 5h"):
        await world.type(f"/pause {text}")
        assert f"Understood: {text}" in world.screen
        assert "/pause cft 4h" in world.screen
    await world.type("/pause ctf")
    assert "Did you mean cft?" in world.screen
    assert world.desk.commands == []


@walk()
async def test_the_pause_button_does_what_the_command_does_and_answers_the_press_first(world: World) -> None:
    await world.type("/menu")
    await world.press("Pause")
    assert isinstance(world.desk.commands[0], Pause)
    kinds = [type(call).__name__ for call in world.telegram.calls]
    assert kinds.index("AnswerCallbackQuery") < len(kinds) - 1
    assert "Entries paused" in world.screen
    await world.press("Resume")
    assert isinstance(world.desk.commands[1], Resume)


@walk()
async def test_a_pause_that_came_late_is_asked_again(world: World) -> None:
    await world.type("/pause cft", age_s=300)
    assert world.desk.commands == []
    assert "came late" in world.screen
    await world.press("Pause profile cft")
    (command,) = world.desk.commands
    assert isinstance(command, Pause)
    assert command.scope == Scope("profile", "cft")


@walk()
async def test_two_deliveries_of_one_update_carry_the_same_command_id(world: World) -> None:
    await world.type("/pause")
    world._update -= 1
    await world.type("/pause")
    assert len({command.command_id for command in world.desk.commands}) == 1


@walk()
async def test_resume_acts_at_once_and_names_the_limits_still_breached(world: World) -> None:
    world.desk.state = ex.snapshot(limits=(ex.limit(state="breached"),))
    await world.type("/resume")
    assert isinstance(world.desk.commands[0], Resume)
    assert "Still breached" in world.screen
    assert world.store.audit.lines[0]["action"] == "resume"


@walk(HALTED)
async def test_a_halt_is_lifted_only_after_a_confirmation(world: World) -> None:
    await world.type("/resume")
    assert world.desk.commands == []
    await world.press("Lift the halt · PAPER")
    assert isinstance(world.desk.commands[0], Resume)


@walk()
async def test_a_refusal_is_told_with_its_reason_and_audited(world: World) -> None:
    world.desk.answers = [Refused("1", "The end of a pause must lie ahead.")]
    await world.type("/pause 1m")
    assert "must lie ahead" in world.screen
    await world.jobs.idle()
    assert world.store.audit.lines[0]["answer"].startswith("refused")


@walk()
async def test_a_broken_audit_neither_delays_nor_fails_a_pause(world: World) -> None:
    world.store.audit.broken = OSError("disk full")
    failures: list[dict[str, object]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _loop, context: failures.append(context))
    await world.type("/pause")
    assert "Entries paused" in world.screen
    await world.jobs.idle()
    assert isinstance(failures[0]["exception"], OSError)


@walk()
async def test_what_was_done_while_the_database_was_away_is_put_on_record_afterwards(world: World) -> None:
    world.store.audit.broken = JournalUnavailable("away")
    failures: list[dict[str, object]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _loop, context: failures.append(context))
    await world.type("/pause")
    await world.type("/limit daily_equity -2")
    await world.press("Tighten")
    assert [type(command) for command in world.desk.commands] == [Pause, ChangeLimit]
    assert world.store.audit.lines == []
    world.store.audit.broken = None
    world.expire.set()
    await world.jobs.idle()
    assert {line["action"] for line in world.store.audit.lines} == {"pause", "limit"}
    assert failures == []


@walk()
async def test_a_telegram_that_is_away_when_a_preview_expires_ends_nothing(world: World) -> None:
    failures: list[dict[str, object]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _loop, context: failures.append(context))
    await world.type("/close sol")
    world.telegram.refusals["EditMessageText"] = ["bot was blocked by the user"]
    world.expire.set()
    await world.jobs.idle()
    assert failures == []


@walk()
async def test_buttons_of_a_profile_that_is_gone_do_nothing(world: World) -> None:
    await world.send_data("do:pause:p.gone")
    await world.send_data("do:resume:s.GONEUSDT")
    assert world.desk.commands == []
    assert "gone" in world.screen


@walk()
async def test_the_late_pause_is_kept_as_data(world: World) -> None:
    await world.type("/pause 4h", age_s=300)
    ((_, _, action),) = world.confirm.asked.values()
    assert isinstance(action, PauseEntries)
    assert action.until_ms is not None
