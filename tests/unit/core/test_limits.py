"""What each loss limit measures, and which crossings are new."""

from dataclasses import replace

import pytest

from engine.core.limits import Ledger, crossing, floor_equity, level_of, measure, renewals
from engine.core.money import to_money
from engine.core.profile import Action, LimitSpec, Measure
from tests.support.desk import DAY, T0

M = Measure
HUNDRED = to_money(100)


def limit(kind: Measure = M.DAILY_EQUITY, threshold: int = -50_000, **changes: object) -> LimitSpec:
    fields: dict[str, object] = {"name": "l", "action": Action.ALERT, "floor": -(10**12), "ceiling": -1}
    return LimitSpec(measure=kind, threshold=threshold, **(fields | changes))


REFERENCES = {"day": 200, "day.balance": 400, "week": 500, "peak": 1_000, "start": 300}


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (M.UNREALISED, -500_000),
        (M.DAILY_BALANCE, -500_000),
        (M.DAILY_EQUITY, -500_000),
        (M.WEEKLY_EQUITY, -800_000),
        (M.PEAK_EQUITY, -900_000),
        (M.DAILY_LOSS, -100),
        (M.TOTAL_LOSS, -200),
    ],
)
def test_every_limit_measures_its_own_quantity(kind: Measure, value: int) -> None:
    assert measure(limit(kind), Ledger(200, 100, -100), REFERENCES) == value


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (M.UNREALISED, -200_000),
        (M.DAILY_BALANCE, -24_703),
        (M.DAILY_EQUITY, -100_000),
        (M.WEEKLY_EQUITY, -190_476),
        (M.PEAK_EQUITY, -248_847),
        (M.DAILY_LOSS, -100),
        (M.TOTAL_LOSS, -300),
    ],
)
def test_a_profiles_loss_is_a_share_of_what_it_is_allocated_of_the_present_account(kind: Measure, value: int) -> None:
    # Half of an account that stands at 1,900: what others made or lost since counts there, what it lost itself not.
    ledger = Ledger(balance=4_980, equity=4_900, unrealised=-200, account_balance=2_000, account_equity=1_900)
    ledger = replace(ledger, allocation_ppm=500_000)
    references = {"day": 5_000, "day.balance": 5_005, "week": 5_100, "peak": 5_170, "start": 5_200}
    assert measure(limit(kind, profile="alpha"), ledger, references) == value


@pytest.mark.parametrize("kind", [M.UNREALISED, M.DAILY_BALANCE, M.DAILY_EQUITY, M.WEEKLY_EQUITY, M.PEAK_EQUITY])
def test_without_a_positive_reference_nothing_is_measured(kind: Measure) -> None:
    assert measure(limit(kind), Ledger(0, 0, -100), {}) is None


@pytest.mark.parametrize("kind", [M.DAILY_LOSS, M.TOTAL_LOSS])
def test_a_loss_before_its_reference_is_known_is_no_loss(kind: Measure) -> None:
    assert measure(limit(kind), Ledger(5, 5, 0), {}) == 0


def test_a_limit_is_reached_exactly_at_its_threshold() -> None:
    at = measure(limit(), Ledger(0, 95 * 10**8, 0), {"day": HUNDRED})
    before = measure(limit(), Ledger(0, 95 * 10**8 + 1, 0), {"day": HUNDRED})
    assert (level_of(at, -50_000, 800_000), level_of(before, -50_000, 800_000)) == ("breached", "warned")


@pytest.mark.parametrize(("value", "level"), [(-40_000, "warned"), (-39_999, ""), (-50_000, "breached"), (None, "")])
def test_the_warning_comes_at_its_share_of_the_limit(value: int | None, level: str) -> None:
    assert level_of(value, -50_000, 800_000) == level


def found(value: int | None, before: str, spec: LimitSpec | None = None) -> str:
    crossed = crossing(spec or limit(M.PEAK_EQUITY), -50_000, value, before)
    return crossed.level if crossed else ""


def test_a_level_rises_once_per_crossing() -> None:
    assert found(-40_000, "") == "warned"
    assert found(-41_000, "warned") == ""
    assert found(-60_000, "") == found(-60_000, "warned") == "breached"
    assert found(-70_000, "breached") == ""
    assert found(None, "warned") == ""


def test_a_trembling_value_is_one_crossing() -> None:
    assert found(-39_000, "warned") == ""
    assert found(-20_000, "warned") == ""
    assert found(-19_999, "warned") == "cleared"
    assert found(-45_000, "breached") == ""
    assert found(0, "breached") == "cleared"


@pytest.mark.parametrize("kind", [M.DAILY_EQUITY, M.DAILY_BALANCE, M.DAILY_LOSS, M.WEEKLY_EQUITY])
def test_what_was_breached_for_a_period_stays_breached_in_it(kind: Measure) -> None:
    assert found(0, "breached", limit(kind)) == ""
    assert found(0, "warned", limit(kind)) == "cleared"


def test_references_are_renewed_with_their_period_and_the_peak_when_passed() -> None:
    first = dict(renewals(Ledger(10, 12, 2), {}, T0))
    assert first.keys() == {"start", "day.at", "day", "day.balance", "week.at", "week", "peak"}
    assert (first["day"], first["day.balance"], first["week"], first["peak"], first["start"]) == (12, 10, 12, 12, 12)
    assert dict(renewals(Ledger(10, 12, 2), first, T0 + 60_000)) == {}
    assert dict(renewals(Ledger(10, 13, 2), first, T0)) == {"peak": 13}
    assert dict(renewals(Ledger(9, 11, 2), first, T0 + DAY)).keys() == {"day.at", "day", "day.balance"}
    assert dict(renewals(Ledger(9, 11, 2), first, T0 + 5 * DAY)).keys() >= {"week.at", "week"}


def test_keys_periods_and_units_follow_from_the_measure() -> None:
    assert (limit().key, limit(profile="cft").key) == ("l", "cft.l")
    assert (limit().period, limit(M.WEEKLY_EQUITY).period, limit(M.PEAK_EQUITY).period) == ("day", "week", "")
    assert (limit(M.TOTAL_LOSS).in_money, limit(M.DAILY_LOSS).in_money, limit().in_money) == (True, True, False)


@pytest.mark.parametrize(
    "kind", [M.UNREALISED, M.DAILY_EQUITY, M.WEEKLY_EQUITY, M.PEAK_EQUITY, M.DAILY_LOSS, M.TOTAL_LOSS]
)
@pytest.mark.parametrize("level", ["", "warned"])
@pytest.mark.parametrize("reference", [HUNDRED, 99_999_999_999, 12_345_678_901])
def test_the_floor_for_skipping_never_hides_a_crossing(kind: Measure, level: str, reference: int) -> None:
    spec = limit(kind, -51_234)
    names = dict.fromkeys(("day", "week", "peak", "start"), reference)
    floor = floor_equity(spec, spec.threshold, level, Ledger(reference, reference, 0), names)
    above = Ledger(reference, floor + 1, floor + 1 - reference)
    assert crossing(spec, spec.threshold, measure(spec, above, names), level) is None
    beyond = Ledger(reference, floor - 2, floor - 2 - reference)
    assert crossing(spec, spec.threshold, measure(spec, beyond, names), level) is not None
