"""A hole in the candles: no strategy decides on values from before it, until every value is warm behind it."""

from typing import Any

import pytest

from engine.candles import Columns
from engine.core.market import MINUTE_MS
from engine.core.strategy import Held, Strategy
from engine.indicators import compute
from engine.indicators_names import warmup_bars
from engine.plan import Foreign, Place, Row, foreign, place, readable
from engine.resample import resample
from engine.strategies.ma_cross import MaCross
from engine.strategies.momentum import Momentum
from engine.strategies.orderflow import Orderflow
from engine.strategies.rules8 import Rules8
from engine.strategies.shortseller import Shortseller
from tests.support.desk import BTC
from tests.support.series import walk, without

# Short periods, so that a few thousand candles hold many signals on either side of the hole.
QUICK: dict[str, Strategy] = {
    "rules8": Rules8(fast=5, slow=10, rsi=3, bands=5, deviations=1, macd="3_6_2", cross_window=3),
    "ma_cross": MaCross(window=15, threshold=0.0),
    "shortseller": Shortseller(fast=5, slow=10, max_crosses=1_000),
    "momentum": Momentum(
        bands=3, deviations=0.5, trend=5, widths=20, compression=100.0, volume_ratio=0.0, volume_bars=3,
        low_bars=3, atr=3, btc_filter_missing="allow",
    ),
}  # fmt: skip
HOLE = 1_500


def decisions(strategy: Strategy, columns: Columns, held: Held | None = None) -> list[int]:
    """Rows at which a strategy decides anything, as the desk would ask it."""
    own = [name for name in strategy.needs if place(name, BTC) is None]
    values, far = compute(columns, own), [(name, place(name, BTC)) for name in strategy.needs]
    there = {name: absent(found) for name, found in far if found is not None}
    row = Row(readable(columns, values), 0, 0, there)
    found = []
    for at in range(len(columns)):
        row.at(at, int(columns.time[at]) + columns.timeframe_ms)
        if strategy.decide(row, held, ()) is not None:
            found.append(at)
    return found


def absent(there: Place) -> Foreign:
    return foreign(there, None, None)


@pytest.mark.parametrize("name", QUICK)
def test_behind_a_hole_nothing_is_entered_until_every_value_is_warm_again(name: str) -> None:
    strategy = QUICK[name]
    whole = walk(3_000, seed=2)
    holed = without(whole, *range(HOLE, HOLE + 7))
    warm = warmup_bars([need for need in strategy.needs if place(need, BTC) is None])
    found = decisions(strategy, holed)
    assert [row for row in found if row < HOLE] == [row for row in decisions(strategy, whole) if row < HOLE]
    after = [row for row in found if row >= HOLE]
    assert after, "signals on both sides, or the test says nothing"
    assert after[0] >= HOLE + warm - 1
    alone = decisions(strategy, whole.rows(HOLE + 7, len(whole)))
    assert [row - HOLE for row in after] == alone


def test_three_quarters_with_one_missing_are_no_trend() -> None:
    whole = walk(300, seed=3)
    quarters = resample(whole, timeframe_ms=15 * MINUTE_MS)
    strategy = Orderflow()

    def trend(columns: Columns) -> int:
        found = Place(BTC, 15 * MINUTE_MS, "close")
        column = {"15m:close": foreign(found, columns, compute(columns, ["close"]))}
        inputs: Any = Row({}, 0, int(quarters.time[18]) + 15 * MINUTE_MS, column)
        return strategy.trend(inputs)

    closes = [float(quarters.close[row]) for row in (16, 17, 18)]
    assert trend(quarters) == (1 if closes == sorted(closes) else -1 if closes == sorted(closes, reverse=True) else 0)
    for missing in (16, 17, 18):
        assert trend(without(quarters, missing)) == 0
