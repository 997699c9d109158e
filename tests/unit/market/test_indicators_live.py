"""Live indicator values: equal to those of the whole history, computed once for each bar."""

import pytest

from engine.candle_store import CandleStore
from engine.candles import Columns
from engine.core.market import MINUTE_MS
from engine.core.strategy import LOOK_BACK
from engine.indicators import IndicatorColumns, compute
from engine.indicators_live import LiveIndicators
from tests.support.series import walk

NAMES = (
    "sma50", "sma200", "ema60", "rsi14", "atr14", "adx14", "bb20_2.upper", "bb20_2.lower", "bb20_2.width",
    "macd12_26_9.macd", "macd12_26_9.signal", "macd12_26_9.hist", "meanprev60", "lowest10", "volmeanprev20",
)  # fmt: skip


def live(candles: Columns, names: tuple[str, ...]) -> tuple[CandleStore, LiveIndicators]:
    store = CandleStore()
    indicators = LiveIndicators(store)
    indicators.need("BTCUSDT", timeframe_ms=MINUTE_MS, names=names)
    store.ring("BTCUSDT", MINUTE_MS).replace(candles)
    return store, indicators


def latest(indicators: LiveIndicators) -> IndicatorColumns:
    found = indicators.latest("BTCUSDT", timeframe_ms=MINUTE_MS)
    assert found is not None
    return found.values


def test_live_values_are_those_of_the_backtest() -> None:
    history = walk(6_000, seed=8)
    whole = compute(history, NAMES)
    store, indicators = live(history.rows(0, 5_000), NAMES)
    for row in range(5_000, 6_000):
        store.append(history.bar(row))
        values = latest(indicators)
        last = len(values.time) - 1
        for name in NAMES:
            # A MACD near zero keeps the rounding of the averages it is the difference of.
            slack = 1e-12 * float(history.close[row]) if name.startswith("macd") else 0.0
            assert values.at(name, last) == pytest.approx(whole.at(name, row), rel=1e-8, abs=slack), name


def test_one_bar_is_computed_once_for_everybody() -> None:
    history = walk(500)
    store, indicators = live(history.rows(0, 400), ("sma50",))
    first = latest(indicators)
    assert latest(indicators) is first
    store.append(history.bar(400))
    assert latest(indicators) is not first


def test_a_new_history_is_computed_anew_even_when_it_ends_at_the_same_bar() -> None:
    store, indicators = live(walk(60, seed=1), ("sma50",))
    before = latest(indicators).at("sma50", 59)
    store.ring("BTCUSDT", MINUTE_MS).replace(walk(60, seed=2))
    assert latest(indicators).at("sma50", 59) != before


def test_needs_of_several_profiles_add_up() -> None:
    store, indicators = live(walk(300), ("sma50",))
    indicators.need("BTCUSDT", timeframe_ms=MINUTE_MS, names=["sma200", "sma50"])
    assert set(latest(indicators)) == {"sma50", "sma200"}
    assert store.ring("BTCUSDT", MINUTE_MS).capacity == 2 * 200 + LOOK_BACK
    assert len(store.ring("BTCUSDT", MINUTE_MS)) == 2 * 50 + LOOK_BACK


def test_a_long_history_costs_no_more_than_the_values_need() -> None:
    history = walk(9_000)
    store, indicators = live(history.rows(0, 60), ("sma50",))
    store.open("BTCUSDT", timeframe_ms=MINUTE_MS, capacity=9_000).replace(history)
    found = indicators.latest("BTCUSDT", timeframe_ms=MINUTE_MS)
    assert found is not None
    assert len(found.candles) == len(found.values.time) == 2 * 50 + LOOK_BACK
    assert found.candles.time[-1] == found.values.time[-1] == history.time[-1]


def test_what_is_counted_since_midnight_is_known_all_day() -> None:
    history = walk(3 * 1_440)
    whole = compute(history, ["emacrosses5_9"])
    store, indicators = live(history.rows(0, 1_500), ("emacrosses5_9",))
    for row in range(1_500, 3 * 1_440):
        store.append(history.bar(row))
        values = latest(indicators)
        assert values.at("emacrosses5_9", len(values.time) - 1) == whole.at("emacrosses5_9", row), row


def test_without_a_bar_there_is_no_value() -> None:
    indicators = LiveIndicators(CandleStore())
    indicators.need("BTCUSDT", timeframe_ms=MINUTE_MS, names=["sma50"])
    assert indicators.latest("BTCUSDT", timeframe_ms=MINUTE_MS) is None


def test_a_symbol_nobody_needs_is_an_error() -> None:
    with pytest.raises(KeyError, match="no candles are kept for ETHUSDT 1m"):
        LiveIndicators(CandleStore()).latest("ETHUSDT", timeframe_ms=MINUTE_MS)
