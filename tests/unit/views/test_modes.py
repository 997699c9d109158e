"""No alert leaves open whether the money in it is real."""

import pytest

from tests.unit.views.alert_cases import ALERTS


@pytest.mark.parametrize(("name", "text"), [case[:2] for case in ALERTS], ids=[case[0] for case in ALERTS])
def test_the_first_line_of_every_alert_names_the_mode(name: str, text: str) -> None:
    assert "LIVE" in text.splitlines()[0], name
