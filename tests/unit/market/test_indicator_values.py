"""Indicator values against TA-Lib called directly and against slow plain definitions."""

import math

import numpy as np
import pytest
import talib

from engine.candles import Columns, columns_of
from engine.indicators import compute, warmup_bars
from engine.indicators_kernels import run
from engine.indicators_names import parse
from engine.validate import RawCandles
from tests.support.series import walk, without
from tests.unit.market import references

CANDLES = walk(1_500, seed=3)
ROWS = (CANDLES.high.tolist(), CANDLES.low.tolist(), CANDLES.close.tolist())
CLOSES, VOLUMES = CANDLES.close.tolist(), CANDLES.volume.tolist()


def talib_values() -> dict[str, np.ndarray]:
    high, low, close = CANDLES.high, CANDLES.low, CANDLES.close
    upper, middle, lower = talib.BBANDS(close, 20, 2, 2)
    macd, signal, hist = talib.MACD(close, 12, 26, 9)
    return {
        "sma50": talib.SMA(close, 50),
        "ema100": talib.EMA(close, 100),
        "rsi14": talib.RSI(close, 14),
        "atr14": talib.ATR(high, low, close, 14),
        "adx14": talib.ADX(high, low, close, 14),
        "lowest10": talib.MIN(low, 10),
        "highest10": talib.MAX(high, 10),
        "bb20_2.upper": upper,
        "bb20_2.middle": middle,
        "bb20_2.lower": lower,
        "bb20_2.width": (upper - lower) / middle,
        "macd12_26_9.macd": macd,
        "macd12_26_9.signal": signal,
        "macd12_26_9.hist": hist,
    }


def textbook_values() -> dict[str, list[float | None]]:
    upper, lower = references.bollinger(CLOSES, 20, 2)
    macd, signal = references.macd(CLOSES, 12, 26, 9)
    return {
        "sma50": references.sma(CLOSES, 50),
        "ema100": references.ema(CLOSES, 100),
        "rsi14": references.rsi(CLOSES, 14),
        "atr14": references.atr(*ROWS, 14),
        "adx14": references.adx(*ROWS, 14),
        "lowest10": references.extreme(ROWS[1], 10, min),
        "highest10": references.extreme(ROWS[0], 10, max),
        "meanprev60": references.mean_of_previous(CLOSES, 60),
        "volmeanprev20": references.mean_of_previous(VOLUMES, 20),
        "bb20_2.upper": upper,
        "bb20_2.lower": lower,
        "macd12_26_9.macd": macd,
        "macd12_26_9.signal": signal,
    }


@pytest.mark.parametrize("name", talib_values())
def test_warm_values_are_those_of_talib(name: str) -> None:
    indicator = compute(CANDLES, [name])[name]
    expected = talib_values()[name]
    assert np.allclose(indicator.values[indicator.warm :], expected[indicator.warm :], rtol=1e-8, atol=0)


@pytest.mark.parametrize("name", textbook_values())
def test_every_value_follows_its_textbook_definition(name: str) -> None:
    spec = parse(name)
    values = run(spec, CANDLES)[spec.output].tolist()
    for row, expected in enumerate(textbook_values()[name]):
        if expected is None:
            assert math.isnan(values[row])
        else:
            # A difference of averages near zero keeps the rounding of the averages: 1e-12 of the price.
            assert values[row] == pytest.approx(expected, rel=1e-8, abs=1e-12 * CLOSES[row])


def test_width_is_the_distance_of_the_bands_over_the_middle() -> None:
    values = compute(CANDLES, ["bb20_2.upper", "bb20_2.lower", "bb20_2.middle", "bb20_2.width"])
    upper, lower, middle = (values.at(f"bb20_2.{part}", 700) for part in ("upper", "lower", "middle"))
    assert upper is not None and lower is not None and middle is not None
    assert values.at("bb20_2.width", 700) == pytest.approx((upper - lower) / middle, rel=1e-12)


def test_candle_columns_go_by_their_names() -> None:
    values = compute(CANDLES, ["close", "volume"])
    assert values.at("close", 5) == CLOSES[5]
    assert values["volume"].warm == 0


@pytest.mark.parametrize("name", ["sma50", "ema100", "rsi14", "adx14", "macd12_26_9.hist", "meanprev60", "lowest10"])
def test_a_value_is_absent_until_it_is_warm_and_present_after(name: str) -> None:
    bars = warmup_bars([name])
    indicator = compute(CANDLES, [name])[name]
    assert indicator.warm == bars - 1
    assert all(indicator.at(row) is None for row in range(bars - 1))
    assert all(indicator.at(row) is not None for row in range(bars - 1, len(CANDLES)))


def test_too_little_history_gives_no_value_at_all() -> None:
    values = compute(CANDLES.rows(0, 49), ["sma50", "sma49"])
    assert values["sma50"].warm == 49
    assert values.at("sma50", 48) is None
    assert values.at("sma49", 48) is not None
    assert len(compute(CANDLES.rows(0, 0), ["sma50"])["sma50"].values) == 0


def test_after_a_gap_a_value_is_absent_until_warm_again() -> None:
    broken = without(CANDLES, 600)
    sma = compute(broken, ["sma50"])["sma50"]
    assert sma.at(599) is not None
    assert all(sma.at(row) is None for row in range(600, 649))
    assert sma.at(649) == pytest.approx(float(np.mean(broken.close[600:650])), rel=1e-12)


def test_a_market_without_a_move_has_no_rsi() -> None:
    bar = CANDLES.bar(0)
    still = columns_of(
        [bar._replace(time_ms=bar.time_ms + 60_000 * row, open=5.0, high=5.0, low=5.0, close=5.0) for row in range(500)]
    )
    values = compute(still, ["rsi14", "bb20_2.upper", "bb20_2.lower"])
    assert values.at("rsi14", 499) is None
    assert values.at("bb20_2.upper", 499) == pytest.approx(5.0)


def test_a_market_that_only_falls_is_oversold() -> None:
    falling = walk(500, seed=1)
    close = 100 * 0.999 ** np.arange(500)
    raw = RawCandles(falling.time, close, close, close, close, falling.volume)
    columns = Columns.from_raw(raw, symbol="BTCUSDT", timeframe_ms=60_000)
    assert compute(columns, ["rsi14"]).at("rsi14", 499) == 0


@pytest.mark.parametrize("price", [1e-6, 1e-3, 1e5])
def test_the_size_of_the_price_does_not_matter(price: float) -> None:
    names = ["rsi14", "adx14", "bb20_2.width"]
    usual, other = compute(walk(900, price=100.0), names), compute(walk(900, price=price), names)
    for name in names:
        assert other.at(name, 899) == pytest.approx(usual.at(name, 899), rel=1e-8)


def test_a_value_that_is_not_a_number_never_reaches_talib() -> None:
    close = CANDLES.close.copy()
    close[700] = np.nan
    raw = RawCandles(CANDLES.time, CANDLES.open, CANDLES.high, CANDLES.low, close, CANDLES.volume)
    unproven = Columns.proven(raw, symbol="BTCUSDT", timeframe_ms=60_000)
    with pytest.raises(ValueError, match="close holds a value that is not finite"):
        compute(unproven, ["sma50"])
