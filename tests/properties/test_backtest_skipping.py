"""A backtest that skips quiet bars gives what one that looks at every bar gives, and nothing depends on the future."""

from dataclasses import replace
from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.backtest import Result, run
from engine.candles import Columns
from engine.core.market import MINUTE_MS
from engine.core.money import to_money
from engine.presets import ACCOUNT_LIMITS, CFT, MA_CROSS
from engine.strategies.ma_cross import MaCross
from engine.strategies.rules8 import Rules8
from tests.properties.backtest_cases import SYMBOLS, Case, cases
from tests.support.series import START_MS, walk
from tests.unit.backtest.runs import request


def same(left: Result, right: Result) -> None:
    """Fail on the first difference between two runs."""
    assert left.fills == right.fills
    assert left.trades == right.trades
    assert left.funding == right.funding
    assert left.signals == right.signals
    np.testing.assert_array_equal(left.times, right.times)
    np.testing.assert_array_equal(left.equity, right.equity)
    assert (left.ambiguous, left.unfunded) == (right.ambiguous, right.unfunded)


@given(cases())
def test_skipping_quiet_bars_changes_nothing(case: Case) -> None:
    same(run(case.request), run(replace(case.request, skipping=False)))


@settings(max_examples=6)
@given(seeds=st.lists(st.integers(0, 10_000), min_size=1, max_size=3), tight=st.booleans())
def test_the_presets_skip_without_a_difference(seeds: list[int], tight: bool) -> None:
    start_ms = START_MS - 2_400 * MINUTE_MS
    data = {
        symbol: walk(6_000, seed=seed, symbol=symbol, start_ms=start_ms)
        for symbol, seed in zip(SYMBOLS, seeds, strict=False)
    }
    cft = replace(CFT, symbols=tuple(data), timeframe=5 * MINUTE_MS)
    crossing = replace(MA_CROSS, symbols=("BTCUSDT",), turnover_floor=100_000)
    chosen: dict[str, Any] = {"cft": Rules8(), "ma_cross": MaCross()}
    shares = tuple(replace(spec, threshold=spec.threshold // 40) for spec in ACCOUNT_LIMITS)
    asked = request(
        data,
        crossing,
        cft,
        strategies=chosen,
        limits=shares if tight else ACCOUNT_LIMITS,
        wallet=to_money(5_000),
        start_ms=start_ms + 2_200 * MINUTE_MS,
    )
    found = run(asked)
    assert found.fills
    same(found, run(replace(asked, skipping=False)))


def changed_after(columns: Columns, row: int) -> Columns:
    """Return the columns with other prices from a row on."""
    raw = columns.raw()
    factor = np.where(np.arange(len(columns)) >= row, 1.01, 1.0)
    prices = {name: getattr(columns, name) * factor for name in ("open", "high", "low", "close")}
    return Columns.from_raw(replace(raw, **prices), symbol=columns.symbol, timeframe_ms=columns.timeframe_ms)


@given(cases(), st.integers(100, 500))
def test_the_future_changes_no_fill_and_no_point_before_it(case: Case, row: int) -> None:
    asked = case.request
    at_ms = int(next(iter(asked.data.values())).time[row])
    other = {s: changed_after(c, int(np.searchsorted(c.time, at_ms))) for s, c in asked.data.items()}
    found, changed = run(asked), run(replace(asked, data=other))
    kept = [fill for fill in found.fills if fill.event.at_ms < at_ms]
    assert kept == [fill for fill in changed.fills if fill.event.at_ms < at_ms]
    known = found.times <= at_ms
    np.testing.assert_array_equal(found.equity[known], changed.equity[known])
