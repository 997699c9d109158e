"""Emergency limits that ask: what is asked, who may answer what and when, what silence does."""

from decimal import Decimal

import pytest

from engine.core import events as e
from engine.core.alerts import EmergencyAlert, EmergencyDecidedAlert, LimitAlert
from engine.core.chat_events import ApprovalDelivered
from engine.core.commands import Choice, Done, Refused, Resume
from engine.core.effects import CancelOrder
from engine.core.market import MINUTE_MS
from engine.core.money import to_money
from engine.core.profile import HoldLevel
from engine.core.question import Phase
from engine.core.strategy import Enter
from tests.support.desk import (
    BTC,
    DAY,
    ETH,
    XRP,
    assert_replays,
    placed,
    refusal,
    told,
)
from tests.support.emergency import SECOND, asked, closed, decided, fall, holding, limit, phase, press, refused


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
