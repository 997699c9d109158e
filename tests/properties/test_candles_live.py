"""Live candles: any disturbed stream gives the same candles, coarse ones included, as the undisturbed one."""

from hypothesis import given
from hypothesis import strategies as st

from engine.candle_store import Appended, CandleRing
from engine.candles import Bar, Gap
from engine.core.market import MINUTE_MS
from engine.resample import Resampler, incomplete, resample
from tests.support.series import walk, without

CANDLES = walk(120, start_ms=1_640_995_200_000 + 7 * MINUTE_MS)


@given(arrivals=st.lists(st.integers(0, 119), max_size=300), capacity=st.integers(1, 40))
def test_whatever_arrives_the_store_holds_an_unbroken_run_of_true_candles(arrivals: list[int], capacity: int) -> None:
    ring = CandleRing("BTCUSDT", timeframe_ms=MINUTE_MS, capacity=capacity)
    newest: int | None = None
    for row in arrivals:
        outcome = ring.append(CANDLES.bar(row))
        assert isinstance(outcome, Appended) == (newest is None or row == newest + 1)
        assert isinstance(outcome, Gap) == (newest is not None and row > newest + 1)
        newest = row if isinstance(outcome, Appended) else newest
        view = ring.view()
        assert newest is not None and len(view) <= capacity
        assert view.close.tolist() == CANDLES.close[newest + 1 - len(view) : newest + 1].tolist()


@given(missing=st.sets(st.integers(0, 119), max_size=20), minutes=st.sampled_from([1, 3, 5, 15, 60]))
def test_live_and_bulk_resampling_agree_on_every_candle_and_every_hole(missing: set[int], minutes: int) -> None:
    fine = without(CANDLES, *missing)
    resampler = Resampler("BTCUSDT", finer_ms=MINUTE_MS, timeframe_ms=minutes * MINUTE_MS)
    results = [result for row in range(len(fine)) for result in resampler.feed(fine.bar(row))]
    coarse = resample(fine, timeframe_ms=minutes * MINUTE_MS)
    assert [result for result in results if isinstance(result, Bar)] == [coarse.bar(row) for row in range(len(coarse))]
    holes = tuple(result for result in results if not isinstance(result, Bar))
    assert holes == incomplete(fine, timeframe_ms=minutes * MINUTE_MS)
