"""Whatever the future brings, a value already computed does not change."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from engine.candles import Columns
from engine.indicators import compute
from engine.validate import RawCandles
from tests.support.series import walk

NAMES = (
    "sma10", "ema5", "rsi3", "atr3", "adx3", "bb20_2.upper", "bb20_2.width", "macd3_6_4.signal", "macd3_6_4.hist",
    "meanprev60", "lowest10", "highest10", "volmeanprev20", "close",
    "atrmean14", "bbrank5_2_20", "emacrosses2_5",
)  # fmt: skip


@given(seed=st.integers(0, 50), other=st.integers(51, 99), row=st.integers(0, 299), factor=st.floats(0.01, 100))
def test_a_changed_future_changes_no_value_of_the_past(seed: int, other: int, row: int, factor: float) -> None:
    past, future = walk(300, seed=seed), walk(300, seed=other, price=100 * factor)
    time, *columns = zip(past.raw().columns(), future.raw().columns(), strict=True)
    joined = [np.concatenate((before[: row + 1], after[row + 1 :])) for before, after in columns]
    changed = Columns.from_raw(RawCandles(time[0], *joined), symbol="BTCUSDT", timeframe_ms=60_000)
    known, seen = compute(past, NAMES), compute(changed, NAMES)
    for name in NAMES:
        assert np.array_equal(known[name].values[: row + 1], seen[name].values[: row + 1], equal_nan=True), name


@given(seed=st.integers(0, 50), rows=st.integers(0, 300))
def test_a_history_cut_short_has_the_same_values_up_to_its_end(seed: int, rows: int) -> None:
    whole = walk(300, seed=seed)
    known, cut = compute(whole, NAMES), compute(whole.rows(0, rows), NAMES)
    for name in NAMES:
        assert np.array_equal(known[name].values[:rows], cut[name].values, equal_nan=True), name
        assert cut[name].warm == min(known[name].warm, rows)
