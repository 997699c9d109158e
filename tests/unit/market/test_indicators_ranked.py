"""The values that strategies count or rank by, against plain loops."""

import numpy as np
import pytest
import talib

from engine.candles import Columns
from engine.core.market import DAY_MS, HOUR_MS, MINUTE_MS
from engine.indicators import compute
from tests.support.series import walk, without

CANDLES = walk(2_000, seed=5, timeframe_ms=15 * MINUTE_MS)


def test_the_rank_counts_the_smaller_widths_before_a_bar() -> None:
    upper, middle, lower = talib.BBANDS(CANDLES.close, 20, 2, 2)
    widths = ((upper - lower) / middle).tolist()
    found = compute(CANDLES, ["bbrank20_2_100"])["bbrank20_2_100"]
    assert found.warm == 119
    for row in range(119, len(CANDLES)):
        assert found.at(row) == sum(width < widths[row] for width in widths[row - 100 : row])


def test_the_rank_is_the_same_whatever_part_of_history_is_given() -> None:
    whole = compute(CANDLES, ["bbrank5_2_20"])["bbrank5_2_20"].values
    part = compute(CANDLES.rows(300, 1_000), ["bbrank5_2_20"])["bbrank5_2_20"].values
    assert np.array_equal(whole[400:1_000], part[100:])


def test_the_simple_atr_is_the_mean_of_the_last_true_ranges() -> None:
    found = compute(CANDLES, ["atrmean14"])["atrmean14"]
    assert found.warm == 14
    high, low, close = (values.tolist() for values in (CANDLES.high, CANDLES.low, CANDLES.close))
    for row in (14, 15, 700, 1_999):
        ranges = [
            max(high[at] - low[at], abs(high[at] - close[at - 1]), abs(low[at] - close[at - 1]))
            for at in range(row - 13, row + 1)
        ]
        assert found.at(row) == pytest.approx(sum(ranges) / 14, rel=1e-12)


def crosses(columns: Columns, fast: int, slow: int) -> list[int | None]:
    quick, lazy = talib.EMA(columns.close, fast), talib.EMA(columns.close, slow)
    warm, count, known = 12 * slow, 0, False
    found: list[int | None] = []
    for row in range(len(columns)):
        if (int(columns.time[row]) + columns.timeframe_ms) % DAY_MS == 0:
            count, known = 0, row >= warm
        if row >= warm and (quick[row] < lazy[row]) != (quick[row - 1] < lazy[row - 1]):
            count += 1
        found.append(count if known else None)
    return found


def test_the_crosses_of_a_utc_day_are_counted_from_its_first_bar() -> None:
    found = compute(CANDLES, ["emacrosses3_8"])["emacrosses3_8"]
    expected = crosses(CANDLES, 3, 8)
    assert [found.at(row) for row in range(len(CANDLES))] == expected
    assert max(count or 0 for count in expected) > 12
    # The bar that closes at midnight is the new day's first.
    midnight = int(DAY_MS // (15 * MINUTE_MS)) * 2 - 1
    assert (int(CANDLES.time[midnight]) + CANDLES.timeframe_ms) % DAY_MS == 0
    assert expected[midnight] in {0, 1}


def test_after_a_gap_the_crosses_are_unknown_until_the_next_day() -> None:
    holed = without(CANDLES, 1_000)
    found = compute(holed, ["emacrosses3_8"])["emacrosses3_8"]
    after = [row for row in range(1_000, len(holed)) if found.at(row) is not None]
    assert (int(holed.time[after[0]]) + holed.timeframe_ms) % DAY_MS == 0
    assert int(holed.time[after[0]]) - int(holed.time[1_000]) >= 24 * HOUR_MS
