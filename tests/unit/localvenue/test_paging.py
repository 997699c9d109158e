"""Windows and cursors follow Bybit's rules."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.localvenue.codes import INVALID, VenueError
from bot.localvenue.paging import WEEK_MS, limit_of, page, window

NOW = 1_790_000_000_000
DAY = 86_400_000


def text_of_refusal(**body: Any) -> str:
    with pytest.raises(VenueError) as error:
        window(body, NOW)
    assert error.value.code == INVALID
    return error.value.text


def test_without_times_the_last_seven_days_are_meant() -> None:
    found = window({}, NOW)
    assert (found.start_ms, found.end_ms) == (NOW - WEEK_MS, NOW)


def test_only_a_start_means_the_seven_days_after_it() -> None:
    found = window({"startTime": str(NOW - 30 * DAY)}, NOW)
    assert (found.start_ms, found.end_ms) == (NOW - 30 * DAY, NOW - 23 * DAY)


def test_only_an_end_means_the_seven_days_before_it() -> None:
    found = window({"endTime": NOW - 30 * DAY}, NOW)
    assert (found.start_ms, found.end_ms) == (NOW - 37 * DAY, NOW - 30 * DAY)


def test_both_ends_belong_to_the_window() -> None:
    found = window({"startTime": NOW - 5, "endTime": NOW}, NOW)
    assert [at in found for at in (NOW - 6, NOW - 5, NOW, NOW + 1)] == [False, True, True, False]


def test_more_than_seven_days_are_refused() -> None:
    assert "7 days" in text_of_refusal(startTime=NOW - WEEK_MS - 1, endTime=NOW)


def test_a_reversed_window_is_refused() -> None:
    assert "startTime" in text_of_refusal(startTime=NOW, endTime=NOW - 1)


def test_what_is_older_than_two_years_is_refused_in_the_exchanges_words() -> None:
    text = text_of_refusal(startTime=NOW - 732 * DAY)
    assert text == "Can't query order earlier than 2 years, please check your params: startTime or endTime!"


@pytest.mark.parametrize("limit", ["0", "-1", "101", "x"])
def test_page_sizes_outside_the_endpoints_range_are_refused(limit: str) -> None:
    with pytest.raises(VenueError):
        limit_of({"limit": limit}, default=50, most=100)


@given(count=st.integers(0, 120), limit=st.integers(1, 50))
def test_pages_together_are_the_whole_list(count: int, limit: int) -> None:
    rows = [f"id-{number}" for number in range(count)]
    seen, cursor = [], ""
    for _ in range(count + 1):
        chosen, cursor = page(rows, {"cursor": cursor}, name=str, limit=limit)
        seen += chosen
        if not cursor:
            break
    assert seen == rows
    assert cursor == ""


def test_rows_added_in_front_do_not_shift_the_next_page() -> None:
    rows = ["c", "b", "a"]
    first, cursor = page(rows, {}, name=str, limit=1)
    second, _ = page(["e", "d", *rows], {"cursor": cursor}, name=str, limit=2)
    assert (first, second) == (["c"], ["b", "a"])


def test_a_cursor_survives_the_disappearance_of_its_row() -> None:
    _, cursor = page(["c", "b", "a"], {}, name=str, limit=1)
    assert page(["c", "a"], {"cursor": cursor}, name=str, limit=5)[0] == ["a"]


def test_a_foreign_cursor_is_refused() -> None:
    with pytest.raises(VenueError):
        page(["a"], {"cursor": "zz%3Ayy"}, name=str, limit=1)
