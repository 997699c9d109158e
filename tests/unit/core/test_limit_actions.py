"""What a breached limit does: hold, cancel, close everything in its scope, once, across restarts and day rolls."""

from decimal import Decimal

import pytest

from engine.core import events as e
from engine.core.alerts import HoldAlert, LimitAlert
from engine.core.commands import ChangeLimit, ClosePosition, Done, Resume, Scope
from engine.core.effects import CancelOrder
from engine.core.facts import LimitCrossed, ReferenceSet
from engine.core.market import MINUTE_MS
from engine.core.money import to_money
from engine.core.profile import Action, HoldLevel, LimitSpec, Measure, Profile
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


def limit(measure: Measure, threshold: int, action: Action, **more: object) -> LimitSpec:
    fields: dict[str, object] = {"name": measure.value, "floor": -(10**15), "ceiling": -1}
    return LimitSpec(measure=measure, threshold=threshold, action=action, **(fields | more))


def limited(measure: Measure, threshold: int, action: Action, **more: object) -> Bench:
    """A bench whose account has one limit, with a long of 1,500 USDT."""
    bench = Bench(account(profile(), profile("beta"), limits=[limit(measure, threshold, action, **more)]))
    bench.enter()
    bench.time()
    return bench


def fall(bench: Bench, ticks: int, symbol: str = BTC) -> list[object]:
    bench.time(MINUTE_MS)
    bench.price(10_000 - ticks, symbol)
    return [*bench.time()]


def test_a_warning_is_told_once_and_a_breach_acts_once() -> None:
    bench = limited(Measure.TOTAL_LOSS, to_money(-10), Action.EMERGENCY)
    assert [alert.level for alert in told(fall(bench, 50), LimitAlert)] == ["warned"]
    assert told(fall(bench, 51), LimitAlert) == []
    effects = fall(bench, 70)
    assert [alert.level for alert in told(effects, LimitAlert)] == ["breached"]
    assert [ticket.reason for ticket in placed(effects)] == ["limit total_loss"]
    assert placed(fall(bench, 80)) == []
    assert_replays(bench)


def test_realised_loss_and_open_loss_count_together() -> None:
    bench = limited(Measure.DAILY_LOSS, to_money(-20), Action.CLOSE)
    assert placed(fall(bench, 100)) == []
    bench.step(e.FundingPaid("f", BTC, to_money(5), bench.now))
    assert [ticket.symbol for ticket in placed(bench.time())] == [BTC]


def test_an_emergency_of_the_account_closes_every_profile_and_what_is_external() -> None:
    bench = limited(Measure.TOTAL_LOSS, to_money(-10), Action.EMERGENCY)
    bench.enter(symbol=ETH, long=False)
    stray = bench.execution(bench.order(symbol=XRP), link_id="", symbol="SOLUSDT", qty=10)
    bench.step(e.InstrumentChanged(instrument("SOLUSDT"), T0))
    bench.step(stray)
    bench.price(symbol="SOLUSDT")
    effects = fall(bench, 80)
    assert {ticket.symbol for ticket in placed(effects)} == {BTC, ETH, "SOLUSDT"}
    assert [cancel.symbol for cancel in effects if isinstance(cancel, CancelOrder)] == [XRP]
    assert told(effects, LimitAlert)[0].closing == tuple(ticket.link_id for ticket in placed(effects))


def test_an_emergency_splits_what_one_market_order_cannot_carry() -> None:
    bench = limited(Measure.TOTAL_LOSS, to_money(-10), Action.EMERGENCY)
    bench.step(e.InstrumentChanged(instrument(max_market_qty=70), bench.now))
    tickets = placed(fall(bench, 80))
    assert [ticket.qty for ticket in tickets] == [70, 70, 10]
    assert len({ticket.link_id for ticket in tickets}) == 3
    assert all(ticket.reduce_only and ticket.whole for ticket in tickets)


def beta_limit(action: Action = Action.CLOSE) -> Profile:
    return profile("beta", limits=(limit(Measure.DAILY_LOSS, to_money(-10), action, profile="beta"),))


def test_a_profiles_limit_acts_on_its_own_positions_only() -> None:
    bench = Bench(account(profile(), beta_limit()))
    bench.enter()
    bench.price(symbol=ETH)
    bench.fill(placed(bench.bar(Enter(True, "go"), symbol=ETH, name="beta"))[-1])
    bench.step(e.ProtectionReported(ETH, 9_950, 10_200, bench.now))
    bench.time()
    assert placed(fall(bench, 80)) == []
    assert [ticket.symbol for ticket in placed(fall(bench, 80, ETH))] == [ETH]
    assert bench.ws.hold_level("beta", XRP) is HoldLevel.NO_ENTRIES
    assert bench.ws.hold_level("alpha", XRP) is HoldLevel.NONE


@pytest.mark.parametrize("action", [Action.ALERT, Action.HALVE_SIZE])
def test_mild_actions_hold_and_close_nothing(action: Action) -> None:
    bench = limited(Measure.TOTAL_LOSS, to_money(-10), action)
    effects = fall(bench, 80)
    assert told(effects, LimitAlert)[0].level == "breached"
    assert bench.state.holds == {}
    assert placed(effects) == []


@pytest.mark.parametrize(
    ("measure", "action", "level", "lift", "until"),
    [
        (Measure.DAILY_EQUITY, Action.NO_ENTRIES, HoldLevel.NO_ENTRIES, "time", T0 - T0 % DAY + DAY),
        (Measure.DAILY_EQUITY, Action.EMERGENCY, HoldLevel.HALTED, "admin", None),
        (Measure.WEEKLY_EQUITY, Action.HALT, HoldLevel.HALTED, "time", T0 - T0 % DAY + 5 * DAY),
        (Measure.PEAK_EQUITY, Action.HALT, HoldLevel.HALTED, "admin", None),
    ],
)
def test_a_hold_lasts_as_long_as_its_limit_says(
    measure: Measure, action: Action, level: HoldLevel, lift: str, until: int | None
) -> None:
    bench = limited(measure, -1_000, action)
    fall(bench, 80)
    hold = bench.state.holds[f"limit:{measure.value}"]
    assert (hold.level, hold.lift, hold.until_ms) == (level, lift, until)
    bench.restart()
    assert bench.state.holds[f"limit:{measure.value}"] == hold


def test_the_strictest_of_several_holds_wins() -> None:
    mild = limit(Measure.DAILY_EQUITY, -1_000, Action.NO_ENTRIES)
    hard = limit(Measure.PEAK_EQUITY, -1_000, Action.HALT)
    bench = Bench(account(limits=[mild, hard]))
    bench.enter()
    bench.time()
    fall(bench, 80)
    assert len(bench.state.holds) == 2
    assert bench.ws.hold_level() is HoldLevel.HALTED


def test_a_daily_limit_begins_anew_at_midnight_and_its_hold_ends_then() -> None:
    bench = limited(Measure.DAILY_EQUITY, -1_000, Action.NO_ENTRIES)
    fall(bench, 80)
    bench.now = T0 - T0 % DAY + DAY - 1
    bench.time()
    assert bench.state.levels["daily_equity"] == "breached"
    effects = bench.time(1)
    assert [fact.level for fact in facts(effects, LimitCrossed)] == ["cleared"]
    assert [alert.set for alert in told(effects, HoldAlert)] == [False]
    assert bench.state.references[""]["day"] == bench.ws.equity()
    assert_replays(bench)


def test_a_weekly_limit_outlives_the_day_and_ends_on_monday() -> None:
    bench = limited(Measure.WEEKLY_EQUITY, -1_000, Action.HALT)
    fall(bench, 80)
    bench.now = T0 - T0 % DAY + DAY
    bench.time()
    assert "limit:weekly_equity" in bench.state.holds
    bench.now += 4 * DAY
    bench.time()
    assert bench.state.holds == {}


def test_a_breach_does_not_clear_within_its_period() -> None:
    bench = limited(Measure.DAILY_EQUITY, -1_000, Action.NO_ENTRIES)
    fall(bench, 80)
    assert facts(fall(bench, -500), LimitCrossed) == []
    assert bench.state.levels["daily_equity"] == "breached"
    bench.price(symbol=ETH)
    assert refusal(bench.bar(Enter(True, "go"), symbol=ETH)) == "hold"


def test_references_survive_a_restart() -> None:
    bench = limited(Measure.DAILY_EQUITY, -1_000, Action.NO_ENTRIES)
    fall(bench, 30)
    before = {scope: dict(names) for scope, names in bench.state.references.items()}
    bench.restart()
    bench.step(bench.report(rows=[bench_row(bench)]))
    fall(bench, 30)
    assert bench.state.references == before


def bench_row(bench: Bench) -> e.PositionReport:
    position = bench.ws.positions[BTC]
    return e.PositionReport(BTC, position.qty, position.cost, position.held_stop, position.held_target)


def test_a_restart_measures_nothing_before_every_position_has_a_mark() -> None:
    bench = limited(Measure.DAILY_EQUITY, -1_000, Action.EMERGENCY)
    bench.price(10_150)
    bench.now = T0 - T0 % DAY + DAY
    bench.time()
    reference = bench.state.references[""]["day"]
    bench.restart()
    effects = bench.time(1_000)
    assert facts(effects, LimitCrossed) == []
    assert placed(effects) == []
    bench.price(10_150)
    assert facts(bench.time(1_000), LimitCrossed) == []
    assert bench.state.references[""]["day"] == reference


def test_nothing_is_measured_before_the_books_are_open() -> None:
    bench = Bench(account(limits=[limit(Measure.TOTAL_LOSS, to_money(-10), Action.EMERGENCY)]), wallet=None)
    assert facts(bench.time(), ReferenceSet) == []
    bench.step(bench.report(wallet=to_money(500)))
    bench.time()
    assert bench.state.references[""]["start"] == to_money(500)


def test_a_hold_whose_day_passed_while_the_desk_was_down_is_measured_before_it_is_lifted() -> None:
    bench = limited(Measure.DAILY_EQUITY, -1_000, Action.NO_ENTRIES)
    fall(bench, 80)
    bench.restart()
    bench.now = T0 - T0 % DAY + DAY + MINUTE_MS
    bench.time()
    assert "limit:daily_equity" in bench.state.holds
    bench.price(9_920)
    effects = bench.time()
    kinds = [type(fact).__name__ for effect in effects if (fact := getattr(effect, "fact", None)) is not None]
    assert kinds.index("ReferenceSet") < kinds.index("HoldLifted")
    assert bench.state.levels["daily_equity"] == ""


def test_a_fill_that_comes_after_the_emergency_is_closed_too() -> None:
    bench = limited(Measure.TOTAL_LOSS, to_money(-10), Action.EMERGENCY)
    late = bench.order(symbol=ETH)
    fall(bench, 80)
    bench.fill(late)
    assert [ticket.symbol for ticket in placed(bench.time(250)) if ticket.symbol == ETH] == [ETH]
    assert placed(bench.time(250)) == []


def test_an_emergency_is_finished_even_when_partial_closes_that_covered_it_fail() -> None:
    bench = limited(Measure.TOTAL_LOSS, to_money(-10), Action.EMERGENCY)
    for number in range(2):
        answer = bench.ask(ClosePosition(command_id=f"{number}", by="a", wall_ms=T0, symbol=BTC, percent=50))
        assert isinstance(answer, Done)
    assert placed(fall(bench, 80)) == []
    bench.step(e.OrderRejected(placed(bench.effects)[-1].link_id, "1", "no", bench.now))
    assert [ticket.qty for ticket in placed(bench.time(250))] == [75]


def test_a_limit_that_is_tightened_below_the_present_loss_acts_at_once() -> None:
    bench = limited(Measure.TOTAL_LOSS, to_money(-100), Action.EMERGENCY)
    fall(bench, 50)
    bench.ask(ChangeLimit(command_id="c", by="ann", wall_ms=T0, key="total_loss", value=Decimal(5)))
    assert [ticket.symbol for ticket in placed(bench.time())] == [BTC]


def test_resume_lifts_a_halt_and_names_the_limit_that_is_still_breached() -> None:
    bench = limited(Measure.DAILY_EQUITY, -1_000, Action.EMERGENCY)
    fall(bench, 80)
    answer = bench.ask(Resume(command_id="r", by="ann", wall_ms=T0, scope=Scope("profile", "alpha")))
    assert isinstance(answer, Done)
    assert answer.notes == ("Still breached: daily_equity", "Still held: limit daily_equity")
    answer = bench.ask(Resume(command_id="s", by="ann", wall_ms=T0))
    assert isinstance(answer, Done)
    assert answer.notes == ("Still breached: daily_equity",)
    assert bench.state.holds == {}


def test_a_deposit_or_withdrawal_moves_every_reference_and_breaches_nothing() -> None:
    own = limit(Measure.DAILY_EQUITY, -10_000, Action.EMERGENCY, profile="alpha")
    bench = Bench(account(profile(limits=(own,)), limits=[limit(Measure.DAILY_EQUITY, -10_000, Action.EMERGENCY)]))
    bench.time()
    before = bench.state.references[""]["day"]
    bench.time(10_000)
    bench.step(bench.report(wallet=bench.state.portfolio.wallet - to_money(5_000)))
    out = e.Transfer("t1", -to_money(5_000), "TRANSFER_OUT", bench.now)
    bench.step(e.TransfersReported((out,), bench.now))
    effects = bench.time(MINUTE_MS)
    assert facts(effects, LimitCrossed) == []
    assert {scope: names["day"] for scope, names in bench.state.references.items()} == {
        "": before - to_money(5_000),
        "alpha": before - to_money(5_000),
    }
    assert_replays(bench)


def test_an_unknown_scope_has_no_limits_of_its_own() -> None:
    assert Bench().ws.limits_of("nobody") == ()


HOUR = 60 * MINUTE_MS


def late_day(action: Action = Action.NO_ENTRIES) -> Bench:
    """An account whose day begins at 22:00 UTC, with a daily limit of its own and one of its profile's."""
    own = limit(Measure.DAILY_EQUITY, -1_000, action, name="own", profile="alpha")
    whole = limit(Measure.DAILY_EQUITY, -1_000, action, name="whole")
    bench = Bench(account(profile(limits=(own,)), limits=[whole], day_begins_ms=22 * HOUR))
    bench.enter()
    bench.time()
    return bench


def test_the_day_of_the_account_begins_when_it_is_said_to_and_the_profiles_at_midnight() -> None:
    bench = late_day()
    midnight = T0 + 15 * HOUR
    assert bench.state.references[""]["day.at"] == midnight - 26 * HOUR
    assert bench.state.references["alpha"]["day.at"] == midnight - DAY
    fall(bench, 100)
    assert {hold.hold_id: hold.until_ms for hold in bench.state.holds.values()} == {
        "limit:whole": midnight - 2 * HOUR,
        "limit:alpha.own": midnight,
    }
    bench.time(midnight - 2 * HOUR - bench.now)
    assert list(bench.state.holds) == ["limit:alpha.own"]
    bench.restart()
    bench.price(9_900)
    bench.step(bench.report())
    bench.time(midnight - 1 - bench.now)
    assert list(bench.state.holds) == ["limit:alpha.own"]
    bench.time(1)
    assert bench.state.holds == {}
    assert_replays(bench)


def test_the_week_begins_on_monday_whenever_the_day_of_the_account_begins() -> None:
    weekly = limit(Measure.WEEKLY_EQUITY, -1_000, Action.HALT)
    bench = Bench(account(limits=[weekly], day_begins_ms=22 * HOUR))
    bench.enter()
    bench.time()
    fall(bench, 100)
    monday = T0 - T0 % DAY + 5 * DAY
    assert bench.state.holds["limit:weekly_equity"].until_ms == monday
    bench.time(monday - 1 - bench.now)
    assert list(bench.state.holds) == ["limit:weekly_equity"]
    effects = bench.time(1)
    assert [fact.level for fact in facts(effects, LimitCrossed)] == ["cleared"]
    assert (bench.state.references[""]["week.at"], bench.state.holds) == (monday, {})
    assert_replays(bench)


def test_the_guards_loss_halts_until_an_admin_lifts_it() -> None:
    bench = limited(Measure.GUARD_LOSS, -2_000, Action.HALT)
    fall(bench, 140)
    (hold,) = bench.state.holds.values()
    assert (hold.level, hold.lift, hold.until_ms) == (HoldLevel.HALTED, "admin", None)
    bench.time(3 * DAY)
    bench.price(9_860)
    bench.time()
    assert list(bench.state.holds) == ["limit:guard_loss"]
    bench.ask(Resume(command_id="r", by="ann", wall_ms=T0))
    bench.time()
    assert bench.state.holds == {}
