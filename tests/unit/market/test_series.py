"""The reference walk is the one all golden results stand on."""

import numpy as np
import pytest

from engine.candles import Columns
from tests.support.series import reference


@pytest.fixture(scope="module")
def whole() -> Columns:
    return reference()


def test_a_shorter_walk_is_the_beginning_of_the_long_one(whole: Columns) -> None:
    assert np.array_equal(reference(1_000).volume, whole.volume[:1_000])


def test_a_cross_of_two_averages_on_it_earns_the_known_result(whole: Columns) -> None:
    # Long from the open after SMA 20 is above SMA 50 until the open after it is not; one coin, 0.055 % a side.
    fast, slow = (_sma(whole.close, period) for period in (20, 50))
    held = np.zeros(len(whole), dtype=np.int8)
    held[1:] = (fast > slow)[:-1]
    change = np.diff(held, prepend=0)
    paid = float((whole.open * (change + 0.00055 * np.abs(change))).sum())
    equity = 1_000_000 - paid + float(held[-1] * whole.close[-1])
    assert round(equity, 2) == 787_066.34
    assert int((change < 0).sum()) == 5_649


def _sma(values: np.ndarray, period: int) -> np.ndarray:
    sums = np.convolve(values, np.ones(period), mode="valid")
    return np.append(np.full(period - 1, np.nan), sums / period)
