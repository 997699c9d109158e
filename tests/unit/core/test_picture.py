"""The snapshot says what the books say, in exact decimals, and changes nothing."""

from dataclasses import dataclass
from decimal import Decimal

from engine.core import events as e
from engine.core.alerts import SystemAlert
from engine.core.commands import Pause, Scope, SwitchProfile, SwitchRule
from engine.core.feed_events import Contradicted, Warming
from engine.core.market import HOUR_MS, MINUTE_MS
from engine.core.money import to_money
from engine.core.picture import held_back, size_words, snapshot
from engine.core.profile import Action, Anchor, Cooldown, LimitSpec, Measure, Protection, SizeMode, Sizing
from engine.core.profile_words import parameters_of, protection_words
from engine.core.strategy import At
from engine.strategies.rules8 import Rules8
from tests.support.desk import BTC, DAY, ETH, T0, XRP, Bench, account, durable, profile, told


@dataclass(frozen=True, slots=True)
class Example:
    """Parameters of two kinds."""

    on: bool
    share: float


def limit() -> LimitSpec:
    return LimitSpec(
        name="daily_equity",
        measure=Measure.DAILY_EQUITY,
        threshold=-50_000,
        action=Action.NO_ENTRIES,
        floor=-500_000,
        ceiling=-1_000,
    )


def total() -> LimitSpec:
    return LimitSpec(
        name="total_loss",
        measure=Measure.TOTAL_LOSS,
        threshold=to_money(-10),
        action=Action.EMERGENCY,
        profile="alpha",
        floor=to_money(-100),
        ceiling=-1,
    )


def desk() -> Bench:
    """A long of 1,500 USDT bought at 100.00 and marked at 100.20."""
    bench = Bench(account(profile(limits=(total(),), cooldown=Cooldown(length_ms=4 * HOUR_MS)), limits=[limit()]))
    bench.enter()
    bench.time(1_000)
    bench.step(e.PriceMoved(BTC, 10_021, 10_020, bench.now))
    return bench


def test_an_empty_desk_has_a_picture_too() -> None:
    seen = snapshot(Bench(wallet=None, symbols=()).ws)
    assert (seen.state, seen.wallet, seen.today_percent, seen.if_all_stop, seen.feed_age_ms) == (
        "running",
        0,
        0,
        None,
        None,
    )


def test_the_account_adds_up() -> None:
    bench = desk()
    seen = snapshot(bench.ws, version=7)
    assert seen.wallet == Decimal("9999.175")
    assert (seen.unrealised, seen.equity) == (Decimal(3), Decimal("10002.175"))
    assert (seen.initial, seen.day_start_equity, seen.today) == (Decimal(10_000), Decimal(10_000), Decimal("2.175"))
    assert seen.today_percent == Decimal("0.02175")
    assert (seen.margin_used, seen.exposure, seen.today_realised) == (150, 1_503, Decimal("-0.825"))
    assert (seen.version, seen.venue, seen.store_ok, seen.feed_age_ms) == (7, "up", True, 0)


def test_a_position_shows_what_it_is_worth_and_what_it_risks() -> None:
    view = snapshot(desk().ws).positions[0]
    assert (view.quantity, view.entry, view.mark, view.last) == (15, 100, Decimal("100.20"), Decimal("100.21"))
    assert (view.notional, view.margin, view.unrealised, view.unrealised_percent) == (1_503, 150, 3, Decimal("0.2"))
    assert view.r_now == Decimal(3) / Decimal("7.5")
    assert (view.stop, view.target, view.stop_on_exchange) == (Decimal("99.50"), 102, True)
    assert view.if_stopped == Decimal("-7.5") - Decimal("0.825") - Decimal("0.820875")
    assert (view.liquidation, view.external, view.closing) == (Decimal("90.50"), False, False)


def test_the_worst_case_is_known_only_when_every_position_has_a_stop() -> None:
    bench = desk()
    seen = snapshot(bench.ws)
    assert seen.if_all_stop == seen.positions[0].if_stopped
    bench.step(bench.execution(bench.order(symbol=XRP), link_id="", symbol=ETH))
    seen = snapshot(bench.ws)
    external = seen.positions[1]
    assert seen.if_all_stop is None
    assert (external.external, external.r_now, external.stop, external.liquidation) == (True, None, None, None)


def test_without_a_price_a_position_is_shown_at_its_average() -> None:
    bench = desk()
    bench.restart()
    view = snapshot(bench.ws).positions[0]
    assert (view.mark, view.last, view.unrealised) == (100, 100, 0)


def test_working_orders_are_shown() -> None:
    bench = desk()
    ticket = bench.order(symbol=ETH)
    bench.fill(ticket, qty=50)
    view = snapshot(bench.ws).orders[0]
    assert (view.link_id, view.quantity, view.filled, view.status) == (ticket.link_id, 15, 5, "partially_filled")
    assert (view.purpose, view.symbol, view.buy, view.reason) == ("entry", ETH, True, "go")


def test_limits_show_their_value_and_how_much_of_them_is_used() -> None:
    bench = desk()
    bench.price(9_940)
    by_key = {view.key: view for view in snapshot(bench.ws).limits}
    daily, money = by_key["daily_equity"], by_key["alpha.total_loss"]
    assert (daily.value, daily.threshold, daily.in_money) == (Decimal("-0.0982"), -5, False)
    assert daily.used == Decimal("0.01964")
    assert (money.value, money.used) == (Decimal("-9.825"), Decimal("0.9825"))
    assert (money.loosest, money.tightest, money.state) == (-100, Decimal("-0.00000001"), "")


def test_a_limit_in_profit_uses_nothing_and_one_without_reference_has_no_value() -> None:
    bench = desk()
    assert snapshot(bench.ws).limits[0].used == 0
    bench.state.references.clear()
    assert (snapshot(bench.ws).limits[0].value, snapshot(bench.ws).limits[0].used) == (None, 0)


def test_the_state_is_the_strictest_account_hold_and_its_reasons_come_first() -> None:
    bench = desk()
    bench.ask(Pause(command_id="a", by="ann", wall_ms=T0, scope=Scope("symbol", ETH)))
    assert snapshot(bench.ws).state == "running"
    bench.ask(Pause(command_id="b", by="ann", wall_ms=T0))
    assert (snapshot(bench.ws).state, snapshot(bench.ws).reasons) == ("paused", ("paused by ann",))
    bench.step(e.Executed("adl", "", "", BTC, False, 10_000, 1, 0, e.ExecKind.ADL, bench.now))
    assert snapshot(bench.ws).state == "reduce only"
    assert snapshot(bench.ws).reasons == ("adl on BTCUSDT", "paused by ann")


def test_todays_result_is_not_yesterdays() -> None:
    bench = desk()
    bench.time(DAY)
    seen = snapshot(bench.ws)
    assert (seen.today_realised, seen.profiles[0].today_net) == (0, 0)


def test_a_profile_shows_how_it_trades() -> None:
    bench = desk()
    bench.ask(SwitchRule(command_id="a", by="ann", wall_ms=T0, profile="alpha", rule="2", on=False))
    bench.ask(SwitchProfile(command_id="b", by="ann", wall_ms=T0, profile="alpha", on=False))
    view = snapshot(bench.ws).profiles[0]
    assert (view.rules, view.enabled, view.timeframe) == ((("1", True), ("2", False)), False, "1m")
    assert (view.open_positions, view.unrealised, view.today_net) == (1, 3, Decimal("-0.825"))
    assert (view.size, view.stop, view.target) == ("1500 USDT notional", "0.5 %", "2 %")


def test_sizes_and_levels_are_put_in_words() -> None:
    words = {
        SizeMode.QUANTITY: "150 coins",
        SizeMode.NOTIONAL: "150 USDT notional",
        SizeMode.MARGIN: "150 USDT margin",
        SizeMode.EQUITY_MARGIN: "7 % of equity as margin",
        SizeMode.EQUITY_RISK: "7 % of equity at risk",
    }
    for mode, text in words.items():
        assert size_words(profile(sizing=Sizing(mode=mode, amount=to_money(150), ppm=70_000))) == text
    view = snapshot(Bench(account(profile(stop=None, target=At(12.5)))).ws).profiles[0]
    assert (view.stop, view.target) == ("by the strategy", "at 12.5")


def test_a_symbol_says_everything_that_holds_an_entry_back() -> None:
    bench = desk()
    assert held_back(bench.ws, XRP) == ("no price yet",)
    bench.order(symbol=ETH)
    assert held_back(bench.ws, ETH) == ("an order is created",)
    bench.ask(Pause(command_id="a", by="ann", wall_ms=T0, scope=Scope("symbol", BTC)))
    bench.step(e.DataTroubled(BTC, "gap", T0))
    reasons = held_back(bench.ws, BTC)
    assert reasons == ("paused by ann", "a position of alpha is open", "cooldown", "data: gap")
    views = {view.symbol: view for view in snapshot(bench.ws).symbols}
    assert (views[BTC].held_back, views[BTC].last) == (reasons, Decimal("100.21"))
    assert views[BTC].cooldown_until_ms == bench.state.cooldowns[BTC]
    assert (views[XRP].last, views[XRP].mark, views[XRP].age_ms, views[XRP].cooldown_until_ms) == (None,) * 4
    bench.price(symbol=XRP)
    assert held_back(bench.ws, XRP) == ()


def test_looking_changes_nothing() -> None:
    bench = desk()
    before = durable(bench.state)
    snapshot(bench.ws)
    assert durable(bench.state) == before


def test_a_profile_says_its_parameters_and_what_protects_its_positions() -> None:
    rules = Protection(
        breakeven_profit=to_money(8),
        trail_from_ppm=200_000,
        trail_by_ppm=100_000,
        losing_after_ms=8 * HOUR_MS,
        max_age_ms=72 * HOUR_MS,
    )
    grid = profile(protection=rules, cooldown=Cooldown(length_ms=4 * HOUR_MS, anchor=Anchor.GRID))
    assert protection_words(grid) == (
        "Breakeven at +8 USDT",
        "Trail from +20 %, 10 % behind the best price",
        "Losing after 8 h: closed",
        "Closed after 72 h",
        "Cooldown to the next 4h UTC",
    )
    share = Protection(breakeven_ppm=80_000)
    rolling = profile(protection=share, cooldown=Cooldown(length_ms=90 * 60_000, anchor=Anchor.ROLLING))
    assert protection_words(rolling) == ("Breakeven at +8 %", "Cooldown 1.5 h after a close")
    assert protection_words(profile()) == ()
    assert dict(parameters_of(Rules8()))["cross_window"] == "3"
    assert dict(parameters_of(Example(on=True, share=0.5))) == {"on": "on", "share": "0.5"}
    assert parameters_of(object()) == ()


def test_candles_that_are_too_few_are_told_once_and_stand_beside_profile_and_symbol_until_there_are_enough() -> None:
    bench = Bench(account(profile(symbols=(BTC, ETH, XRP))))
    words = "1m candles warming up until 2024-01-03 10:00 UTC"
    (alert,) = told(bench.step(Warming(BTC, MINUTE_MS, T0 + 60 * MINUTE_MS)), SystemAlert)
    assert (alert.title, alert.detail.split(". ")[0]) == (f"{BTC} has too few candles yet", f"{BTC}: {words}")
    assert bench.step(Warming(BTC, MINUTE_MS, T0 + 60 * MINUTE_MS)) == []
    assert words in held_back(bench.ws, BTC)
    assert words not in held_back(bench.ws, ETH)
    assert snapshot(bench.ws).profiles[0].warming == f"{BTC}: {words}"
    bench.step(Warming(XRP, MINUTE_MS, T0 + 30 * MINUTE_MS))
    assert snapshot(bench.ws).profiles[0].warming == f"{BTC} and 1 more: {words}"
    bench.step(Warming(BTC, MINUTE_MS, 0))
    bench.step(Warming(XRP, MINUTE_MS, 0))
    bench.step(Warming(ETH, 5 * MINUTE_MS, T0))
    assert snapshot(bench.ws).profiles[0].warming == ""
    assert held_back(bench.ws, BTC) == ("no price yet",)


def test_settings_that_do_not_go_together_are_told_and_kept_beside_their_profile() -> None:
    bench = Bench(account(profile(), profile("beta")))
    (alert,) = told(bench.step(Contradicted("beta", ("A is wrong.", "B too."))), SystemAlert)
    assert (alert.title, alert.detail) == ("Settings of beta that do not go together", "A is wrong. B too.")
    assert [view.contradicted for view in snapshot(bench.ws).profiles] == [(), ("A is wrong.", "B too.")]


def test_what_is_held_since_before_the_start_is_no_price_and_a_minute_without_one_is_told() -> None:
    bench = desk()
    bench.restart()
    seen = [told(bench.time(ms), SystemAlert) for ms in (0, 59_999, 1, 60_000)]
    assert [[alert.title for alert in alerts] for alerts in seen] == [[], [], [f"No price of {BTC} for a minute"], []]
    assert snapshot(bench.ws).feed_age_ms is None
    bench.step(e.PriceMoved(BTC, 10_021, 10_020, bench.now))
    assert snapshot(bench.ws).feed_age_ms == 0
