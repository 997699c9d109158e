"""Money is exact integers; rounding is stated and never in our favour."""

from decimal import Decimal

import pytest

from engine.core.money import at_rate, from_money, percent_to_ppm, ppm_of, rate_to_e8, share, to_money


@pytest.mark.parametrize(
    ("text", "units"), [("0.1", 10**7), ("-3.00000001", -300_000_001), ("0", 0), ("12", 12 * 10**8)]
)
def test_amounts_survive_the_way_to_units_and_back(text: str, units: int) -> None:
    assert to_money(text) == units
    assert from_money(units) == Decimal(text)


def test_below_a_unit_amounts_round_half_to_even() -> None:
    assert (to_money("0.000000005"), to_money("0.000000015"), to_money("0.000000016")) == (0, 2, 2)


def test_a_rate_is_applied_half_away_from_zero_on_both_sides() -> None:
    assert rate_to_e8("0.00055") == 55_000
    assert (at_rate(10**8, 55_000), at_rate(-(10**8), 55_000)) == (55_000, -55_000)
    half = 5 * 10**7
    assert (at_rate(1, half), at_rate(-1, half), at_rate(1, half - 1), at_rate(-1, half - 1)) == (1, -1, 0, 0)


def test_a_share_is_truncated_so_that_the_rest_is_never_lost() -> None:
    assert (share(10, 1, 3), share(-10, 1, 3)) == (3, -3)
    assert share(10, 1, 3) + (10 - share(10, 1, 3)) == 10


def test_parts_per_million_are_exact() -> None:
    assert (ppm_of(1_000_001, 500_000), ppm_of(-1_000_001, 500_000)) == (500_000, -500_000)
    assert (percent_to_ppm("0.5"), percent_to_ppm(-4), percent_to_ppm(Decimal("0.00005"))) == (5_000, -40_000, 0)
