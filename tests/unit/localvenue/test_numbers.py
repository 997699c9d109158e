"""Numbers are read strictly and written plainly."""

from decimal import Decimal

import pytest

from bot.localvenue.codes import VenueError
from bot.localvenue.numbers import decimal_of, flag_of, int_of, money, on_grid, or_empty, plain, text_of


@pytest.mark.parametrize(
    ("value", "text"),
    [("0.00001", "0.00001"), ("1E-7", "0.0000001"), ("100", "100"), ("1.50", "1.5"), ("0", "0"), ("-2.30", "-2.3")],
)
def test_numbers_have_no_exponent_and_no_idle_zeros(value: str, text: str) -> None:
    assert plain(Decimal(value)) == text


def test_grids_give_the_decimals_and_zero_may_be_empty() -> None:
    assert on_grid(Decimal(3), Decimal("0.10")) == "3.00"
    assert or_empty(Decimal(0), Decimal("0.1")) == ""
    assert money(-150_000_000) == "-1.5"


@pytest.mark.parametrize(
    "value", ["1e-05", "-1", "+1", " 1", "1.", ".5", "NaN", "1_0", "\u0661", 0.5, 1, True, [], "1" * 30]
)
def test_anything_but_a_plain_decimal_string_is_refused(value: object) -> None:
    with pytest.raises(VenueError, match="Qty invalid"):
        decimal_of({"qty": value}, "qty", text="Qty invalid")


def test_absent_and_empty_are_the_same() -> None:
    assert decimal_of({"qty": ""}, "qty") is None
    assert int_of({}, "limit", 5) == 5
    assert text_of({"side": ""}, "side", "Buy") == "Buy"
    assert flag_of({}, "reduceOnly") is False


@pytest.mark.parametrize("value", ["1.5", "x", True, 1.0, "9" * 30])
def test_anything_but_an_integer_is_refused(value: object) -> None:
    with pytest.raises(VenueError):
        int_of({"limit": value}, "limit")


@pytest.mark.parametrize("value", [1, "yes", "True"])
def test_anything_but_a_truth_value_is_refused(value: object) -> None:
    with pytest.raises(VenueError):
        flag_of({"reduceOnly": value}, "reduceOnly")
