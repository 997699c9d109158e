"""Golden runs of the strategies on recorded candles: signals confirmed over whole columns, trades by a plain loop."""

from dataclasses import dataclass
from pathlib import Path

import pytest

from engine.core.money import from_money
from tests.acceptance.plain import golden
from tests.acceptance.plain.cases import CASES, Case
from tests.acceptance.plain.loop import Loop
from tests.acceptance.plain.record import Recorded, record


@dataclass(frozen=True, slots=True)
class Twice:
    """One case as the engine and as the plain loop did it."""

    case: Case
    engine: Recorded
    plain: Loop


@pytest.fixture(scope="module", params=CASES, ids=lambda case: case.name)
def twice(request: pytest.FixtureRequest, market_data: Path) -> Twice:
    case: Case = request.param
    asked = case.request(market_data)
    return Twice(case, record(asked), case.plain(market_data, asked))


def test_the_signals_and_what_became_of_them_are_those_of_whole_columns(twice: Twice) -> None:
    assert sorted(twice.engine.told) == sorted(twice.plain.told)
    assert twice.case.checks <= {told.check for told in twice.plain.told}


def test_the_trades_are_those_of_the_plain_loop_to_the_cent(twice: Twice) -> None:
    found, expected = sorted(twice.engine.trips), sorted(twice.plain.trips)
    assert [(trip[:-1], golden.cents(trip.net)) for trip in found] == [
        (trip[:-1], golden.cents(trip.net)) for trip in expected
    ]
    assert twice.case.reasons <= {trip.why for trip in expected}


def test_the_equity_at_the_end_is_that_of_the_plain_loop_to_the_cent(twice: Twice) -> None:
    assert f"{twice.engine.result.final_equity:.2f}" == f"{from_money(twice.plain.equity()):.2f}"


def test_the_run_is_the_golden_one(twice: Twice) -> None:
    found = twice.engine
    golden.check(twice.case.name, golden.written(found.told, found.trips, found.result.final_equity))
