"""Coarse candles: on UTC boundaries, whole or not at all."""

import math

import pytest

from engine.candles import Bar
from engine.core.market import DAY_MS, HOUR_MS, MINUTE_MS
from engine.resample import Incomplete, Resampler, incomplete, resample
from tests.support.series import START_MS, walk, without

QUARTER_MS = 15 * MINUTE_MS


def test_a_coarse_candle_sums_up_its_finer_ones() -> None:
    fine = walk(45)
    coarse = resample(fine, timeframe_ms=QUARTER_MS)
    assert coarse.time.tolist() == [START_MS, START_MS + QUARTER_MS, START_MS + 2 * QUARTER_MS]
    second = coarse.bar(1)
    assert (second.open, second.close) == (fine.open[15], fine.close[29])
    assert (second.high, second.low) == (max(fine.high[15:30]), min(fine.low[15:30]))
    assert second.volume == pytest.approx(math.fsum(fine.volume[15:30].tolist()))


def test_candles_begin_on_utc_boundaries_wherever_the_data_begins() -> None:
    fine = walk(200, start_ms=START_MS + 7 * MINUTE_MS)
    assert resample(fine, timeframe_ms=HOUR_MS).time.tolist() == [START_MS + HOUR_MS, START_MS + 2 * HOUR_MS]
    assert resample(walk(48, timeframe_ms=HOUR_MS), timeframe_ms=DAY_MS).time.tolist() == [START_MS, START_MS + DAY_MS]


def test_a_candle_that_lacks_one_finer_candle_is_not_emitted_but_told() -> None:
    fine = without(walk(60), 20)
    assert resample(fine, timeframe_ms=QUARTER_MS).time.tolist() == [START_MS + n * QUARTER_MS for n in (0, 2, 3)]
    assert incomplete(fine, timeframe_ms=QUARTER_MS) == (
        Incomplete("BTCUSDT", QUARTER_MS, START_MS + QUARTER_MS, 14, 15),
    )


def test_a_candle_still_running_is_neither_emitted_nor_called_incomplete() -> None:
    fine = walk(44)
    assert len(resample(fine, timeframe_ms=QUARTER_MS)) == 2
    assert incomplete(fine, timeframe_ms=QUARTER_MS) == ()


def test_nothing_comes_of_nothing() -> None:
    assert len(resample(walk(1).rows(0, 0), timeframe_ms=QUARTER_MS)) == 0
    assert incomplete(walk(1).rows(0, 0), timeframe_ms=QUARTER_MS) == ()
    fine = walk(5)
    assert resample(fine, timeframe_ms=MINUTE_MS) is fine


@pytest.mark.parametrize("timeframe_ms", [MINUTE_MS // 2, MINUTE_MS * 3 // 2])
def test_lengths_that_do_not_divide_are_refused(timeframe_ms: int) -> None:
    with pytest.raises(ValueError, match="cannot be built from 1m"):
        resample(walk(5), timeframe_ms=timeframe_ms)


def test_live_the_coarse_bar_comes_with_its_last_finer_bar() -> None:
    fine = walk(15)
    resampler = Resampler("BTCUSDT", finer_ms=MINUTE_MS, timeframe_ms=QUARTER_MS)
    assert all(resampler.feed(fine.bar(row)) == () for row in range(14))
    (bar,) = resampler.feed(fine.bar(14))
    assert bar == resample(fine, timeframe_ms=QUARTER_MS).bar(0)


def test_live_a_gap_costs_the_candle_it_lies_in() -> None:
    fine = walk(45)
    resampler = Resampler("BTCUSDT", finer_ms=MINUTE_MS, timeframe_ms=QUARTER_MS)
    results = [result for row in (*range(10), *range(29, 45)) for result in resampler.feed(fine.bar(row))]
    assert [(type(result), result.time_ms - START_MS) for result in results] == [
        (Incomplete, 0),
        (Incomplete, QUARTER_MS),
        (Bar, 2 * QUARTER_MS),
    ]


def test_live_bars_out_of_order_are_the_callers_mistake() -> None:
    fine = walk(15)
    resampler = Resampler("BTCUSDT", finer_ms=MINUTE_MS, timeframe_ms=QUARTER_MS)
    for row in range(15):
        resampler.feed(fine.bar(row))
    with pytest.raises(ValueError, match="is not newer"):
        resampler.feed(fine.bar(14))
    with pytest.raises(ValueError, match="ETHUSDT 1m at"):
        resampler.feed(fine.bar(14)._replace(symbol="ETHUSDT"))
