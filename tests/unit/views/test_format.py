"""Single values are written one way everywhere."""

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from handlers.views import format as f
from tests.unit.views import examples as ex


def test_money_has_a_true_minus_separators_and_no_signed_zero() -> None:
    assert f.signed(Decimal("-410.6")) == "−410.60"
    assert f.signed(Decimal("38.42")) == "+38.42"
    assert [f.signed(Decimal(value)) for value in ("0", "-0.004", "0.004")] == ["0.00"] * 3
    assert f.money(Decimal("1234567.895")) == "1,234,567.90"
    assert f.signed(None) == f.money(None) == "–"


def test_what_was_paid_reads_negative_and_what_was_received_positive() -> None:
    assert (f.cost(Decimal("0.16")), f.cost(Decimal("-0.11"))) == ("−0.16", "+0.11")


def test_prices_stand_on_the_symbols_tick() -> None:
    assert f.price(Decimal("88123.456789"), Decimal("0.10")) == "88,123.5"
    assert f.price(Decimal("142.3"), Decimal("0.05")) == "142.30"
    assert f.price(Decimal("142.33"), Decimal("0.05")) == "142.35"
    assert f.price(Decimal(1234), Decimal(1)) == "1,234"


def test_prices_without_a_tick_keep_six_digits() -> None:
    prices = [f.price(Decimal(value), None) for value in ("88123.456789", "0.0000123456789", "1234567.8", "0")]
    assert prices == ["88,123.5", "0.0000123457", "1,234,568", "0"]


def test_spans_use_their_two_largest_units() -> None:
    lengths = (0, 59_999, 61_000, 3_600_000, 11_520_000, 187_200_000)
    assert [f.span(length) for length in lengths] == ["0s", "59s", "1m 01s", "1h 00m", "3h 12m", "2d 4h"]
    assert [f.age(length) for length in (59_999, 61_000, 3_840_000)] == ["<1m", "1m", "1h04m"]


def test_times_name_their_zone() -> None:
    assert f.moment(ex.NOW_MS, ex.VIENNA) == "19 Nov 15:32 CET"
    assert f.clock(ex.NOW_MS, ex.UTC_ZONE) == "14:32:00 UTC"


@given(st.decimals(min_value=-(10**12), max_value=10**12, allow_nan=False, places=8))
def test_a_written_amount_reads_back_to_the_cent(value: Decimal) -> None:
    text = f.signed(value)
    read = Decimal(text.replace(",", "").replace(f.MINUS, "-"))
    assert abs(read - value) <= Decimal("0.005")
    assert (text[0] == "+") == (read > 0)
