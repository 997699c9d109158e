"""The windows of the past: on one grid for every run, without gap or overlap, never longer than the exchange allows."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from engine.core.market import DAY_MS
from engine.exchanges.bybit.backfill import windows
from engine.exchanges.bybit.queries import MEMORY_MS, WINDOW_MS

NOW = st.integers(1, 40_000 * DAY_MS)
BACK = st.integers(0, 800 * DAY_MS)


@given(now=NOW, back=BACK)
def test_windows_leave_no_gap_and_overlap_nowhere(now: int, back: int) -> None:
    found = list(windows(now - back, now))
    assert found[0].from_ms <= max(now - back, now - MEMORY_MS, 1)
    assert found[-1].end_ms == now
    assert all(later.from_ms == sooner.end_ms + 1 for sooner, later in pairwise(found))


@given(now=NOW, back=BACK)
def test_no_window_asks_for_more_than_the_exchange_answers(now: int, back: int) -> None:
    for window in windows(now - back, now):
        assert max(1, now - MEMORY_MS) <= window.from_ms <= window.end_ms <= now
        assert window.end_ms - window.from_ms < WINDOW_MS


@given(now=NOW, back=BACK, later=st.integers(0, 60 * DAY_MS))
def test_a_window_keeps_its_name_and_once_whole_stays_as_it_is(now: int, back: int, later: int) -> None:
    then = {window.start_ms: window for window in windows(now - back + later, now + later)}
    for window in windows(now - back, now):
        assert window.start_ms % WINDOW_MS == 0
        if window.whole:
            # Nothing that can be asked for now was outside of it.
            assert window.from_ms == max(window.start_ms, 1)
            assert window.end_ms == window.start_ms + WINDOW_MS - 1
            if window.start_ms in then:
                assert then[window.start_ms].end_ms == window.end_ms
