"""Emergency limits that ask: who may answer what and when, what silence does, and that a restart forgets nothing."""

from decimal import Decimal
from itertools import count
from typing import Any

import pytest

from engine.core import events as e
from engine.core.alerts import EmergencyAlert, EmergencyDecidedAlert, LimitAlert
from engine.core.chat_events import AdminsQuieted, ApprovalDelivered
from engine.core.commands import AnswerEmergency, ChangeLimit, Choice, CloseAll, Done, Refused, Resume
from engine.core.effects import CancelOrder, Effect
from engine.core.facts import ApprovalAsked, ApprovalDecided, ApprovalHeard
from engine.core.market import MINUTE_MS
from engine.core.money import to_money
from engine.core.profile import Action, ApprovalMode, HoldLevel, LimitSpec, Measure
from engine.core.question import Phase
from engine.core.strategy import Enter
from tests.support.desk import (
    BTC,
    DAY,
    ETH,
    T0,
    XRP,
    Bench,
    account,
    assert_replays,
    facts,
    instrument,
    placed,
    profile,
    refusal,
    told,
)

SECOND = 1_000
_PRESSES = count()


def limit(profile_: str = "", **more: Any) -> LimitSpec:
    """Total loss of 10 USDT: 71 ticks on the bench's position and its fee."""
    fields: dict[str, Any] = {
        "name": "total_loss",
        "measure": Measure.TOTAL_LOSS,
        "threshold": to_money(-10),
        "action": Action.EMERGENCY,
        "profile": profile_,
        "floor": -(10**15),
        "ceiling": -1,
        "approval": ApprovalMode.ASK,
    }
    return LimitSpec(**(fields | more))


def holding(*limits: LimitSpec, **more: Any) -> Bench:
    """A bench with one long of 1,500 USDT; a tick is 0.15 USDT."""
    bench = Bench(account(profile(), profile("beta"), limits=limits or [limit()], **more))
    bench.enter()
    bench.time()
    return bench


def fall(bench: Bench, ticks: int = 65, symbol: str = BTC) -> list[Effect]:
    bench.price(10_000 - ticks, symbol)
    return bench.time(SECOND)


def asked(*limits: LimitSpec, heard: bool = True, **more: Any) -> Bench:
    """A bench whose limit was breached a moment ago."""
    bench = holding(*limits, **more)
    assert told(fall(bench), EmergencyAlert)
    if heard:
        bench.step(ApprovalDelivered(1, bench.now))
    return bench


def press(bench: Bench, choice: Choice, number: int = 1, by: str = "Ada") -> Done | Refused:
    name = f"press-{next(_PRESSES)}"
    return bench.ask(AnswerEmergency(command_id=name, by=by, wall_ms=bench.now, number=number, choice=choice))


def refused(bench: Bench, choice: Choice, number: int = 1, by: str = "Ada") -> str:
    answer = press(bench, choice, number, by)
    assert isinstance(answer, Refused)
    return answer.reason


def decided(effects: list[Effect]) -> list[tuple[str, str, str]]:
    return [(fact.phase, fact.by, fact.why) for fact in facts(effects, ApprovalDecided)]


def closed(bench: Bench) -> set[str]:
    return {ticket.symbol for ticket in placed(bench.effects) if ticket.whole}


def phase(bench: Bench) -> str:
    return bench.state.questions["total_loss"].phase


def test_a_breach_blocks_entries_at_once_and_asks_with_its_numbers() -> None:
    bench = holding()
    late = bench.order(symbol=ETH)
    effects = fall(bench)
    (alert,) = told(effects, EmergencyAlert)
    assert (alert.number, alert.key, alert.in_money) == (1, "total_loss", True)
    assert (alert.value, alert.threshold) == (Decimal("-10.57500000"), Decimal(-10))
    assert (alert.open_positions, alert.open_result, alert.today) == (1, Decimal("-9.75"), alert.value)
    # 149.35 x 10 USDT at 0.055 % and one basis point.
    assert alert.closing_costs == Decimal("0.96866250") + Decimal("0.00000000")
    assert alert.decides_ms == bench.now + 30 * SECOND
    assert not alert.again
    assert alert.thread == "emergency-1"
    assert bench.ws.hold_level() is HoldLevel.HALTED
    assert [cancel.link_id for cancel in effects if isinstance(cancel, CancelOrder)] == [late.link_id]
    assert told(effects, LimitAlert) == []
    assert placed(effects) == []
    bench.price(symbol=XRP)
    assert refusal(bench.bar(Enter(True, "go"), symbol=XRP)) == "hold"
    assert_replays(bench)


def test_nothing_closes_while_people_are_asked_not_even_a_fill_that_comes_late() -> None:
    bench = holding()
    late = bench.order(symbol=ETH)
    fall(bench)
    bench.step(ApprovalDelivered(1, bench.now))
    bench.fill(late)
    bench.step(e.ProtectionReported(ETH, late.stop or 0, late.target or 0, bench.now))
    for _ in range(28):
        assert placed(bench.time(SECOND)) == []


def test_silence_closes_everything_in_scope() -> None:
    bench = asked()
    assert placed(bench.time(29 * SECOND)) == []
    effects = bench.time(SECOND)
    assert decided(effects) == [("closed", "desk", "no answer")]
    assert [(ticket.symbol, ticket.reason) for ticket in placed(effects)] == [(BTC, "limit total_loss")]
    (alert,) = told(effects, EmergencyDecidedAlert)
    assert (alert.outcome, alert.by, alert.why, alert.decided_ms) == ("closed", "desk", "no answer", bench.now)
    assert alert.thread == "emergency-1"
    assert bench.ws.hold_level() is HoldLevel.HALTED
    assert_replays(bench)


def test_the_silence_of_a_limit_is_as_long_as_it_says() -> None:
    bench = asked(limit(approval_ms=90_000))
    assert placed(bench.time(89 * SECOND)) == []
    assert [ticket.symbol for ticket in placed(bench.time(SECOND))] == [BTC]


@pytest.mark.parametrize("wait_ms", [4_750, 5_000])
def test_without_a_copy_that_telegram_took_within_five_seconds_it_closes(wait_ms: int) -> None:
    bench = asked(heard=False)
    effects = bench.time(wait_ms)
    assert decided(effects) == ([("closed", "desk", "Telegram took no message within 5 s")] if wait_ms > 4_999 else [])
    bench.step(ApprovalDelivered(1, bench.now))
    assert len(facts(bench.effects, ApprovalHeard)) == 1
    bench.step(ApprovalDelivered(1, bench.now))
    bench.step(ApprovalDelivered(9, bench.now))
    assert len(facts(bench.effects, ApprovalHeard)) == 1


def test_close_now_closes_at_once() -> None:
    bench = asked()
    answer = press(bench, Choice.CLOSE)
    assert isinstance(answer, Done)
    assert [ticket.link_id for ticket in placed(bench.effects)][-1:] == list(answer.orders)
    assert closed(bench) == {BTC}
    assert decided(bench.effects) == [("closed", "Ada", "")]
    assert decided(bench.time(60 * SECOND)) == []
    assert_replays(bench)


def test_pause_only_ends_the_countdown_for_good_and_entries_stay_blocked() -> None:
    bench = asked()
    assert isinstance(press(bench, Choice.PAUSE), Done)
    for ticks in (65, 150, 900):
        bench.time(DAY // 4)
        assert placed(fall(bench, ticks)) == []
    assert bench.ws.hold_level() is HoldLevel.HALTED
    assert_replays(bench)


def test_keep_lasts_fifteen_minutes_and_then_asks_again() -> None:
    bench = asked()
    press(bench, Choice.KEEP)
    (alert,) = told(bench.effects, EmergencyDecidedAlert)
    assert (alert.outcome, alert.until_ms - bench.now) == ("kept", 15 * MINUTE_MS)
    early = bench.time(15 * MINUTE_MS - 1)
    assert (told(early, EmergencyAlert), placed(early)) == ([], [])
    effects = bench.time(1)
    (again,) = told(effects, EmergencyAlert)
    assert (again.number, again.again, again.decides_ms) == (2, True, bench.now + 30 * SECOND)
    assert placed(effects) == []
    bench.step(ApprovalDelivered(2, bench.now))
    assert decided(bench.time(30 * SECOND)) == [("closed", "desk", "no answer")]
    assert_replays(bench)


def test_keep_ends_early_when_the_loss_is_twenty_percent_worse_than_when_it_was_kept() -> None:
    bench = asked()
    fall(bench, 30)
    press(bench, Choice.KEEP)
    # Kept at -5.325: a fifth more is -6.39.
    assert bench.state.questions["total_loss"].value == to_money("-5.325")
    assert told(fall(bench, 37), EmergencyAlert) == []
    assert [alert.number for alert in told(fall(bench, 38), EmergencyAlert)] == [2]


def test_kept_at_a_gain_it_asks_again_only_where_the_limit_closes_anyhow() -> None:
    bench = asked()
    fall(bench, -50)
    press(bench, Choice.KEEP)
    assert told(fall(bench, 70), EmergencyAlert) == []
    assert decided(fall(bench, 75)) == [("closed", "desk", "the loss reached 1.2 times the limit")]


def test_close_now_stays_pressable_after_keep_and_after_pause_and_later_answers_loosen_nothing() -> None:
    for first in (Choice.KEEP, Choice.PAUSE):
        bench = asked()
        press(bench, first)
        assert closed(bench) == set()
        assert isinstance(press(bench, Choice.CLOSE, by="Ben"), Done)
        assert closed(bench) == {BTC}
        for late in (Choice.KEEP, Choice.PAUSE):
            assert refused(bench, late) == "Ben has already closed everything; the safer answer stands."
        assert phase(bench) == Phase.CLOSED


def test_keep_is_safer_than_pause_in_whatever_order_they_come() -> None:
    for order in ([Choice.KEEP, Choice.PAUSE], [Choice.PAUSE, Choice.KEEP]):
        bench = asked()
        answers = [press(bench, choice) for choice in order]
        assert phase(bench) == Phase.KEPT
        assert isinstance(answers[1], Refused if order[0] is Choice.KEEP else Done)


def test_closing_twice_sends_no_second_order_but_closes_what_a_refused_one_left() -> None:
    bench = asked()
    press(bench, Choice.CLOSE)
    again = press(bench, Choice.CLOSE, by="Ben")
    assert isinstance(again, Done)
    assert (again.orders, again.notes) == ((), ("Ada has already closed everything; the safer answer stands.",))
    bench.step(e.OrderRejected(placed(bench.effects)[-1].link_id, "1", "no", bench.now))
    more = press(bench, Choice.CLOSE)
    assert isinstance(more, Done)
    assert len(more.orders) == 1


def test_an_answer_that_comes_when_silence_has_decided_changes_nothing() -> None:
    bench = asked()
    bench.now += 30 * SECOND
    assert refused(bench, Choice.PAUSE) == "The desk has already closed everything; the safer answer stands."
    assert closed(bench) == {BTC}


def test_an_older_message_closes_but_answers_nothing_else_once_the_desk_has_asked_again() -> None:
    bench = asked()
    press(bench, Choice.KEEP)
    bench.time(15 * MINUTE_MS)
    assert refused(bench, Choice.KEEP) == "The desk has asked again since: answer its newer message."
    assert phase(bench) == Phase.ASKED
    press(bench, Choice.CLOSE)
    assert closed(bench) == {BTC}


def test_an_answer_to_an_emergency_that_is_over_closes_nothing() -> None:
    bench = asked()
    press(bench, Choice.PAUSE)
    effects = bench.step(Resume(command_id="r", by="Ben", wall_ms=bench.now))
    assert [(alert.outcome, alert.by) for alert in told(effects, EmergencyDecidedAlert)] == [("resumed", "Ben")]
    assert bench.state.questions == {}
    assert refused(bench, Choice.CLOSE) == "This emergency is over. /closeall closes what is open now."
    assert placed(bench.time(60 * SECOND)) == []
    assert_replays(bench)


@pytest.mark.parametrize("first", [None, Choice.KEEP])
def test_resume_does_not_lift_the_halt_of_an_emergency_that_nobody_has_decided(first: Choice | None) -> None:
    bench = asked()
    if first is not None:
        press(bench, first)
    answer = bench.ask(Resume(command_id="r", by="Ben", wall_ms=bench.now))
    assert "limit:total_loss" in bench.state.holds
    assert isinstance(answer, Done)
    assert answer.notes[-1] == "Nobody has decided yet: limit total_loss. Answer its message first."


def test_resume_lifts_the_halt_of_what_was_closed_and_is_told_as_before() -> None:
    bench = asked()
    press(bench, Choice.CLOSE)
    bench.fill(placed(bench.effects)[-1], 9_935)
    effects = bench.step(Resume(command_id="r", by="Ben", wall_ms=bench.now))
    assert told(effects, EmergencyDecidedAlert) == []
    assert (bench.state.holds, bench.state.questions) == ({}, {})


@pytest.mark.parametrize("first", [None, Choice.KEEP])
def test_a_fifth_beyond_the_limit_it_closes_unless_somebody_said_pause_only(first: Choice | None) -> None:
    bench = asked()
    if first is not None:
        press(bench, first)
    assert decided(fall(bench, 74)) == []
    assert decided(fall(bench, 75)) == [("closed", "desk", "the loss reached 1.2 times the limit")]


def test_a_breach_that_is_a_fifth_beyond_already_asks_nobody_and_says_why() -> None:
    effects = fall(holding(), 90)
    assert told(effects, EmergencyAlert) == []
    (alert,) = told(effects, LimitAlert)
    assert (alert.why, len(alert.closing)) == ("the loss reached 1.2 times the limit", 1)


@pytest.mark.parametrize("long", [True, False])
def test_a_position_near_its_liquidation_price_closes(long: bool) -> None:
    # At 50x the estimate is 1.5 % away, the buffer another 0.5 %.
    far = limit(threshold=to_money(-14))
    bench = Bench(account(profile(leverage=50), limits=[far]))
    bench.enter(long=long)
    bench.time()
    sign = -1 if long else 1
    bench.price(10_000 + sign * 90)
    assert told(bench.time(SECOND), EmergencyAlert)
    bench.step(ApprovalDelivered(1, bench.now))
    press(bench, Choice.KEEP)
    bench.price(10_000 + sign * 101)
    assert decided(bench.time(SECOND)) == [("closed", "desk", f"{BTC} is near its liquidation price")]


def test_a_limit_breached_near_liquidation_asks_nobody() -> None:
    bench = Bench(account(profile(leverage=50), limits=[limit(threshold=to_money(-15))]))
    bench.enter()
    bench.time()
    (alert,) = told(fall(bench, 102), LimitAlert)
    assert alert.why == f"{BTC} is near its liquidation price"


def test_quiet_hours_of_every_admin_close_at_once_before_and_while_asking_but_not_what_is_kept() -> None:
    bench = holding()
    bench.step(AdminsQuieted(True, bench.now))
    assert told(fall(bench), LimitAlert)[0].why == "every admin is in quiet hours"
    assert closed(bench) == {BTC}

    bench = asked()
    bench.step(AdminsQuieted(True, bench.now))
    assert decided(bench.time(250)) == [("closed", "desk", "every admin is in quiet hours")]

    bench = asked()
    press(bench, Choice.KEEP)
    bench.step(AdminsQuieted(True, bench.now))
    assert decided(bench.time(MINUTE_MS)) == []
    assert decided(bench.time(14 * MINUTE_MS)) == [("closed", "desk", "every admin is in quiet hours")]


def test_admins_who_are_awake_again_are_asked() -> None:
    bench = holding()
    bench.step(AdminsQuieted(True, bench.now))
    bench.step(AdminsQuieted(False, bench.now))
    assert told(fall(bench), EmergencyAlert)


def test_auto_and_an_account_that_asks_nobody_close_at_once() -> None:
    for bench in (holding(limit(approval=ApprovalMode.AUTO)), holding(asks=False)):
        effects = fall(bench)
        assert told(effects, EmergencyAlert) == []
        assert told(effects, LimitAlert)[0].why == ""
        assert closed(bench) == {BTC}
        assert bench.state.questions == {}
    silent = holding()
    silent.ws.telling = False
    fall(silent)
    assert closed(silent) == {BTC}


def test_with_nothing_open_there_is_nothing_to_ask() -> None:
    bench = Bench(account(limits=[limit(threshold=to_money(-4))]))
    bench.time()
    bench.enter()
    bench.step(bench.execution(placed(bench.effects)[0], 9_900, 150, buy=False, link_id="", kind=e.ExecKind.STOP))
    (alert,) = told(bench.time(SECOND), LimitAlert)
    assert (alert.why, alert.closing) == ("nothing was open", ())


def test_the_question_ends_when_nothing_is_open_any_more() -> None:
    bench = holding()
    late = bench.order(symbol=ETH)
    fall(bench)
    bench.ask(CloseAll(command_id="c", by="Ben", wall_ms=bench.now))
    bench.fill(placed(bench.effects)[-1], 9_935)
    assert decided(bench.time(250)) == [("closed", "desk", "nothing is open any more")]
    bench.fill(late)
    assert [ticket.symbol for ticket in placed(bench.time(250))] == [ETH]


def test_each_scope_has_its_own_question_and_acts_on_its_own_positions() -> None:
    own = limit("beta", name="own", threshold=to_money(-8))
    bench = Bench(account(profile(), profile("beta", limits=(own,)), limits=[limit()]))
    bench.enter()
    bench.price(symbol=ETH)
    bench.fill(placed(bench.bar(Enter(True, "go"), symbol=ETH, name="beta"))[-1])
    bench.step(e.ProtectionReported(ETH, 9_950, 10_200, bench.now))
    bench.time()
    (first,) = told(fall(bench, 55, ETH), EmergencyAlert)
    (second,) = told(fall(bench, 65, ETH), EmergencyAlert)
    assert [(one.key, one.open_positions) for one in (first, second)] == [("beta.own", 1), ("total_loss", 2)]
    numbers = {q.key: q.number for q in bench.state.questions.values()}
    for number in numbers.values():
        bench.step(ApprovalDelivered(number, bench.now))
    press(bench, Choice.CLOSE, numbers["beta.own"])
    assert closed(bench) == {ETH}
    assert_replays(bench)


def test_a_limit_that_is_crossed_again_while_it_is_asked_about_asks_once() -> None:
    bench = asked()
    bench.ask(ChangeLimit(command_id="c", by="Ben", wall_ms=bench.now, key="total_loss", value=Decimal("9.9")))
    effects = bench.time(250)
    assert told(effects, EmergencyAlert) == []
    assert told(effects, LimitAlert) == []
    assert bench.state.questions["total_loss"].threshold == to_money(-10)


def again_tomorrow(bench: Bench) -> list[Effect]:
    """Let the daily limit begin anew and be breached anew."""
    bench.now = T0 - T0 % DAY + DAY
    bench.time()
    return fall(bench, 140)


def daily() -> LimitSpec:
    return limit(name="total_loss", measure=Measure.DAILY_EQUITY, threshold=-1_000)


def test_what_was_left_open_asks_again_when_the_limit_is_breached_anew() -> None:
    bench = asked(daily())
    press(bench, Choice.PAUSE)
    (alert,) = told(again_tomorrow(bench), EmergencyAlert)
    assert (alert.number, alert.again) == (2, False)
    press(bench, Choice.CLOSE, number=1)
    assert closed(bench) == {BTC}


def test_what_was_left_open_closes_when_the_limit_is_breached_anew_and_nobody_can_be_asked() -> None:
    bench = asked(daily())
    press(bench, Choice.PAUSE)
    bench.step(AdminsQuieted(True, bench.now))
    effects = again_tomorrow(bench)
    assert decided(effects) == [("closed", "desk", "every admin is in quiet hours")]
    assert [ticket.symbol for ticket in placed(effects)] == [BTC]
    assert told(effects, LimitAlert)[-1].closing


def test_what_was_closed_is_not_asked_about_again_while_its_halt_is_in_force() -> None:
    bench = asked(daily())
    press(bench, Choice.CLOSE)
    effects = again_tomorrow(bench)
    assert told(effects, EmergencyAlert) == []
    assert told(effects, LimitAlert)[-1].why == "its halt is still in force"
    assert phase(bench) == Phase.CLOSED


def test_a_countdown_that_ended_while_the_desk_was_down_closes_at_the_start() -> None:
    bench = asked()
    bench.restart()
    bench.now += 31 * SECOND
    effects = bench.time()
    assert decided(effects) == [("closed", "desk", "no answer")]
    assert [ticket.symbol for ticket in placed(effects)] == [BTC]


@pytest.mark.parametrize("first", [Choice.CLOSE, Choice.PAUSE, Choice.KEEP, None])
def test_a_restart_goes_on_where_the_answer_left_it(first: Choice | None) -> None:
    bench = asked()
    if first is not None:
        press(bench, first)
    before = dict(bench.state.questions)
    bench.restart()
    assert bench.state.questions == before
    bench.time(SECOND)
    assert bench.state.questions == before
    if first is not Choice.CLOSE:
        assert isinstance(press(bench, Choice.CLOSE), Done)
    assert closed(bench) == {BTC}


def test_the_wall_clock_decides_whatever_the_market_does() -> None:
    bench = asked()
    for _ in range(10):
        assert placed(bench.step(e.TimePassed(bench.now + DAY, bench.now))) == []
    assert placed(bench.step(e.TimePassed(bench.now, bench.now + 30 * SECOND)))


def test_a_kept_question_whose_limit_is_gone_or_asks_no_more_closes() -> None:
    for changed in ([], [limit(approval=ApprovalMode.AUTO)], [limit(action=Action.HALT)]):
        bench = asked()
        press(bench, Choice.KEEP)
        bench.account = account(profile(), profile("beta"), limits=changed)
        bench.restart()
        effects = bench.time(15 * MINUTE_MS)
        assert decided(effects) == [("closed", "desk", "the limit asks nobody any more")]


def test_before_every_position_has_a_price_again_nothing_is_measured_and_keeping_goes_by_time() -> None:
    bench = asked()
    press(bench, Choice.KEEP)
    bench.restart()
    (again,) = told(bench.time(15 * MINUTE_MS), EmergencyAlert)
    assert again.value == Decimal("-10.57500000")
    assert again.open_result == 0
    assert again.closing_costs > 0


def test_what_is_external_is_counted_and_closed_and_has_no_liquidation_price() -> None:
    bench = holding()
    bench.step(e.InstrumentChanged(instrument("SOLUSDT"), T0))
    bench.step(bench.execution(bench.order(symbol=XRP), link_id="", symbol="SOLUSDT", qty=10))
    bench.price(symbol="SOLUSDT")
    (alert,) = told(fall(bench), EmergencyAlert)
    assert alert.open_positions == 2
    press(bench, Choice.CLOSE)
    assert closed(bench) == {BTC, "SOLUSDT"}


def test_numbers_of_questions_never_repeat() -> None:
    bench = asked()
    press(bench, Choice.PAUSE)
    bench.ask(Resume(command_id="r", by="Ben", wall_ms=bench.now))
    fall(bench, 0)
    bench.time(SECOND)
    fall(bench, -900)
    assert [fact.number for fact in facts(fall(bench), ApprovalAsked)] == [2]
