"""The twelve checks before an entry: each passes at its threshold, fails one unit beyond it, and names itself."""

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal

import pytest

from engine.core import alerts as a
from engine.core import events as e
from engine.core.commands import Pause, Scope, SwitchProfile
from engine.core.facts import SignalRecorded
from engine.core.market import HOUR_MS, MINUTE_MS, Status
from engine.core.money import to_money
from engine.core.profile import Cooldown, SizeMode, Sizing
from engine.core.risk import CHECKS, Denied, Draft, check_entry, liquidation_price
from engine.core.strategy import Enter
from tests.support.desk import BTC, ETH, T0, XRP, Bench, account, facts, instrument, profile, refusal, told


def bench(**changes: object) -> Bench:
    made = Bench(account(profile(**changes)))
    for symbol in (BTC, ETH, XRP):
        made.price(symbol=symbol)
    return made


def draft(made: Bench, **changes: object) -> Draft:
    alpha = made.account.profiles[0]
    usual = Draft(alpha, instrument(), True, 10_000, 9_950, 10_200, 150, 10, made.now)
    return replace(usual, **changes)


def failed(made: Bench, **changes: object) -> str:
    denied = check_entry(made.ws, draft(made, **changes))
    return denied.check if denied else ""


def command(**more: object) -> dict[str, object]:
    return {"command_id": "c", "by": "ann", "wall_ms": T0} | more


def test_a_sound_entry_passes_and_every_check_has_its_own_name() -> None:
    assert failed(bench()) == ""
    assert len({name for name, _ in CHECKS}) == 12


def test_the_first_failure_in_order_is_the_one_that_is_named() -> None:
    made = bench()
    made.ws.troubled[BTC] = "gap"
    assert failed(made) == "price"
    assert failed(made, qty=0) == "quantity"
    assert failed(made, qty=0, stop=10_000) == "levels"


HOLDS: list[tuple[Callable[[Bench], object], str]] = [
    (lambda b: b.ask(Pause(command_id="c", by="ann", wall_ms=T0)), "paused by ann"),
    (lambda b: b.ask(Pause(command_id="c", by="ann", wall_ms=T0, scope=Scope("profile", "alpha"))), "paused by ann"),
    (lambda b: b.ask(Pause(command_id="c", by="ann", wall_ms=T0, scope=Scope("symbol", BTC))), "paused by ann"),
    (lambda b: b.ask(SwitchProfile(command_id="c", by="a", wall_ms=T0, profile="alpha", on=False)), "switched off"),
    (lambda b: b.step(e.StoreChanged(False, "disk full", T0)), "journal"),
    (lambda b: b.step(e.VenueChanged(e.VenueState.DEGRADED, "slow", T0)), "degraded"),
    (lambda b: b.restart(), "not compared"),
]


@pytest.mark.parametrize(("cause", "words"), HOLDS)
def test_what_holds_the_desk_refuses_first(cause: Callable[[Bench], object], words: str) -> None:
    made = bench()
    cause(made)
    denied = check_entry(made.ws, draft(made))
    assert denied is not None
    assert denied.check == "hold"
    assert words in denied.detail


def test_a_hold_elsewhere_does_not_bind() -> None:
    made = bench()
    made.ask(Pause(command_id="c", by="ann", wall_ms=T0, scope=Scope("symbol", ETH)))
    assert failed(made) == ""


def test_entries_wait_for_the_comparison_after_an_outage() -> None:
    made = bench()
    made.step(e.VenueChanged(e.VenueState.DOWN, "no answer", T0))
    made.step(e.VenueChanged(e.VenueState.UP, "answers", T0))
    assert failed(made) == "hold"
    made.step(made.report())
    assert failed(made) == ""


def test_an_open_position_or_an_unresolved_order_takes_the_symbol() -> None:
    made = bench()
    ticket = made.order()
    assert failed(made) == "symbol"
    made.step(e.OrderOutcomeUnknown(ticket.link_id, "timeout", made.now))
    denied = check_entry(made.ws, draft(made))
    assert denied == Denied("symbol", "unresolved order on BTCUSDT (unknown)")
    made.fill(ticket)
    assert failed(made) == "symbol"
    assert failed(made, instrument=instrument(ETH)) == ""


def test_positions_and_pending_and_unknown_orders_are_counted_together() -> None:
    made = bench(max_positions=2)
    made.enter(symbol=ETH)
    assert failed(made) == ""
    made.order(symbol=XRP)
    assert failed(made) == "count"


def test_a_strangers_position_does_not_hide_a_profiles_order_on_its_symbol() -> None:
    made = bench(max_positions=1)
    ticket = made.order(symbol=ETH)
    made.step(made.execution(ticket, link_id="", qty=1))
    assert made.ws.positions[ETH].profile == "external"
    assert failed(made) == "count"


def test_the_accounts_maximum_counts_every_profile() -> None:
    second = profile("beta", max_positions=5)
    made = Bench(account(profile(), second, max_positions=1))
    made.enter(symbol=ETH)
    made.price()
    denied = check_entry(made.ws, draft(made, profile=second))
    assert denied == Denied("count", "1 positions on the account, maximum 1")


def test_a_cooldown_ends_at_its_instant() -> None:
    made = bench(cooldown=Cooldown(length_ms=4 * HOUR_MS))
    made.state.cooldowns[BTC] = made.now + 1
    assert check_entry(made.ws, draft(made)) == Denied("cooldown", "cooldown, 1 min left")
    made.state.cooldowns[BTC] = made.now
    assert failed(made) == ""


@pytest.mark.parametrize(
    ("changes", "check"),
    [
        ({"stop": 9_999, "target": 10_001}, ""),
        ({"stop": 10_000}, "levels"),
        ({"target": 10_000}, "levels"),
        ({"stop": 9_950, "target": 10_050}, ""),
        ({"stop": 9_950, "target": 10_049}, "levels"),
        ({"stop": 9_950, "target": None}, ""),
        ({"stop": None, "target": None}, ""),
        ({"stop": None, "target": 10_001}, ""),
        ({"long": False, "stop": 10_050, "target": 9_950}, ""),
        ({"long": False, "stop": 10_050, "target": 9_951}, "levels"),
        ({"long": False, "stop": 9_950, "target": 9_800}, "levels"),
    ],
)
def test_stop_and_target_lie_on_their_sides_and_pay_their_risk(changes: dict[str, object], check: str) -> None:
    assert failed(bench(), **changes) == check


def test_a_profile_without_a_least_reward_takes_any() -> None:
    assert failed(bench(min_rr_ppm=None), stop=9_950, target=10_001) == ""


def test_the_stop_lies_before_the_liquidation_price_with_a_buffer() -> None:
    assert (liquidation_price(10_000, 10, long=True), liquidation_price(10_000, 10, long=False)) == (9_050, 10_950)
    made = bench(min_rr_ppm=None)
    assert (failed(made, stop=9_101), failed(made, stop=9_100)) == ("", "levels")
    short = {"long": False, "target": 9_000}
    assert (failed(made, stop=10_899, **short), failed(made, stop=10_900, **short)) == ("", "levels")


def test_the_round_trip_may_cost_its_share_of_the_risk_and_no_more() -> None:
    # Both sides: 2 x (0.055 % + 0.01 %) of 1,500 = 1.95; the risk is 0.5 % of it, 7.50: 26 %.
    assert failed(bench(max_cost_share_ppm=260_000)) == ""
    assert failed(bench(max_cost_share_ppm=259_999)) == "cost"
    assert failed(bench(max_cost_share_ppm=1), stop=None, target=None) == ""


def test_quantity_meets_the_exchanges_bounds() -> None:
    made = bench()
    listed = instrument(min_qty=10, max_market_qty=200)
    for qty, check in ((9, "quantity"), (10, ""), (200, ""), (201, "quantity")):
        assert failed(made, instrument=listed, qty=qty) == check
    costly = instrument(min_notional=Decimal("100.01"))
    assert (failed(made, instrument=costly, qty=11), failed(made, instrument=costly, qty=10)) == ("", "quantity")


def test_leverage_stays_within_the_instruments() -> None:
    made = bench()
    assert failed(made, instrument=instrument(max_leverage=Decimal(10))) == ""
    assert failed(made, instrument=instrument(max_leverage=Decimal("9.99"))) == "quantity"


def test_free_margin_covers_initial_margin_and_the_fees_of_both_sides_to_the_unit() -> None:
    made = bench()
    need = to_money(150) + 2 * to_money("0.825")
    made.state.portfolio.wallet = need
    assert failed(made) == ""
    made.state.portfolio.wallet = need - 1
    assert failed(made) == "margin"


def test_what_is_reserved_is_not_free() -> None:
    made = bench()
    ticket = made.order(symbol=ETH)
    made.step(e.OrderOutcomeUnknown(ticket.link_id, "timeout", made.now))
    made.state.portfolio.wallet = to_money(300) + to_money("1.65")
    assert failed(made) == ""
    made.state.portfolio.wallet -= 1
    assert failed(made) == "margin"


def test_open_and_pending_and_new_notional_stay_under_the_cap() -> None:
    made = Bench(account(profile(sizing=Sizing(mode=SizeMode.NOTIONAL, amount=to_money(5_000))), max_exposure=1))
    for symbol in (BTC, ETH, XRP):
        made.price(symbol=symbol)
    made.enter(symbol=ETH)
    equity = made.ws.equity()
    made.state.portfolio.wallet += to_money(10_000) - equity
    made.price()
    assert failed(made, qty=500) == ""
    made.state.portfolio.wallet -= 1
    assert failed(made, qty=500) == "margin"


def test_without_a_mark_a_position_counts_at_its_cost() -> None:
    made = Bench(account(max_exposure=1))
    made.enter(symbol=ETH)
    made.price()
    del made.ws.marks[ETH]
    assert (failed(made, qty=800), failed(made, qty=900)) == ("", "margin")


@pytest.mark.parametrize(("last", "check"), [(10_100, ""), (10_101, "price"), (9_900, ""), (9_899, "price")])
def test_the_last_price_is_near_the_mark(last: int, check: str) -> None:
    made = bench()
    made.price(last, mark=10_000)
    assert failed(made) == check


def test_without_a_price_nothing_is_bought() -> None:
    made = Bench()
    assert check_entry(made.ws, draft(made)) == Denied("price", "no price yet")


@pytest.mark.parametrize(("timeframe", "oldest"), [(MINUTE_MS, 2 * MINUTE_MS), (15 * MINUTE_MS, 10 * MINUTE_MS)])
def test_data_is_fresh_by_bars_and_by_minutes(timeframe: int, oldest: int) -> None:
    made = bench(timeframe=timeframe)
    bar_ms = made.now
    made.time(oldest)
    assert failed(made, bar_ms=bar_ms) == ""
    made.time(1)
    assert failed(made, bar_ms=bar_ms) == "price"
    made.price()
    assert failed(made, bar_ms=bar_ms) == "price"
    assert failed(made) == ""


def test_a_candle_of_ten_average_ranges_is_not_sane() -> None:
    made = bench()
    for high, check in ((109.9, ""), (110.0, "price"), (120.0, "price")):
        made.bar(values={"high": high, "low": 100.0, "atr14": 1.0})
        assert failed(made) == check
    made.bar(values={"high": 200.0, "low": 100.0})
    assert failed(made) == ""
    made.bar(values={"high": 100.0, "low": 100.0, "atr14": 0.0})
    assert failed(made) == ""


def test_turnover_reaches_the_profiles_floor() -> None:
    made = bench(turnover_floor=1_000_000)
    assert failed(made) == "turnover"
    made.step(e.TurnoverReported(BTC, 999_999, made.now))
    assert failed(made) == "turnover"
    made.step(e.TurnoverReported(BTC, 1_000_000, made.now))
    assert failed(made) == ""


def test_only_trading_symbols_that_are_not_leaving_are_bought() -> None:
    made = bench()
    assert failed(made, instrument=instrument(status=Status.PRE_LAUNCH)) == "listed"
    assert failed(made, instrument=instrument(delivery_ms=1)) == "listed"


def test_a_strategy_that_the_shell_blocked_makes_no_entries_until_it_is_well() -> None:
    bench = Bench()
    told_now = told(bench.step(e.StrategyJudged("alpha", "its file was changed", bench.now)), a.SystemAlert)
    assert [alert.critical for alert in told_now] == [True]
    bench.price()
    effects = bench.bar(Enter(True, "go"))
    assert refusal(effects) == "hold"
    assert "its file was changed" in facts(effects, SignalRecorded)[-1].detail
    assert len(told(bench.step(e.StrategyJudged("alpha", "", bench.now)), a.SystemAlert)) == 1
    assert bench.step(e.StrategyJudged("alpha", "", bench.now)) == []
    bench.time(MINUTE_MS)
    bench.price()
    assert refusal(bench.bar(Enter(True, "go"))) == ""
