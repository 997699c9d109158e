"""The numbers of the presets, as the specification of each system states them."""

from engine.core.market import HOUR_MS, MINUTE_MS
from engine.core.money import to_money
from engine.core.profile import Action, Anchor, Measure, Profile, SizeMode
from engine.core.profile_words import protection_words
from engine.core.strategy import Away
from engine.presets import CFT, DEFAULT, LX, MA_CROSS, MANUAL, MOMENTUM, ORDERFLOW, PROFILES, SHORTSELLER


def limits(profile: Profile) -> set[tuple[Measure, int, Action]]:
    return {(spec.measure, spec.threshold, spec.action) for spec in profile.limits}


def test_cft_is_rules8_with_tight_levels_on_sixteen_majors() -> None:
    assert (CFT.strategy, CFT.timeframe, CFT.leverage, CFT.max_positions) == ("rules8", 15 * MINUTE_MS, 10, 30)
    assert (CFT.sizing.mode, CFT.sizing.amount) == (SizeMode.MARGIN, to_money(150))
    assert (CFT.stop, CFT.target) == (Away(5_000), Away(20_000))
    rules = CFT.protection
    assert (rules.breakeven_ppm, rules.breakeven_profit, rules.breakeven_buffer_ppm) == (None, to_money(8), 200)
    assert (rules.trail_from_ppm, rules.trail_by_ppm, rules.exchange_trail_ppm) == (None, None, None)
    assert (rules.losing_after_ms, rules.max_age_ms) == (8 * HOUR_MS, None)
    assert (CFT.cooldown.length_ms, CFT.cooldown.anchor) == (4 * HOUR_MS, Anchor.GRID)
    names = "BTC ETH SOL ADA DOGE XRP DOT POL AVAX LINK UNI ATOM LTC ETC ALGO VET"
    assert CFT.symbols == tuple(f"{name}USDT" for name in names.split())
    assert (CFT.turnover_floor, CFT.largest) == (0, 0)


def test_ma_cross_stakes_half_a_dollar_and_stops_for_good_at_ten() -> None:
    assert (MA_CROSS.timeframe, MA_CROSS.leverage, MA_CROSS.symbols) == (MINUTE_MS, 10, ("XRPUSDT",))
    assert (MA_CROSS.sizing.mode, MA_CROSS.sizing.amount) == (SizeMode.MARGIN, to_money("0.5"))
    assert (MA_CROSS.stop, MA_CROSS.target, MA_CROSS.turnover_floor) == (Away(20_000), Away(40_000), 1_000_000)
    assert limits(MA_CROSS) == {
        (Measure.DAILY_LOSS, -to_money(5), Action.CLOSE),
        (Measure.TOTAL_LOSS, -to_money(10), Action.EMERGENCY),
    }


def test_momentum_trades_four_hour_candles_and_shortseller_rests_after_a_quick_exit() -> None:
    assert (MOMENTUM.timeframe, MOMENTUM.sizing.mode) == (4 * HOUR_MS, SizeMode.EQUITY_RISK)
    assert (MOMENTUM.stop, MOMENTUM.target) == (None, None)
    rest = SHORTSELLER.cooldown
    assert (rest.length_ms, rest.quick_within_ms, rest.quick_rest_ms) == (0, HOUR_MS, HOUR_MS)


def test_lx_is_rules8_with_wide_levels_and_a_trail() -> None:
    assert (LX.strategy, LX.timeframe, LX.leverage, LX.max_positions) == (CFT.strategy, 15 * MINUTE_MS, 5, 20)
    assert (LX.sizing.mode, LX.sizing.amount) == (SizeMode.NOTIONAL, to_money(200))
    assert (LX.stop, LX.target) == (Away(80_000), Away(300_000))
    rules = LX.protection
    assert (rules.breakeven_ppm, rules.breakeven_profit, rules.breakeven_buffer_ppm) == (80_000, None, 200)
    assert (rules.trail_from_ppm, rules.trail_by_ppm) == (200_000, 100_000)
    assert (rules.losing_after_ms, rules.max_age_ms) == (8 * HOUR_MS, 72 * HOUR_MS)
    assert (LX.cooldown.length_ms, LX.cooldown.anchor) == (4 * HOUR_MS, Anchor.GRID)
    assert (LX.turnover_floor, LX.largest) == (20_000_000, 40)
    assert limits(LX) == {
        (Measure.DAILY_EQUITY, -20_000, Action.CLOSE),
        (Measure.WEEKLY_EQUITY, -40_000, Action.HALVE_SIZE),
        (Measure.WEEKLY_EQUITY, -60_000, Action.HALT),
    }


def test_orderflow_risks_two_percent_and_compares_its_costs() -> None:
    assert (ORDERFLOW.sizing.mode, ORDERFLOW.sizing.ppm, ORDERFLOW.sizing.cap) == (SizeMode.EQUITY_RISK, 20_000, 10)
    assert (ORDERFLOW.max_positions, ORDERFLOW.leverage, ORDERFLOW.timeframe) == (3, 10, MINUTE_MS)
    assert (ORDERFLOW.max_cost_share_ppm, ORDERFLOW.cost_slippage_ppm) == (300_000, 200)
    assert ORDERFLOW.protection.max_age_ms == 24 * HOUR_MS
    assert limits(ORDERFLOW) == {
        (Measure.DAILY_EQUITY, -60_000, Action.NO_ENTRIES),
        (Measure.PEAK_EQUITY, -500_000, Action.HALT),
    }


def test_shortseller_stakes_seven_percent_as_margin_between_its_levels() -> None:
    assert (SHORTSELLER.sizing.mode, SHORTSELLER.sizing.ppm) == (SizeMode.EQUITY_MARGIN, 70_000)
    assert (SHORTSELLER.stop, SHORTSELLER.target) == (Away(15_000), Away(60_000))
    assert SHORTSELLER.symbols == ("BTCUSDT", "ETHUSDT", "SOLUSDT")
    assert SHORTSELLER.timeframe == 5 * MINUTE_MS


def test_manual_trades_a_hundred_between_two_and_four_percent() -> None:
    assert (MANUAL.sizing.mode, MANUAL.sizing.amount) == (SizeMode.NOTIONAL, to_money(100))
    assert (MANUAL.stop, MANUAL.target, MANUAL.leverage) == (Away(20_000), Away(40_000), 5)


def test_rests_and_exchange_stops_are_put_into_words() -> None:
    assert protection_words(SHORTSELLER) == ("Rests 1 h after an exit within 1 h of the entry",)
    assert protection_words(MOMENTUM) == ("Trailing stop on the exchange, 10 % behind",)


def test_codes_are_unique_and_the_default_profiles_ship() -> None:
    assert len({profile.code for profile in PROFILES.values()}) == len(PROFILES)
    assert all(PROFILES[profile.name] is profile for profile in DEFAULT)
