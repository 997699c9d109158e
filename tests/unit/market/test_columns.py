"""Candle columns: what is refused, and that nothing can be changed afterwards."""

import numpy as np
import pytest

from engine.candles import CandlesError, Columns, Gap, columns_of
from engine.core.market import MINUTE_MS
from engine.validate import Check, RawCandles
from tests.support.series import START_MS, walk, without


def broken(column: str, row: int, value: float) -> Columns:
    raw = walk(10).raw()
    values = {name: getattr(raw, name).copy() for name in ("time", "open", "high", "low", "close", "volume")}
    values[column][row] = value
    return Columns.from_raw(RawCandles(**values), symbol="BTCUSDT", timeframe_ms=MINUTE_MS)


@pytest.mark.parametrize(
    ("column", "value", "check"),
    [
        ("close", np.nan, Check.NOT_A_NUMBER),
        ("volume", np.inf, Check.NOT_A_NUMBER),
        ("low", 0.0, Check.NOT_POSITIVE),
        ("open", -1.0, Check.NOT_POSITIVE),
        ("volume", -0.1, Check.NOT_POSITIVE),
        ("high", 1.0, Check.OHLC),
        ("low", 1e9, Check.OHLC),
        ("time", START_MS + 4 * MINUTE_MS + 1, Check.OFF_GRID),
        ("time", START_MS + 2 * MINUTE_MS, Check.ORDER),
        ("time", START_MS + 3 * MINUTE_MS, Check.DUPLICATE),
    ],
)
def test_a_bad_value_is_refused_by_row_and_reason(column: str, value: float, check: Check) -> None:
    with pytest.raises(CandlesError) as caught:
        broken(column, 4, value)
    problem = caught.value.problems[0]
    assert (problem.check, problem.row, problem.count) == (check, 4, 1)
    assert "BTCUSDT 1m" in str(caught.value) and "2022-01-01T00:0" in str(caught.value)


def test_every_kind_of_problem_is_told_at_once() -> None:
    raw = walk(10).raw()
    low, high = raw.low.copy(), raw.high.copy()
    low[2:4], high[7] = -1, 0.5
    with pytest.raises(CandlesError) as caught:
        Columns.from_raw(
            RawCandles(raw.time, raw.open, high, low, raw.close, raw.volume), symbol="X1", timeframe_ms=MINUTE_MS
        )
    assert [(problem.check, problem.count) for problem in caught.value.problems] == [
        (Check.NOT_POSITIVE, 2),
        (Check.OHLC, 1),
    ]


def test_columns_of_different_length_are_refused() -> None:
    raw = walk(10).raw()
    with pytest.raises(CandlesError, match="differ in length"):
        Columns.from_raw(
            RawCandles(raw.time, raw.open[1:], raw.high, raw.low, raw.close, raw.volume),
            symbol="BTCUSDT",
            timeframe_ms=MINUTE_MS,
        )


def test_the_arrays_cannot_be_written_and_do_not_follow_their_source() -> None:
    raw = walk(10).raw()
    close = raw.close.copy()
    columns = Columns.from_raw(
        RawCandles(raw.time, raw.open, raw.high, raw.low, close, raw.volume), symbol="BTCUSDT", timeframe_ms=MINUTE_MS
    )
    kept = float(columns.close[3])
    close[3] = 7.0
    assert columns.close[3] == kept
    with pytest.raises(ValueError, match="read-only"):
        columns.close[3] = 1.0


def test_gaps_are_named_by_their_first_and_last_missing_candle() -> None:
    columns = without(walk(10), 3, 4, 7)
    first, second = columns.gaps()
    assert first == Gap(START_MS + 3 * MINUTE_MS, START_MS + 4 * MINUTE_MS)
    assert (first.bars(MINUTE_MS), second.bars(MINUTE_MS)) == (2, 1)
    assert columns.segments() == ((0, 3), (3, 5), (5, 7))
    assert walk(10).gaps() == ()
    assert walk(10).rows(0, 0).segments() == ()


def test_a_slice_takes_the_candles_that_open_inside_it() -> None:
    part = walk(10).slice(start_ms=START_MS + MINUTE_MS, end_ms=START_MS + 3 * MINUTE_MS)
    assert part.time.tolist() == [START_MS + MINUTE_MS, START_MS + 2 * MINUTE_MS]
    assert len(walk(10).slice(start_ms=START_MS + 5, end_ms=START_MS)) == 0


def test_bars_and_columns_are_two_forms_of_the_same() -> None:
    columns = walk(10)
    again = columns_of([columns.bar(row) for row in range(10)])
    assert np.array_equal(again.close, columns.close) and np.array_equal(again.time, columns.time)
    assert columns.bar(-1).close_ms == START_MS + 10 * MINUTE_MS


def test_bars_of_two_symbols_are_no_column() -> None:
    bar = walk(1).bar(0)
    with pytest.raises(ValueError, match="one symbol and timeframe"):
        columns_of([bar, bar._replace(symbol="ETHUSDT")])
