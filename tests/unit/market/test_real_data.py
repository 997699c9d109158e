"""Recorded market data of two exchanges goes through the whole layer: load, resample, indicators, replay."""

from pathlib import Path

import numpy as np
import pytest
import talib

from engine.candle_store import CandleStore
from engine.core.market import HOUR_MS, MINUTE_MS
from engine.datafiles import load_candles
from engine.datafiles_ticks import load_book, load_funding, load_trades
from engine.indicators import compute
from engine.indicators_live import LiveIndicators
from engine.plan import Need
from engine.replay import replay, replay_ticks
from engine.resample import incomplete, resample
from engine.validate import Check

FIVE_MS = 5 * MINUTE_MS
NAMES = ("sma200", "rsi14", "bb20_2.upper", "bb20_2.width", "macd12_26_9.signal", "atr14", "adx14", "ema240")


def test_every_recorded_candle_is_sound_and_without_gaps(market_data: Path) -> None:
    for folder in ("bybit_linear/kline_5m", "binance_usdm/kline_1m", "binance_usdm/kline_1h", "binance_usdm/kline_4h"):
        for loaded in load_candles(market_data / folder):
            assert loaded.columns.gaps() == ()
            assert {problem.check for problem in loaded.report} <= {Check.OUTLIER, Check.ZERO_VOLUME}
            assert loaded.columns.symbol == loaded.files[0].stem


def test_hours_built_from_minutes_are_the_recorded_hours(market_data: Path) -> None:
    (minutes,) = load_candles(market_data / "binance_usdm/kline_1m/BTCUSDT.parquet")
    (hours,) = load_candles(market_data / "binance_usdm/kline_1h/BTCUSDT.parquet")
    built = resample(minutes.columns, timeframe_ms=HOUR_MS)
    span = {"start_ms": int(built.time[0]), "end_ms": int(built.time[-1]) + HOUR_MS}
    recorded = hours.columns.slice(**span)
    assert np.array_equal(built.time, recorded.time) and len(built) > 700
    for name in ("open", "high", "low", "close"):
        assert np.array_equal(getattr(built, name), getattr(recorded, name))
    assert np.allclose(built.volume, recorded.volume, rtol=1e-9)
    assert len(incomplete(minutes.columns, timeframe_ms=HOUR_MS)) == 1


def test_indicators_of_recorded_candles_are_those_of_talib(market_data: Path) -> None:
    (loaded,) = load_candles(market_data / "bybit_linear/kline_5m/BTCUSDT.parquet")
    values = compute(loaded.columns, NAMES)
    high, low, close = loaded.columns.high, loaded.columns.low, loaded.columns.close
    upper, middle, lower = talib.BBANDS(close, 20, 2, 2)
    expected = {
        "sma200": talib.SMA(close, 200),
        "rsi14": talib.RSI(close, 14),
        "bb20_2.upper": upper,
        "bb20_2.width": (upper - lower) / middle,
        "macd12_26_9.signal": talib.MACD(close, 12, 26, 9)[1],
        "atr14": talib.ATR(high, low, close, 14),
        "adx14": talib.ADX(high, low, close, 14),
        "ema240": talib.EMA(close, 240),
    }
    for name in NAMES:
        warm = values[name].warm
        assert np.allclose(values[name].values[warm:], expected[name][warm:], rtol=1e-8, atol=0), name


@pytest.mark.parametrize("symbol", ["BTCUSDT", "ADAUSDT"])
def test_live_values_on_recorded_candles_are_those_of_the_backtest(market_data: Path, symbol: str) -> None:
    (loaded,) = load_candles(market_data / f"bybit_linear/kline_5m/{symbol}.parquet")
    candles = loaded.columns.rows(0, 40_000)
    whole = compute(candles, NAMES)
    store = CandleStore()
    live = LiveIndicators(store)
    live.need(symbol, timeframe_ms=FIVE_MS, names=NAMES)
    rows = Need(symbol, FIVE_MS, NAMES).rows
    for first in range(rows, 40_000, 5_000):
        store.ring(symbol, FIVE_MS).replace(candles.rows(first - rows, first))
        for row in range(first, min(first + 20, 40_000)):
            store.append(candles.bar(row))
            found = live.latest(symbol, timeframe_ms=FIVE_MS)
            assert found is not None
            values = found.values
            for name in NAMES:
                slack = 1e-12 * float(candles.close[row]) if name.startswith("macd") else 0
                expected = pytest.approx(whole.at(name, row), rel=1e-8, abs=slack)
                assert values.at(name, len(values.time) - 1) == expected, (name, row)


def test_recorded_bars_of_five_symbols_replay_in_order(market_data: Path) -> None:
    loaded = load_candles(market_data / "bybit_linear/kline_5m")
    start_ms = int(loaded[0].columns.time[100])
    closes = [bar.close_ms for bar in replay([each.columns for each in loaded], start_ms=start_ms)][:50_000]
    assert closes == sorted(closes) and closes.count(closes[0]) == 5


def test_recorded_ticks_are_read_and_replayed_in_order(market_data: Path) -> None:
    trades = load_trades(market_data / "ticks/binance_usdm_btcusdt_20240719_trades.parquet")
    book = load_book(market_data / "ticks/binance_usdm_btcusdt_20240719_l1.parquet")
    assert trades.symbol == book.symbol == "BTCUSDT"
    times = [event.time_ms for event in replay_ticks([trades, book])]
    assert len(times) == len(trades) + len(book) and times == sorted(times)
    assert 0 < trades.bought.mean() < 1


def test_recorded_funding_is_settled_at_whole_hours(market_data: Path) -> None:
    for path in sorted((market_data / "bybit_linear/funding_8h").glob("*.parquet")):
        funding = load_funding(path)
        assert len(funding) > 900 and not (funding.time % HOUR_MS).any()
