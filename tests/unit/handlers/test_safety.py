"""Lockdown, codes, going live and users in the chat."""

import asyncio
from dataclasses import replace

import pytest
from aiogram.methods import DeleteMessage

from engine.core import commands as c
from engine.core.commands import ChangeLimit, OpenManual, Resume
from engine.core.profile import HoldLevel
from handlers.actions import Adopt, CloseOne, GoLive, LimitChange, LockDown, adds_risk, is_final
from handlers.ports import Actor, Role
from handlers.safety import Shut, Spent, Unready
from keyboards.data import DropCode, SwitchRule
from keyboards.tokens import token
from tests.unit.handlers.safety import CODE
from tests.unit.handlers.world import World, walk
from tests.unit.views import examples as ex
from tests.unit.views.safety_cases import TERMS, WAITING

HALTED = ex.snapshot(mode="live", state="halted", holds=(replace(ex.PAUSE, level=HoldLevel.HALTED),))
STOPPED_FOR_TODAY = ex.snapshot(mode="live", holds=(replace(ex.PAUSE, hold_id="limit:daily_equity", lift="time"),))
LIVE = ex.snapshot(mode="live", state="reduce only", reasons=(WAITING.reason,), holds=(WAITING,))


def deleted(world: World) -> list[int]:
    return [call.message_id for call in world.telegram.calls if isinstance(call, DeleteMessage)]


async def ask_for_rule(world: World) -> None:
    """Get as far as the confirmation of something that adds risk."""
    await world.send_data(SwitchRule(profile=token("cft"), rule=token("2"), on=True).pack())
    assert "Switch on" in world.labels()[0]


@walk()
async def test_lockdown_acts_at_once_and_says_how_it_is_lifted(world: World) -> None:
    await world.type("/lockdown")
    assert world.safety.lockdown.begun == ["Anna"]
    assert "pocketdesk users lockdown lift" in world.screen
    await world.jobs.idle()
    assert world.store.audit.lines[0]["action"] == "lockdown"


@walk()
async def test_a_late_lockdown_is_asked_again(world: World) -> None:
    await world.type("/lockdown", age_s=300)
    assert world.safety.lockdown.begun == []
    await world.press("Lock down · PAPER")
    assert world.safety.lockdown.begun == ["Anna"]


@walk()
async def test_under_a_lockdown_nothing_that_adds_risk_is_even_asked_and_tightening_works(world: World) -> None:
    world.safety.lockdown.why = "locked down by Ben"
    await world.type("/limit daily_equity -9")
    assert "locked down by Ben" in world.screen
    assert world.labels() == []
    await world.type("/limit daily_equity -2")
    await world.press("Tighten")
    assert [type(command) for command in world.desk.commands] == [ChangeLimit]


@walk()
async def test_a_code_carries_out_the_one_action_that_waits_and_its_message_is_deleted(world: World) -> None:
    world.safety.factor.required = True
    await ask_for_rule(world)
    await world.press("Switch on")
    assert "Now the code" in world.screen
    assert world.desk.commands == []
    await world.type(f" {CODE[:3]} {CODE[3:]} ")
    (command,) = world.desk.commands
    assert isinstance(command, c.SwitchRule)
    assert deleted(world) == [1]
    assert world.safety.factor.checked == [CODE]
    await world.type(CODE)
    assert len(world.desk.commands) == 1
    assert "No code is wanted now" in world.screen
    assert world.safety.factor.checked == [CODE]
    assert CODE not in repr(world.store.audit.lines)
    assert [line["answer"] for line in world.store.audit.lines][:1] == ["done"]


@walk()
async def test_a_wrong_or_used_code_does_nothing_and_may_be_followed_by_a_right_one(world: World) -> None:
    world.safety.factor.required = True
    await ask_for_rule(world)
    await world.press("Switch on")
    await world.type("000000")
    assert "4 tries are left" in world.screen
    world.safety.factor.answers = [Spent()]
    await world.type(CODE)
    assert "used already" in world.screen
    assert world.desk.commands == []
    await world.type(CODE)
    assert len(world.desk.commands) == 1
    assert deleted(world) == [1, 1, 1]


@walk()
async def test_the_lock_ends_what_waits(world: World) -> None:
    world.safety.factor.required = True
    await ask_for_rule(world)
    await world.press("Switch on")
    world.safety.factor.answers = [Shut(ex.NOW_MS)]
    await world.type("000000")
    assert "Too many wrong codes" in world.screen
    await world.type(CODE)
    assert world.desk.commands == []


@walk()
async def test_who_cannot_give_a_code_is_told_before_he_confirms_and_at_the_press(world: World) -> None:
    world.safety.factor.required = True
    await ask_for_rule(world)
    asked = world.telegram.last
    world.safety.factor.trouble = Unready("You have none yet: pocketdesk users totp enroll 7")
    await world.press("Switch on", asked)
    assert "totp enroll 7" in world.screen
    await world.type(CODE)
    assert world.desk.commands == []
    await world.type("/unlock BTC")
    await world.type("/long btc 100")
    assert "totp enroll 7" in world.screen
    assert world.labels() == []


@walk()
async def test_what_waited_for_a_code_when_a_lockdown_began_is_not_done_after_it(world: World) -> None:
    world.safety.factor.required = True
    await ask_for_rule(world)
    await world.press("Switch on")
    await world.type("/lockdown")
    world.safety.lockdown.why = ""
    await world.type(CODE)
    assert any("locked down after it was confirmed" in shown.text for shown in world.telegram.messages.values())
    assert world.safety.factor.checked == []
    assert world.desk.commands == []


@walk()
async def test_without_a_code_in_time_nothing_happens(world: World) -> None:
    world.safety.factor.required = True
    await ask_for_rule(world)
    await world.press("Switch on")
    world.expire.set()
    await world.jobs.idle()
    assert "No code came" in world.screen
    await world.type(CODE)
    assert world.desk.commands == []


@walk()
async def test_what_is_confirmed_later_takes_the_place_of_what_waited(world: World) -> None:
    world.safety.factor.required = True
    await ask_for_rule(world)
    first = world.telegram.last
    await world.press("Switch on")
    await world.type("/long btc 100")
    await world.press("Buy")
    await world.type(CODE)
    assert [type(command) for command in world.desk.commands] == [OpenManual]
    assert first.message_id != world.telegram.last.message_id


@walk()
async def test_what_waits_is_withdrawn_by_its_own_button_only(world: World) -> None:
    world.safety.factor.required = True
    await ask_for_rule(world)
    await world.press("Switch on")
    asked = world.telegram.last
    await world.send_data(DropCode().pack())
    await world.press("Cancel", asked)
    assert "Cancelled" in world.screen
    await world.type(CODE)
    assert world.desk.commands == []
    assert world.safety.factor.checked == []


@walk()
async def test_the_code_of_somebody_else_confirms_nothing(world: World) -> None:
    world.safety.factor.required = True
    await ask_for_rule(world)
    await world.press("Switch on")
    world.actor = Actor(user_id=8, name="Ben", role=Role.OWNER)
    await world.type(CODE)
    assert world.desk.commands == []


@walk()
async def test_loosening_a_limit_takes_two_confirmations_and_one_code(world: World) -> None:
    world.safety.factor.required = True
    await world.type("/limit daily_equity -9")
    await world.press("Loosen")
    await world.press("Loosen")
    assert "Now the code" in world.screen
    assert world.desk.commands == []
    await world.type(CODE)
    assert [type(command) for command in world.desk.commands] == [ChangeLimit]


@walk(HALTED)
async def test_resuming_after_a_halt_needs_a_code(world: World) -> None:
    world.safety.factor.required = True
    await world.type("/resume")
    await world.press("Lift the halt")
    assert world.desk.commands == []
    await world.type(CODE)
    assert isinstance(world.desk.commands[0], Resume)


@walk(STOPPED_FOR_TODAY)
async def test_resuming_what_a_loss_limit_stopped_is_confirmed_and_needs_a_code(world: World) -> None:
    world.safety.factor.required = True
    await world.type("/resume")
    await world.press("Lift the halt")
    assert world.desk.commands == []
    await world.type(CODE)
    assert isinstance(world.desk.commands[0], Resume)


@walk()
async def test_what_reduces_risk_never_needs_a_code(world: World) -> None:
    world.safety.factor.required = True
    await world.type("/pause")
    await world.type("/close sol")
    await world.press("Close SOL")
    await world.type("/limit daily_equity -2")
    await world.press("Tighten")
    await world.type("/unwatch sol")
    assert len(world.desk.commands) >= 4
    assert "Now the code" not in "".join(shown.text for shown in world.telegram.messages.values())


@walk(LIVE)
async def test_going_live_shows_everything_and_needs_confirmation_and_code(world: World) -> None:
    world.safety.factor.required, world.safety.live.terms = True, TERMS
    await world.type("/golive")
    for words in ("0.1.0", "LIVE", "main", "10,214.50", "cft", "day −4%"):
        assert words in world.screen
    await world.press("Go live · main")
    assert world.safety.live.confirmed == []
    await world.type(CODE)
    assert world.safety.live.confirmed == ["main"]
    assert "Live trading confirmed" in world.screen


@walk(LIVE)
async def test_an_account_that_is_not_fit_does_not_go_live(world: World) -> None:
    world.safety.live.terms = TERMS
    world.safety.live.wrong = ("the API key may do more than it needs: take that away",)
    await world.type("/golive")
    assert "may do more than it needs" in world.screen
    assert world.labels() == []


@walk()
async def test_going_live_elsewhere_or_twice_asks_nothing(world: World) -> None:
    await world.type("/golive")
    assert "nothing here trades for real" in world.screen
    world.safety.live.terms = TERMS
    await world.type("/golive")
    assert "confirmed already" in world.screen
    assert world.confirm.asked == {}


@walk(LIVE)
async def test_a_resume_does_not_ask_to_lift_what_it_cannot_lift(world: World) -> None:
    await world.type("/resume")
    assert isinstance(world.desk.commands[0], Resume)
    assert world.confirm.asked == {}


@walk()
async def test_users_are_listed_and_changed_nowhere_in_the_chat(world: World) -> None:
    await world.type("/users")
    assert "&lt;Vera&gt;" in world.screen
    assert "pocketdesk users" in world.screen
    assert world.labels() == []


@pytest.mark.parametrize(("loosens", "confirmed", "final"), [(True, 0, False), (True, 1, True), (False, 0, True)])
def test_only_the_first_of_two_confirmations_is_not_final(loosens: bool, confirmed: int, final: bool) -> None:
    value = ex.limit().threshold
    change = LimitChange(key="daily_equity", old=value, new=value, loosens=loosens, confirmed=confirmed)
    assert is_final(change) is final
    assert is_final(Adopt(symbol="SOLUSDT", profile="cft"))


def test_lockdown_reduces_and_going_live_adds() -> None:
    assert not adds_risk(LockDown())
    assert adds_risk(GoLive(account="main"))
    assert not adds_risk(CloseOne(symbol="SOLUSDT", percent=50, seen_quantity=ex.limit().threshold))


def test_a_task_that_waits_for_a_code_ends_with_the_desk() -> None:
    async def main() -> None:
        world = World()
        world.safety.factor.required = True
        await ask_for_rule(world)
        await world.press("Switch on")
        await world.jobs.close()

    asyncio.run(main())
