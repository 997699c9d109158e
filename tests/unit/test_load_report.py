"""The report of the load benchmark: percentiles by rank, shares of aims, a verdict that fails below 0.8."""

import json

import pytest

from tests.benchmarks.load.budget import Counter
from tests.benchmarks.load.report import Report, Row, percentile


@pytest.mark.parametrize(
    ("values", "percent", "expected"),
    [([5.0], 99, 5.0), (range(1, 101), 99, 99), (range(1, 102), 99, 100), ([3, 1, 2], 50, 2), (range(1, 101), 50, 50)],
)
def test_a_percentile_is_the_smallest_value_that_enough_values_do_not_exceed(
    values: list[float], percent: int, expected: float
) -> None:
    assert percentile(list(values), percent) == expected


@pytest.mark.parametrize(
    ("value", "least", "passed"), [(25.0, False, True), (31.2, False, True), (31.3, False, False), (20.0, True, True)]
)
def test_a_figure_passes_from_eight_tenths_of_its_aim(value: float, least: bool, passed: bool) -> None:
    assert Row(name="x", value=value, unit="ms", aim=25.0, least=least).passed is passed


def test_a_run_without_samples_or_with_a_finding_fails() -> None:
    report = Report()
    report.latencies("candle", [1.0, 2.0], aim=25)
    assert report.passed
    report.latencies("message", [], aim=50)
    assert not report.passed
    assert "WRONG: message: no samples" in report.text()
    assert json.loads(report.json())["passed"] is False


def test_orders_above_the_limit_of_a_second_are_refused_and_counted() -> None:
    counter = Counter()
    assert counter.take("create", 10, 0)
    assert not counter.take("create", 1, 999_999_999)
    assert counter.take("batch", 1, 1)
    assert counter.take("create", 1, 1_000_000_000)
    assert (counter.most, counter.refused) == (11, 1)
