"""The numbers of the presets, as the specification of each system states them."""

import pytest

from engine.core.market import HOUR_MS, MINUTE_MS
from engine.core.money import to_money
from engine.core.profile import Action, Anchor, ApprovalMode, LimitSpec, Measure, Profile, SizeMode
from engine.core.profile_words import protection_words
from engine.core.strategy import Away
from engine.presets import (
    ACCOUNT_LIMITS,
    CFT,
    DEFAULT,
    LX,
    MA_CROSS,
    MANUAL,
    MOMENTUM,
    ORDERFLOW,
    PROFILES,
    PROP_LIMITS,
    SHORTSELLER,
    account,
)


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


EMERGENCY = (Action.EMERGENCY, ApprovalMode.ASK, 30_000)
HALT = (Action.HALT, ApprovalMode.AUTO, 30_000)
TABLE = {
    "cft": {
        "unrealised": (Measure.UNREALISED, -50_000, *EMERGENCY),
        "daily_balance": (Measure.DAILY_BALANCE, -50_000, *EMERGENCY),
        "daily_equity": (Measure.DAILY_EQUITY, -50_000, *EMERGENCY),
    },
    "lx": {
        "daily_equity": (Measure.DAILY_EQUITY, -20_000, Action.CLOSE, *HALT[1:]),
        "weekly_size": (Measure.WEEKLY_EQUITY, -40_000, Action.HALVE_SIZE, *HALT[1:]),
        "weekly_equity": (Measure.WEEKLY_EQUITY, -60_000, *HALT),
    },
    "momentum": {
        "daily_equity": (Measure.DAILY_EQUITY, -30_000, Action.NO_ENTRIES, *HALT[1:]),
        "weekly_size": (Measure.WEEKLY_EQUITY, -80_000, Action.HALVE_SIZE, *HALT[1:]),
        "peak_drawdown": (Measure.PEAK_EQUITY, -200_000, Action.ALERT, *HALT[1:]),
    },
    "orderflow": {
        "daily_equity": (Measure.DAILY_EQUITY, -60_000, Action.NO_ENTRIES, *HALT[1:]),
        "peak_drawdown": (Measure.PEAK_EQUITY, -500_000, *HALT),
    },
    "ma_cross": {
        "daily_loss": (Measure.DAILY_LOSS, to_money(-5), Action.CLOSE, *HALT[1:]),
        "total_loss": (Measure.TOTAL_LOSS, to_money(-10), *EMERGENCY),
    },
    "shortseller": {},
    "manual": {},
}


def table(specs: tuple[LimitSpec, ...]) -> dict[str, tuple[object, ...]]:
    return {x.name: (x.measure, x.threshold, x.action, x.approval, x.approval_ms) for x in specs}


def test_the_limits_of_every_profile_are_those_of_the_table_and_warn_at_eighty_percent() -> None:
    assert {name: table(each.limits) for name, each in PROFILES.items()} == TABLE
    assert {spec.warn_ppm for each in PROFILES.values() for spec in each.limits} == {800_000}
    assert {spec.profile for each in PROFILES.values() for spec in each.limits} == {k for k, v in TABLE.items() if v}


@pytest.mark.parametrize(
    ("specs", "day", "week", "peak", "guard"),
    [(ACCOUNT_LIMITS, -100_000, -150_000, -250_000, -150_000), (PROP_LIMITS, -40_000, -80_000, -100_000, -60_000)],
)
def test_the_limits_of_an_account_warn_at_sixty_percent(
    specs: tuple[LimitSpec, ...], day: int, week: int, peak: int, guard: int
) -> None:
    assert table(specs) == {
        "daily_equity": (Measure.DAILY_EQUITY, day, *EMERGENCY),
        "weekly_equity": (Measure.WEEKLY_EQUITY, week, *HALT),
        "peak_drawdown": (Measure.PEAK_EQUITY, peak, *HALT),
        "guard_loss": (Measure.GUARD_LOSS, guard, *HALT),
    }
    assert {spec.warn_ppm for spec in specs} == {600_000}


def test_leverage_costs_and_checks_begin_at_the_numbers_they_should() -> None:
    leverage = {name: each.leverage for name, each in PROFILES.items()}
    assert leverage == {
        "cft": 10,
        "orderflow": 10,
        "ma_cross": 10,
        "shortseller": 10,
        "lx": 5,
        "momentum": 5,
        "manual": 5,
    }
    usual = account()
    assert (usual.taker_e8, usual.maker_e8, usual.slippage_ppm) == (55_000, 20_000, 100)
    assert (usual.max_mark_gap_ppm, usual.max_range_atr, usual.max_age_ms) == (10_000, 10, 600_000)
    assert (usual.entry_ttl_ms, usual.hand_cooldown_ms) == (10_000, 4 * HOUR_MS)
    assert {name: each.min_rr_ppm for name, each in PROFILES.items() if each.min_rr_ppm != 1_000_000} == {
        "momentum": None
    }
    assert {name: each.max_cost_share_ppm for name, each in PROFILES.items() if each.max_cost_share_ppm} == {
        "orderflow": 300_000
    }
    assert {each.allocation_ppm for each in PROFILES.values()} == {1_000_000}


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
