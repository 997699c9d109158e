"""The compression breakout: each condition at its edge, the stop that is nearest, the exit, missing bitcoin data."""

from dataclasses import replace
from typing import Any

import pytest

from engine.core.events import ProtectionReported
from engine.core.market import MINUTE_MS
from engine.core.money import PPM
from engine.core.strategy import At, Away, Enter, Exit, Held, Multiple, Nearest, Off
from engine.presets import MOMENTUM
from engine.strategies.momentum import BELOW_MEAN, BREAKOUT, Momentum
from tests.support.desk import BTC, T0, Bench, Values, account, placed

S = Momentum()
RANK, UPPER, USUAL, FAST, SLOW, LOWEST, ATR, BTC_MEAN, BTC_CLOSE = S.needs
GOOD: dict[Any, float | None] = {
    RANK: 500.0,
    (RANK, 1): 188.0,
    "close": 110.0,
    UPPER: 109.0,
    "volume": 201.0,
    USUAL: 100.0,
    FAST: 105.0,
    SLOW: 104.0,
    LOWEST: 100.0,
    ATR: 3.0,
    BTC_MEAN: 60_000.0,
    BTC_CLOSE: 60_000.1,
}
HELD = Held(True, T0 - 1)


def decided(held: Held | None = None, strategy: Momentum = S, **changes: float | None) -> Any:
    names = {"rank": (RANK, 1), "upper": UPPER, "usual": USUAL, "fast": FAST, "slow": SLOW, "lowest": LOWEST}
    names |= {"atr": ATR, "btc_mean": BTC_MEAN, "btc": BTC_CLOSE, "adx": "adx14"}
    values = {names.get(name, name): value for name, value in changes.items()}
    return strategy.decide(Values(T0, GOOD | values), held, ())


def test_all_conditions_together_are_an_entry_with_the_nearest_stop() -> None:
    stop = Nearest((At(100.0), Off(6.0), Away(150_000)))
    assert decided() == Enter(True, BREAKOUT, stop=stop, target=None)


@pytest.mark.parametrize(
    "changes",
    [
        {"rank": 189.0},  # 35 % of 540
        {"close": 109.0},
        {"volume": 200.0},
        {"usual": 0.0, "volume": 5.0},
        {"fast": 104.0},
        {"fast": 110.0, "upper": 100.0},
        {"btc": 60_000.0},
    ],
    ids=str,
)
def test_each_condition_at_its_threshold_is_no_entry(changes: dict[str, float | None]) -> None:
    assert decided(**changes) is None


@pytest.mark.parametrize(
    "changes",
    [
        {"rank": 188.0},
        {"close": 109.01},
        {"volume": 200.01},
        {"fast": 104.01},
        {"close": 105.01, "upper": 105.0},
        {"btc": 60_000.1},
    ],
    ids=str,
)
def test_each_condition_one_step_beyond_its_threshold_is_an_entry(changes: dict[str, float | None]) -> None:
    assert isinstance(decided(**changes), Enter)


def bench() -> Bench:
    profile = replace(MOMENTUM, timeframe=MINUTE_MS)
    made = Bench(account(profile, max_mark_gap_ppm=1_000_000), symbols=(BTC,))
    made.trader.workspace.strategies = {"momentum": S}
    return made


@pytest.mark.parametrize(
    ("lowest", "atr", "stop", "qty"),
    [
        # 500 USDT at risk: over 10.00 a coin, 6.00, 6.01 (rounded away from the entry), 16.50 (15 % of 110).
        (100.0, 8.0, 10_000, 500),
        (90.0, 3.0, 10_400, 833),
        (103.995, 8.0, 10_399, 831),
        (80.0, 20.0, 9_350, 303),
        (93.5, 20.0, 9_350, 303),
        (93.49, 20.0, 9_350, 303),
        (93.51, 20.0, 9_351, 303),
    ],
)
def test_the_nearest_stop_is_held_and_a_twentieth_of_equity_at_risk_to_it(
    lowest: float, atr: float, stop: int, qty: int
) -> None:
    desk = bench()
    desk.time(MINUTE_MS)
    desk.price(11_000)
    (ticket,) = placed(desk.bar(close=11_000, values=GOOD | {LOWEST: lowest, ATR: atr}))
    assert (ticket.buy, ticket.stop, ticket.target, ticket.qty) == (True, stop, None, qty)


def test_a_position_leaves_by_market_on_a_close_below_the_mean() -> None:
    desk = bench()
    desk.time(MINUTE_MS)
    desk.price(11_000)
    (ticket,) = placed(desk.bar(close=11_000, values=GOOD))
    desk.fill(ticket)
    desk.step(ProtectionReported(BTC, ticket.stop or 0, 0, desk.now))
    desk.time(MINUTE_MS)
    desk.price(10_499)
    (leaving,) = placed(desk.bar(close=10_499, values=GOOD | {"close": 104.99}))
    assert (leaving.reduce_only, leaving.reason, leaving.qty) == (True, BELOW_MEAN, ticket.qty)


@pytest.mark.parametrize("name", ["rank", "close", "upper", "volume", "usual", "fast", "slow", "lowest", "atr"])
def test_nothing_is_entered_until_everything_is_warm(name: str) -> None:
    assert decided(**{name: None}) is None


@pytest.mark.parametrize("name", ["btc", "btc_mean"])
def test_missing_bitcoin_data_blocks_unless_it_is_allowed(name: str) -> None:
    allowing = Momentum(btc_filter_missing="allow")
    assert decided(**{name: None}) is None
    assert isinstance(decided(strategy=allowing, **{name: None}), Enter)
    assert decided(strategy=allowing, btc=60_000.0) is None


def test_the_floor_of_the_adx_is_off_unless_set() -> None:
    floored = Momentum(adx_floor=25.0)
    assert "adx14" in floored.needs
    assert "adx14" not in S.needs
    assert isinstance(decided(strategy=floored, adx=25.0), Enter)
    assert decided(strategy=floored, adx=24.99) is None
    assert decided(strategy=floored) is None


def test_a_target_in_multiples_of_the_risk_is_optional() -> None:
    assert decided(strategy=Momentum(target_r=3.0)).target == Multiple(3.0)


def test_a_position_ends_on_a_close_below_the_mean_and_not_at_it() -> None:
    assert decided(HELD, close=105.0) is None
    assert decided(HELD, close=104.99) == Exit(BELOW_MEAN)
    assert decided(HELD) is None
    assert decided(HELD, fast=None, close=1.0) is None


def test_the_preset_has_the_numbers_of_the_strategy() -> None:
    assert (MOMENTUM.sizing.ppm, MOMENTUM.max_positions, MOMENTUM.protection.exchange_trail_ppm) == (
        PPM // 20,
        3,
        PPM // 10,
    )
    assert {(limit.name, limit.threshold) for limit in MOMENTUM.limits} == {
        ("daily_equity", -30_000),
        ("weekly_size", -80_000),
        ("peak_drawdown", -200_000),
    }
    assert (S.rules, S.reverses) == ((), False)
