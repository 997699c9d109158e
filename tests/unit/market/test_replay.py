"""Replay: several sources, one order of time."""

import numpy as np
import pytest

from engine.candles import Bar
from engine.core.market import MINUTE_MS
from engine.datafiles_ticks import Book, Trades
from engine.replay import BookTick, TradeTick, replay, replay_ticks
from tests.support.series import START_MS, walk

QUARTER_MS = 15 * MINUTE_MS
BTC, ETH = walk(30, symbol="BTCUSDT"), walk(30, symbol="ETHUSDT", seed=2)
SLOW = walk(2, symbol="BTCUSDT", timeframe_ms=QUARTER_MS)


def test_bars_come_by_close_time_finer_first_then_in_the_given_order() -> None:
    bars = list(replay([SLOW, ETH, BTC]))
    assert len(bars) == 62
    keys = [(bar.close_ms, bar.timeframe_ms) for bar in bars]
    assert keys == sorted(keys)
    at_quarter = [(bar.symbol, bar.timeframe_ms) for bar in bars if bar.close_ms == START_MS + QUARTER_MS]
    assert at_quarter == [("ETHUSDT", MINUTE_MS), ("BTCUSDT", MINUTE_MS), ("BTCUSDT", QUARTER_MS)]


def test_every_bar_comes_once_with_its_values() -> None:
    long = walk(20_000)
    assert list(replay([long])) == [long.bar(row) for row in range(len(long))]


def test_start_and_stop_bound_the_close_times() -> None:
    bars = list(replay([BTC], start_ms=START_MS + 3 * MINUTE_MS, stop_ms=START_MS + 5 * MINUTE_MS))
    assert [bar.close_ms - START_MS for bar in bars] == [4 * MINUTE_MS, 5 * MINUTE_MS]
    assert list(replay([BTC], start_ms=START_MS + 10, stop_ms=START_MS)) == []
    assert list(replay([])) == []


def test_the_same_series_twice_is_refused() -> None:
    with pytest.raises(ValueError, match="given twice"):
        list(replay([BTC, BTC]))


def test_a_tick_at_the_close_belongs_to_the_next_candle() -> None:
    close_ms = START_MS + MINUTE_MS
    trades = Trades(
        symbol="BTCUSDT",
        time=np.array([START_MS + 5, close_ms]),
        price=np.array([100.0, 101.0]),
        quantity=np.array([1.0, 2.0]),
        bought=np.array([True, False]),
    )
    book = Book(
        symbol="BTCUSDT",
        time=np.array([close_ms]),
        bid=np.array([99.0]),
        bid_size=np.array([3.0]),
        ask=np.array([100.0]),
        ask_size=np.array([4.0]),
    )
    events = list(replay_ticks([trades, book, BTC], stop_ms=close_ms))
    assert events == [
        TradeTick("BTCUSDT", START_MS + 5, 100.0, 1.0, True),
        BTC.bar(0),
        BookTick("BTCUSDT", close_ms, 99.0, 3.0, 100.0, 4.0),
        TradeTick("BTCUSDT", close_ms, 101.0, 2.0, False),
    ]
    assert [type(event) for event in replay_ticks([trades, BTC], start_ms=close_ms, stop_ms=close_ms + 1)] == []
    assert isinstance(events[1], Bar)
