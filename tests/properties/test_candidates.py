"""Candidates may be too many and never too few: a bar on which a strategy decides is always among them."""

from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.core.strategy import Held
from engine.strategies.ma_cross import MaCross
from engine.strategies.manual import Manual
from engine.strategies.momentum import Momentum
from engine.strategies.rules8 import Rules8
from engine.strategies.shortseller import Shortseller
from tests.support.desk import DAY, T0, Values

ROWS = 12
SHARP = Rules8(oversold=30, extreme_low=40, overbought=70, extreme_high=60)


def column(*values: float) -> st.SearchStrategy[list[float]]:
    """A column of a few round values (so that equality happens) with gaps."""
    return st.lists(st.sampled_from([*values, float("nan")]), min_size=ROWS, max_size=ROWS)


def columns_for(strategy: Rules8) -> st.SearchStrategy[dict[str, list[float]]]:
    fast, slow, rsi, upper, lower, line, signal, hist = strategy.needs
    prices, small = (99.0, 100.0, 101.0), (-1.0, 0.0, 1.0)
    levels = (15.0, 20.0, 25.0, 30.0, 35.0, 50.0, 65.0, 70.0, 75.0, 80.0, 85.0)
    fixed = {rsi: column(*levels)} | {name: column(*small) for name in (line, signal, hist)}
    names = (fast, slow, upper, lower, "close", "high", "low")
    return st.fixed_dictionaries(fixed | {name: column(*prices) for name in names})


def decided(strategy: Any, columns: dict[str, list[float]], row: int, held: Held | None) -> bool:
    values: dict[Any, float | None] = {}
    for name, column_ in columns.items():
        for back in range(min(row + 1, 6)):
            value = column_[row - back]
            values[name, back] = None if np.isnan(value) else value
    return strategy.decide(Values(T0, values), held, ()) is not None


def assert_never_stricter(strategy: Any, columns: dict[str, list[float]], held: Held | None = None) -> None:
    arrays = {name: np.array(values) for name, values in columns.items()}
    before = {f"{name}@1": np.append(np.nan, values[:-1]) for name, values in arrays.items()}
    possible = strategy.candidates(arrays | before)
    for row in range(ROWS):
        if decided(strategy, columns, row, held):
            assert possible[row], (row, {name: values[max(0, row - 3) : row + 1] for name, values in columns.items()})


@given(columns_for(Rules8()))
@settings(max_examples=300)
def test_rules8_decides_on_no_bar_that_is_not_a_candidate(columns: dict[str, list[float]]) -> None:
    assert_never_stricter(Rules8(), columns)


@given(columns_for(SHARP))
@settings(max_examples=300)
def test_rules8_with_inverted_thresholds_still_names_every_bar(columns: dict[str, list[float]]) -> None:
    assert_never_stricter(SHARP, columns)


@given(
    st.fixed_dictionaries({"meanprev60": column(1_000.0), "close": column(998.99, 999.0, 1_000.0, 1_001.0, 1_001.01)})
)
def test_ma_cross_decides_on_no_bar_that_is_not_a_candidate(columns: dict[str, list[float]]) -> None:
    assert_never_stricter(MaCross(), columns)


@given(
    st.fixed_dictionaries(
        {name: column(99.0, 100.0) for name in Shortseller().needs[:2]}
        | {Shortseller().needs[2]: column(1.0, 13.0), "close": column(98.0, 99.0)}
    ),
    st.booleans(),
)
def test_shortseller_decides_on_no_bar_that_is_not_a_candidate(columns: dict[str, list[float]], again: bool) -> None:
    old = Held(False, T0 - DAY)
    assert_never_stricter(Shortseller(reenter=again), columns)
    assert_never_stricter(Shortseller(reenter=again), columns, old)


@given(st.fixed_dictionaries({name: column(0.0, 100.0, 300.0) for name in (*Momentum().needs, "close", "volume")}))
def test_momentum_decides_on_no_bar_that_is_not_a_candidate(columns: dict[str, list[float]]) -> None:
    assert_never_stricter(Momentum(), columns)
    assert_never_stricter(Momentum(), columns, Held(True, T0))


def test_a_strategy_that_never_decides_names_no_bar() -> None:
    assert not Manual().candidates({"close": np.array([1.0, np.nan])}).any()
