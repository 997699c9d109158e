"""The demo market is one market: any window, asked for in any order, shows the same, down to the trades."""

import itertools
import math

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.core.market import DAY_MS, MINUTE_MS
from engine.generator import Market
from engine.universe import SYMBOLS, UNIVERSE

START_MS = 20_600 * DAY_MS
SPAN_MS = 3 * DAY_MS


@given(
    symbol=st.sampled_from(SYMBOLS),
    seed=st.integers(0, 3),
    edges=st.tuples(st.integers(0, SPAN_MS - 1), st.integers(0, SPAN_MS - 1)),
)
def test_any_window_is_a_part_of_the_same_market(symbol: str, seed: int, edges: tuple[int, int]) -> None:
    start_ms, end_ms = (START_MS + edge for edge in sorted(edges))
    part = Market(seed).candles(symbol, start_ms=start_ms, end_ms=end_ms + 1)
    whole = Market(seed).candles(symbol, start_ms=START_MS, end_ms=START_MS + SPAN_MS)
    expected = whole.slice(start_ms=start_ms, end_ms=end_ms + 1)
    for ours, theirs in zip(part.raw().columns(), expected.raw().columns(), strict=True):
        assert np.array_equal(ours, theirs)


@settings(max_examples=300)
@given(symbol=st.sampled_from(SYMBOLS), minute=st.integers(0, SPAN_MS // MINUTE_MS - 1), seed=st.integers(0, 3))
def test_the_trades_of_a_minute_add_up_to_its_candle(symbol: str, minute: int, seed: int) -> None:
    minute_ms = START_MS + minute * MINUTE_MS
    bar = Market(seed).candles(symbol, start_ms=minute_ms, end_ms=minute_ms + MINUTE_MS).bar(0)
    ticks = Market(seed).ticks(symbol, minute_ms)
    prices = [tick.last for tick in ticks]
    assert 6 <= len(ticks) <= 20
    assert (prices[0], max(prices), min(prices), prices[-1]) == (bar.open, bar.high, bar.low, bar.close)
    step = float(UNIVERSE[symbol].step)
    traded = sum(round(tick.buy_volume / step) + round(tick.sell_volume / step) for tick in ticks)
    assert traded == round(bar.volume / step)
    assert math.isclose(math.fsum(tick.buy_volume + tick.sell_volume for tick in ticks), bar.volume, rel_tol=1e-9)


@given(symbol=st.sampled_from(SYMBOLS), minute=st.integers(0, SPAN_MS // MINUTE_MS - 1))
def test_ticks_come_in_order_with_an_open_book_around_the_last_price(symbol: str, minute: int) -> None:
    minute_ms = START_MS + minute * MINUTE_MS
    ticks = Market(1).ticks(symbol, minute_ms)
    times = [tick.time_ms for tick in ticks]
    assert times[0] == minute_ms and times[-1] < minute_ms + MINUTE_MS
    assert all(after > before for before, after in itertools.pairwise(times))
    for tick in ticks:
        assert 0 < tick.bid < tick.ask
        assert tick.last in (tick.bid, tick.ask)
        assert min(tick.buy_volume, tick.sell_volume) >= 0 and min(tick.bid_size, tick.ask_size) > 0
    assert Market(1).ticks(symbol, minute_ms) == ticks
