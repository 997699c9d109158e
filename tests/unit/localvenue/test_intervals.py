"""Candles of every interval fold from minutes, and minutes follow the moves of the control API."""

import numpy as np
import pytest

from bot.localvenue.board import Board
from bot.localvenue.codes import VenueError
from bot.localvenue.intervals import INTERVALS, back, check_interval, following, opened
from bot.localvenue.klines import bars, wanted
from bot.localvenue.listing import Listing
from bot.localvenue.minutes import History, Move
from engine.core.market import MINUTE_MS
from engine.generator import Market

NOW = 1_790_000_040_000
HOUR = 3_600_000


def board() -> Board:
    return Board(Listing(("BTCUSDT",)), History(Market(1)))


@pytest.mark.parametrize("name", INTERVALS)
def test_a_candle_opens_at_or_before_the_instant_and_the_next_one_after_it(name: str) -> None:
    open_ms = opened(name, NOW)
    assert open_ms <= NOW < following(name, open_ms)
    assert opened(name, open_ms) == open_ms
    assert back(name, following(name, open_ms), 1) == open_ms


def test_months_and_weeks_open_on_their_first_day() -> None:
    assert opened("M", NOW) == 1_788_220_800_000  # 2026-09-01
    assert opened("W", NOW) == 1_789_948_800_000  # Monday 2026-09-21


@pytest.mark.parametrize("name", ["2", "1m", "", "d", "1440"])
def test_unknown_intervals_are_refused(name: str) -> None:
    with pytest.raises(VenueError):
        check_interval(name)


def test_an_hour_is_the_fold_of_its_minutes() -> None:
    market = board()
    question = wanted("BTCUSDT", "60", start=None, end=NOW - HOUR, limit=2, now_ms=NOW)
    hours = bars(market, question, NOW)
    for bar in hours:
        rows = market.history.minutes("BTCUSDT", bar.open_ms, bar.open_ms + HOUR, market.listing["BTCUSDT"])
        assert (bar.open, bar.close) == (rows.open[0], rows.close[-1])
        assert (bar.high, bar.low) == (rows.high.max(), rows.low.min())
        assert bar.volume == pytest.approx(rows.volume.sum())
    assert [bar.open_ms for bar in hours] == [opened("60", NOW) - 2 * HOUR, opened("60", NOW) - HOUR]


def test_a_start_alone_counts_forward_and_both_ends_count_back() -> None:
    start = opened("5", NOW) - HOUR
    forward = wanted("BTCUSDT", "5", start=start, end=None, limit=3, now_ms=NOW)
    assert [bar.open_ms for bar in bars(board(), forward, NOW)] == [start, start + 300_000, start + 600_000]
    both = wanted("BTCUSDT", "5", start=start, end=start + HOUR // 2, limit=2, now_ms=NOW)
    assert [bar.open_ms for bar in bars(board(), both, NOW)] == [start + 1_500_000, start + 1_800_000]


def test_a_start_between_candles_begins_with_the_next_one() -> None:
    start = opened("5", NOW) - HOUR + 1
    question = wanted("BTCUSDT", "5", start=start, end=None, limit=1, now_ms=NOW)
    assert bars(board(), question, NOW)[0].open_ms == start - 1 + 300_000


def test_a_move_multiplies_later_prices_and_leaves_earlier_ones() -> None:
    moved, plain = board(), board()
    instrument = moved.listing["BTCUSDT"]
    at = NOW - 10 * MINUTE_MS + 20_000
    last = [tick for tick in plain.history.ticks("BTCUSDT", NOW - 10 * MINUTE_MS) if tick.time_ms <= at][-1].last
    moved.history.move("BTCUSDT", Move(at, 2.0, round(last * 2, 1)))
    before = plain.history.minutes("BTCUSDT", NOW - 20 * MINUTE_MS, NOW, instrument)
    after = moved.history.minutes("BTCUSDT", NOW - 20 * MINUTE_MS, NOW, instrument)
    assert np.array_equal(before.close[:10], after.close[:10])
    assert np.allclose(before.close[11:] * 2, after.close[11:], atol=0.11)
    assert after.open[10] == pytest.approx(before.open[10])
    assert after.high[10] >= last * 2 - 0.1
    assert after.close[10] == pytest.approx(before.close[10] * 2, abs=0.11)


def test_stored_moves_give_the_same_candles_again() -> None:
    first, second = board(), board()
    first.history.move("BTCUSDT", Move(NOW - HOUR, 0.5, 30_000.0))
    second.history.restore(first.history.stored())
    window = (NOW - 2 * HOUR, NOW)
    instrument = first.listing["BTCUSDT"]
    left, right = (b.history.minutes("BTCUSDT", *window, instrument) for b in (first, second))
    assert np.array_equal(left.high, right.high)
