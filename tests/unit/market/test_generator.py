"""The demo market: credible, lively, on the exchange's grids."""

import numpy as np
import pytest

from engine.core.market import DAY_MS, HOUR_MS, MINUTE_MS
from engine.generator import FUNDING_MS, Market
from engine.generator_days import REGIMES
from engine.indicators import compute
from engine.resample import resample
from engine.universe import SYMBOLS, UNIVERSE

START_MS = 20_600 * DAY_MS
MARKET = Market(seed=7)


def days(symbol: str, count: int) -> tuple[np.ndarray, ...]:
    columns = MARKET.candles(symbol, start_ms=START_MS, end_ms=START_MS + count * DAY_MS)
    return columns.raw().columns()


@pytest.mark.parametrize("symbol", SYMBOLS)
def test_prices_and_volumes_lie_on_the_grids_of_the_instrument(symbol: str) -> None:
    _, open_, high, low, close, volume = days(symbol, 1)
    tick, step = float(UNIVERSE[symbol].tick), float(UNIVERSE[symbol].step)
    for prices in (open_, high, low, close):
        assert np.abs(prices / tick - np.round(prices / tick)).max() < 1e-6
    assert np.abs(volume / step - np.round(volume / step)).max() < 1e-6
    assert volume.min() > 0


@pytest.mark.parametrize("symbol", SYMBOLS)
def test_prices_stay_within_reach_of_the_typical_price_for_years(symbol: str) -> None:
    closes = [
        MARKET.candles(symbol, start_ms=day * DAY_MS, end_ms=day * DAY_MS + MINUTE_MS).close[0]
        for day in range(18_000, 24_000, 250)
    ]
    assert UNIVERSE[symbol].base_price / 8 < min(closes) < max(closes) < UNIVERSE[symbol].base_price * 8


def test_each_candle_opens_at_the_last_close_also_over_midnight() -> None:
    _, open_, _, _, close, _ = days("ETHUSDT", 3)
    assert np.array_equal(open_[1:], close[:-1])


def test_the_same_seed_gives_the_same_market_and_another_seed_another() -> None:
    window = {"start_ms": START_MS, "end_ms": START_MS + HOUR_MS}
    ours = MARKET.candles("BTCUSDT", **window).close
    assert np.array_equal(Market(seed=7).candles("BTCUSDT", **window).close, ours)
    assert not np.array_equal(Market(seed=8).candles("BTCUSDT", **window).close, ours)


def test_sixteen_symbols_give_a_strategy_something_to_do_every_day() -> None:
    oversold = overbought = touches = crosses = 0
    for symbol in SYMBOLS:
        minutes = MARKET.candles(symbol, start_ms=START_MS - 6 * DAY_MS, end_ms=START_MS + 2 * DAY_MS)
        quarters = resample(minutes, timeframe_ms=15 * MINUTE_MS)
        values = compute(quarters, ["rsi14", "bb20_2.lower", "macd12_26_9.hist"])
        rsi, lower, hist = (values[name].values[-192:] for name in values)
        oversold += int((rsi < 20).sum())
        overbought += int((rsi > 80).sum())
        touches += int(((quarters.low[-192:] <= lower) & (quarters.close[-192:] > lower)).sum())
        crosses += int((np.sign(hist[1:]) != np.sign(hist[:-1])).sum())
    assert min(oversold, overbought, touches, crosses) >= 8


def test_wild_and_calm_times_cluster_and_volume_follows_the_moves() -> None:
    for symbol in ("BTCUSDT", "DOGEUSDT"):
        _, _, high, low, close, volume = days(symbol, 20)
        moves = np.abs(np.diff(np.log(close)))
        assert np.corrcoef(moves[1:], moves[:-1])[0, 1] > 0.15
        assert np.corrcoef(volume, np.log(high / low))[0, 1] > 0.3


def test_symbols_move_with_bitcoin_but_not_only() -> None:
    leader = np.diff(np.log(days("BTCUSDT", 10)[4]))
    for symbol in ("ETHUSDT", "SOLUSDT", "VETUSDT"):
        assert 0.3 < np.corrcoef(leader, np.diff(np.log(days(symbol, 10)[4])))[0, 1] < 0.97


def test_volatility_and_turnover_are_those_of_a_real_market() -> None:
    for symbol in SYMBOLS:
        _, _, _, _, close, volume = days(symbol, 10)
        daily = float(np.diff(np.log(close)).std()) * np.sqrt(1_440)
        assert 0.01 < daily < 0.09
        assert 0.2 < (close * volume).sum() / 10 / UNIVERSE[symbol].turnover < 5


def test_every_regime_occurs() -> None:
    hours = range(0, 60 * 24)
    seen = {MARKET.regime("SOLUSDT", START_MS + hour * HOUR_MS) for hour in hours}
    assert seen == {regime.name for regime in REGIMES}


def test_funding_is_small_and_settled_three_times_a_day() -> None:
    rates = [MARKET.funding("BTCUSDT", START_MS + slot * FUNDING_MS) for slot in range(90)]
    assert 0.0 < float(np.mean(rates)) < 0.0005
    assert max(abs(rate) for rate in rates) < 0.002
    assert len(set(rates)) > 80
    with pytest.raises(ValueError, match="only at 00, 08 and 16 UTC"):
        MARKET.funding("BTCUSDT", START_MS + HOUR_MS)


@pytest.mark.parametrize(
    ("symbol", "start_ms", "end_ms", "said"),
    [
        ("XYZUSDT", START_MS, START_MS + 1, "no 'XYZUSDT'; it has BTCUSDT"),
        ("BTCUSDT", START_MS, START_MS, "is empty"),
        ("BTCUSDT", 0, DAY_MS, "exists from 2014-01-02 to 2059-12-31"),
        ("BTCUSDT", START_MS, 40_000 * DAY_MS, "exists from"),
    ],
)
def test_what_the_market_does_not_have_is_refused(symbol: str, start_ms: int, end_ms: int, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        MARKET.candles(symbol, start_ms=start_ms, end_ms=end_ms)


def test_a_negative_seed_is_refused() -> None:
    with pytest.raises(ValueError, match="seed must not be negative"):
        Market(seed=-1)


@pytest.mark.parametrize("symbol", SYMBOLS)
def test_every_instrument_can_be_traded_at_the_minimum(symbol: str) -> None:
    spec = UNIVERSE[symbol]
    instrument = spec.instrument()
    assert instrument.symbol == symbol and instrument.min_qty >= 1
    # Sizing at ten dollars must not be swallowed by the quantity grid.
    assert float(spec.step) * spec.base_price < 100 and spec.base_price / float(spec.tick) > 1_000
