"""Every view reads as its golden file says."""

import pytest
from aiogram.types import InlineKeyboardMarkup

from tests.unit.views.alert_cases import ALERTS
from tests.unit.views.cases import CASES
from tests.unit.views.golden import FOLDER, check
from tests.unit.views.risk_cases import RISK_CASES

EVERYTHING = (*CASES, *ALERTS, *RISK_CASES)


@pytest.mark.parametrize(("name", "text", "keyboard"), EVERYTHING, ids=[case[0] for case in EVERYTHING])
def test_a_view_reads_as_its_golden_file(name: str, text: str, keyboard: InlineKeyboardMarkup | None) -> None:
    check(name, text, keyboard)


def test_no_golden_file_is_left_over() -> None:
    assert {path.stem for path in FOLDER.glob("*.txt")} == {case[0] for case in EVERYTHING}
