"""Reading what people type."""

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from engine.core.codec import decode, encode
from handlers import actions as a
from handlers.arguments import Found, NotFound, length_ms, number_of, period_of, symbol_of, whole_of
from tests.unit.views import examples as ex


@given(st.text(max_size=40))
def test_no_text_breaks_the_reading_of_arguments(text: str) -> None:
    symbol_of(text, ex.snapshot())
    length_ms(text)
    period_of(text, now_ms=ex.NOW_MS)
    whole_of(text, least=1, most=100)
    number = number_of(text)
    assert number is None or number.is_finite()


def test_numbers_are_read_as_people_write_them() -> None:
    for text in ("-3", "−3", "-3%", "-3,0", " -3.00 ", "-3 USDT"):
        assert number_of(text) == Decimal(-3)
    for text in ("", "three", "inf", "1e99", "--3"):
        assert number_of(text) is None


def test_lengths_have_a_unit_and_are_not_nothing() -> None:
    assert (length_ms("30m"), length_ms("4H"), length_ms("2d")) == (1_800_000, 14_400_000, 172_800_000)
    assert [length_ms(text) for text in ("0h", "4", "h", "4y", "-1h")] == [None] * 5


def test_both_days_of_a_period_belong_to_it() -> None:
    period = period_of("2026-11-18:2026-11-19", now_ms=ex.NOW_MS)
    assert period is not None
    assert period.until_ms - period.since_ms == 2 * 86_400_000


def test_a_symbol_is_found_with_or_without_its_quote_and_never_guessed() -> None:
    assert symbol_of("btc", ex.snapshot()) == Found("BTCUSDT")
    assert symbol_of("ETH-usdt", ex.snapshot()) == Found("ETHUSDT")
    assert symbol_of("bct", ex.snapshot()) == NotFound("bct", ("BTCUSDT",))


def test_every_action_survives_as_json() -> None:
    for action in (
        a.CloseOne(symbol="SOLUSDT", percent=50, seen_quantity=Decimal("1.0")),
        a.CloseEverything(profile="cft", seen_positions=3),
        a.Adopt(symbol="SOLUSDT", profile="manual"),
        a.LimitChange(key="daily_equity", old=Decimal(-4), new=Decimal("-3.5"), loosens=False),
        a.PauseEntries(until_ms=5),
        a.ResumeEntries(),
        a.RuleOn(profile="cft", rule="5 lower band touch"),
        a.ProfileOn(profile="cft"),
    ):
        assert decode(a.Action, encode(action, a.Action)) == action


def test_only_what_closes_pauses_or_tightens_is_free_of_added_risk() -> None:
    close = a.CloseEverything(seen_positions=1)
    tighten = a.LimitChange(key="x", old=Decimal(-4), new=Decimal(-3), loosens=False)
    loosen = a.LimitChange(key="x", old=Decimal(-3), new=Decimal(-4), loosens=True)
    found = [a.adds_risk(action) for action in (close, tighten, a.PauseEntries(), loosen, a.ResumeEntries())]
    assert found == [False, False, False, True, True]
