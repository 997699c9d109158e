"""The live store: only the next candle is taken, everything else is named."""

import numpy as np
import pytest

from engine.candle_store import Appended, Bad, CandleRing, CandleStore, Duplicate
from engine.candles import Gap
from engine.core.market import MINUTE_MS
from tests.support.series import START_MS, walk, without

CANDLES = walk(30)


def ring(rows: int = 5, capacity: int = 8) -> CandleRing:
    store = CandleRing("BTCUSDT", timeframe_ms=MINUTE_MS, capacity=capacity)
    for row in range(rows):
        assert store.append(CANDLES.bar(row)) == Appended(START_MS + row * MINUTE_MS)
    return store


def test_the_last_candles_are_kept_in_order() -> None:
    store = ring(rows=29)
    view = store.view()
    assert view.time.tolist() == CANDLES.time[21:29].tolist()
    assert np.array_equal(view.volume, CANDLES.volume[21:29])
    assert store.last_ms == CANDLES.time[28]


def test_a_view_stays_as_it_was() -> None:
    store = ring()
    view = store.view()
    before = view.close.tolist()
    for row in range(5, 30):
        store.append(CANDLES.bar(row))
    assert view.close.tolist() == before
    with pytest.raises(ValueError, match="read-only"):
        view.close[0] = 1.0


def test_a_repeated_candle_changes_nothing_and_a_revised_one_is_told() -> None:
    store = ring()
    before = store.view().close.tolist()
    assert store.append(CANDLES.bar(3)) == Duplicate(int(CANDLES.time[3]), revised=False)
    revised = CANDLES.bar(4)._replace(volume=0.5)
    assert store.append(revised) == Duplicate(int(CANDLES.time[4]), revised=True)
    assert store.view().close.tolist() == before and len(store) == 5


def test_a_gap_is_named_and_the_candle_behind_it_waits() -> None:
    store = ring()
    gap = store.append(CANDLES.bar(8))
    assert gap == Gap(int(CANDLES.time[5]), int(CANDLES.time[7]))
    assert len(store) == 5
    for row in range(5, 9):
        assert isinstance(store.append(CANDLES.bar(row)), Appended)
    assert store.view().gaps() == ()


def test_a_candle_older_than_all_that_is_kept_is_bad() -> None:
    outcome = ring(rows=20).append(CANDLES.bar(2))
    assert isinstance(outcome, Bad)
    assert "older than all that is kept" in outcome.why


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"close": float("nan")}, "not a number"),
        ({"low": 0.0}, "not positive"),
        ({"high": 1.0}, "does not contain the bar"),
        ({"time_ms": START_MS + 5 * MINUTE_MS + 1}, "off the grid"),
        ({"volume": float("inf")}, "not a number"),
    ],
)
def test_an_impossible_candle_is_bad_and_not_taken(change: dict[str, float], why: str) -> None:
    store = ring()
    outcome = store.append(CANDLES.bar(5)._replace(**change))
    assert isinstance(outcome, Bad)
    assert why in outcome.why and "BTCUSDT 1m" in outcome.why
    assert len(store) == 5


def test_a_candle_of_another_symbol_is_the_callers_mistake() -> None:
    with pytest.raises(ValueError, match="ETHUSDT 1m given to the store of BTCUSDT 1m"):
        ring().append(CANDLES.bar(5)._replace(symbol="ETHUSDT"))


def test_a_history_replaces_everything_but_may_not_have_gaps() -> None:
    store = ring()
    store.replace(CANDLES)
    assert store.view().time.tolist() == CANDLES.time[22:].tolist()
    assert isinstance(store.append(CANDLES.bar(29)), Duplicate)
    with pytest.raises(ValueError, match="candles missing from 2022-01-01T00:25"):
        store.replace(without(CANDLES, 25))


def test_a_larger_window_keeps_what_is_there() -> None:
    store = CandleStore()
    first = store.open("BTCUSDT", timeframe_ms=MINUTE_MS, capacity=4)
    for row in range(10):
        store.append(CANDLES.bar(row))
    assert store.open("BTCUSDT", timeframe_ms=MINUTE_MS, capacity=20) is first
    for row in range(10, 30):
        store.append(CANDLES.bar(row))
    assert store.view("BTCUSDT", MINUTE_MS).time.tolist() == CANDLES.time[10:].tolist()


def test_a_ring_needs_room() -> None:
    with pytest.raises(ValueError, match="capacity 0"):
        CandleRing("BTCUSDT", timeframe_ms=MINUTE_MS, capacity=0)
