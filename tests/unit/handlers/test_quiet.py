"""Quiet hours as they are typed."""

import pytest

from handlers.quiet import window_of


@pytest.mark.parametrize(
    ("typed", "window"),
    [
        ("23:00-07:00", (1_380, 420)),
        (" 7:05 - 19:30 ", (425, 1_170)),
        ("0:00–23:59", (0, 1_439)),
        ("24:00-07:00", None),
        ("23:60-07:00", None),
        ("08:00-08:00", None),
        ("23:00", None),
        ("", None),
    ],
)
def test_quiet_hours_are_two_different_times_of_the_day(typed: str, window: tuple[int, int] | None) -> None:
    assert window_of(typed) == window
