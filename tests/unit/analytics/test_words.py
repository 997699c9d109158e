"""Numbers, dates and ticks as a phone shows them."""

from datetime import UTC, datetime

import pytest

from engine.analytics.charts.axes import decimals_of
from engine.analytics.charts.theme import readable_on
from engine.analytics.charts.timeaxis import ticks
from engine.analytics.charts.words import amount, period, short_amount
from tests.unit.analytics.samples import DAY, HOUR, START


@pytest.mark.parametrize(
    ("value", "words"),
    [(1234.5, "+1,234.50"), (-0.004, "0.00"), (-84.2, "−84.20"), (0.0, "0.00")],
)
def test_amounts_have_separators_a_true_minus_and_no_sign_at_zero(value: float, words: str) -> None:
    assert amount(value, sign=True) == words


@pytest.mark.parametrize(
    ("value", "words"),
    [(9.994, "+9.99"), (99.996, "+100.0"), (-412.34, "−412.3"), (1234.6, "+1,235"), (-12_345, "−12.3k"),
     (999_960, "+1.0M"), (-2_500_000, "−2.5M")],
)  # fmt: skip
def test_short_amounts_fit_a_cell(value: float, words: str) -> None:
    assert short_amount(value) == words
    assert len(words) <= 7


def test_a_period_of_one_moment_is_named_once() -> None:
    moment = datetime(2025, 5, 1, 10, 30, tzinfo=UTC)
    assert period(moment, moment) == "1 May 2025, 10:30"
    assert period(moment, moment.replace(hour=12)) == "1 May 2025, 10:30 – 12:30"
    assert period(moment, moment.replace(month=6)) == "1 May – 1 Jun 2025"
    assert period(moment, moment.replace(year=2026)) == "1 May 2025 – 1 May 2026"


@pytest.mark.parametrize(("step", "places"), [(2.5, 1), (0.25, 2), (0.1, 1), (20, 0), (0.02, 2), (1, 0)])
def test_a_tick_shows_the_decimals_its_step_needs(step: float, places: int) -> None:
    assert decimals_of(step) == places


@pytest.mark.parametrize("span", [60_000, HOUR, 7 * HOUR, DAY, 9 * DAY, 45 * DAY, 400 * DAY, 4000 * DAY])
@pytest.mark.parametrize("zone", ["UTC", "Asia/Kathmandu", "America/New_York"])
def test_there_are_one_to_five_ascending_ticks_inside_the_span(span: int, zone: str) -> None:
    found = ticks(START + 123_456, START + 123_456 + span, zone=zone)
    times = [time_ms for time_ms, _ in found]
    assert 1 <= len(found) <= 5
    assert times == sorted(set(times))
    assert times[0] >= START + 123_456
    assert times[-1] <= START + 123_456 + span


def test_ticks_stay_on_round_local_hours_across_a_change_of_the_clock() -> None:
    start = int(datetime(2025, 3, 29, 23, tzinfo=UTC).timestamp() * 1000)
    labels = [words.split("\n")[0] for _, words in ticks(start, start + 22 * HOUR, zone="Europe/Berlin")]
    assert labels == ["00:00", "06:00", "12:00", "18:00"]


@pytest.mark.parametrize(("ground", "ink"), [("#ffffff", "#0d1117"), ("#12161d", "#ffffff"), ("#cf2f3c", "#ffffff")])
def test_text_contrasts_with_its_ground(ground: str, ink: str) -> None:
    assert readable_on(ground) == ink
