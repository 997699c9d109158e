"""Emergency limits that ask: when the desk decides on its own, and that a restart forgets nothing."""

from decimal import Decimal

import pytest

from engine.core import events as e
from engine.core.alerts import EmergencyAlert, LimitAlert
from engine.core.approval_facts import ApprovalAsked, ApprovalHeard
from engine.core.chat_events import AdminsQuieted, ApprovalDelivered
from engine.core.commands import ChangeLimit, Choice, CloseAll, Done, Resume
from engine.core.effects import Effect
from engine.core.market import MINUTE_MS
from engine.core.money import to_money
from engine.core.profile import Action, ApprovalMode, LimitSpec, Measure
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
    told,
)
from tests.support.emergency import SECOND, asked, closed, decided, fall, holding, limit, phase, press


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
