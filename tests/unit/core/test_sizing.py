"""The size of an entry: every mode, rounded down, capped, halved by a weekly limit, raised by at most one step."""

from decimal import Decimal

import pytest

from engine.core.market import Instrument
from engine.core.money import to_money
from engine.core.profile import Action, LimitSpec, Measure, SizeMode, Sizing
from engine.core.risk import level_price, minimum_qty, quantity, wanted_notional
from engine.core.strategy import At, Away, Multiple, Nearest, Off
from tests.support.desk import Bench, account, instrument, profile

M = SizeMode


def wanted(sizing: Sizing, *, stop: int | None = 9_950, **changes: object) -> int:
    alpha = profile(sizing=sizing, **changes)
    return wanted_notional(Bench(account(alpha)).ws, alpha, instrument(), expected=10_000, stop=stop)


@pytest.mark.parametrize(
    ("sizing", "notional"),
    [
        (Sizing(mode=M.QUANTITY, amount=to_money("2.5")), 250),
        (Sizing(mode=M.NOTIONAL, amount=to_money(1_500)), 1_500),
        (Sizing(mode=M.MARGIN, amount=to_money(150)), 1_500),
        (Sizing(mode=M.EQUITY_MARGIN, ppm=70_000), 7_000),
        (Sizing(mode=M.EQUITY_RISK, ppm=5_000), 10_000),
        (Sizing(mode=M.EQUITY_RISK, ppm=20_000, cap=2), 20_000),
    ],
)
def test_every_mode_finds_its_notional(sizing: Sizing, notional: int) -> None:
    assert wanted(sizing) == to_money(notional)


def test_sizes_by_equity_follow_the_allocation() -> None:
    assert wanted(Sizing(mode=M.EQUITY_MARGIN, ppm=70_000), allocation_ppm=500_000) == to_money(3_500)


def test_a_size_by_risk_needs_a_stop_away_from_the_entry() -> None:
    risk = Sizing(mode=M.EQUITY_RISK, ppm=5_000)
    assert wanted(risk, stop=None) == 0
    assert wanted(risk, stop=10_000) == 0


def test_a_lost_account_asks_for_nothing() -> None:
    alpha = profile(sizing=Sizing(mode=M.EQUITY_MARGIN, ppm=70_000))
    bench = Bench(account(alpha), wallet=-1)
    assert wanted_notional(bench.ws, alpha, instrument(), expected=10_000, stop=None) == 0


def half(profile_name: str = "") -> LimitSpec:
    return LimitSpec(
        name="weekly",
        measure=Measure.WEEKLY_EQUITY,
        threshold=-40_000,
        action=Action.HALVE_SIZE,
        profile=profile_name,
        floor=-1,
        ceiling=0,
    )


def test_a_breached_weekly_limit_halves_the_size_of_its_scope() -> None:
    beta = profile("beta", limits=(half("beta"),))
    alpha = profile()
    bench = Bench(account(alpha, beta))
    bench.state.levels["beta.weekly"] = "breached"
    sizes = [wanted_notional(bench.ws, p, instrument(), expected=10_000, stop=None) for p in (alpha, beta)]
    assert sizes == [to_money(1_500), to_money(750)]
    bench.state.levels["beta.weekly"] = "warned"
    assert wanted_notional(bench.ws, beta, instrument(), expected=10_000, stop=None) == to_money(1_500)


def test_the_accounts_weekly_limit_halves_everybody() -> None:
    alpha = profile()
    bench = Bench(account(alpha, limits=[half()]))
    bench.state.levels["weekly"] = "breached"
    assert wanted_notional(bench.ws, alpha, instrument(), expected=10_000, stop=None) == to_money(750)


def small(**changes: object) -> Instrument:
    return instrument(**({"min_qty": 4, "min_notional": Decimal(5)} | changes))


@pytest.mark.parametrize(("amount", "qty"), [("40", 4), ("39.99", 4), ("30", 4), ("29.99", 2), ("55.5", 5)])
def test_a_fixed_size_is_rounded_down_and_raised_by_at_most_one_step(amount: str, qty: int) -> None:
    alpha = profile(sizing=Sizing(mode=M.NOTIONAL, amount=to_money(amount)))
    assert quantity(small(), alpha, to_money(amount), 10_000) == qty


@pytest.mark.parametrize(("asked", "qty"), [("50", 1), ("49.99", 0), ("0.5", 0)])
def test_one_step_up_is_never_more_than_twice_what_was_asked_for(asked: str, qty: int) -> None:
    dear = instrument(step=Decimal(1))
    own = profile(sizing=Sizing(mode=M.NOTIONAL, amount=to_money(asked)))
    assert quantity(dear, own, to_money(asked), 10_000) == qty


def test_a_size_by_equity_is_never_raised() -> None:
    alpha = profile(sizing=Sizing(mode=M.EQUITY_MARGIN, ppm=70_000))
    assert quantity(small(), alpha, to_money("39.99"), 10_000) == 3


def test_the_minimum_is_the_larger_of_quantity_and_value() -> None:
    assert minimum_qty(small(), 10_000) == 4
    assert minimum_qty(small(min_notional=Decimal("40.01")), 10_000) == 5


@pytest.mark.parametrize(("long", "stop", "target"), [(True, 9_950, 10_201), (False, 10_052, 9_801)])
def test_a_stop_rounds_away_from_the_entry_and_a_target_towards_it(long: bool, stop: int, target: int) -> None:
    # 10,001 ticks: 0.5 % is 50.005 away, 2 % is 200.02 away.
    i = instrument()
    assert level_price(Away(5_000), 10_001, i, up=not long, long=long) == stop
    assert level_price(Away(20_000), 10_001, i, up=long, long=long) == target


def test_an_absolute_level_rounds_the_same_way() -> None:
    i = instrument()
    assert level_price(At(99.505), 10_000, i, up=False, long=True) == 9_950
    assert level_price(At(100.505), 10_000, i, up=True, long=False) == 10_051
    assert level_price(None, 10_000, i, up=True, long=True) is None


def test_a_distance_in_price_rounds_as_a_share_does() -> None:
    i = instrument()
    assert level_price(Off(0.505), 10_000, i, up=False, long=True) == 9_949
    assert level_price(Off(0.505), 10_000, i, up=True, long=True) == 10_050
    assert level_price(Off(0.505), 10_000, i, up=True, long=False) == 10_051
    assert level_price(Off(0.505), 10_000, i, up=False, long=False) == 9_950


def test_the_last_digits_of_a_computed_level_do_not_move_it_to_the_next_tick() -> None:
    i = instrument()
    assert level_price(Off(1.5 * 0.28000000000000014), 10_000, i, up=True, long=False) == 10_042
    assert level_price(Off(1.5 * 0.28000000000000014), 10_000, i, up=False, long=True) == 9_958
    assert level_price(At(99.58000000000002), 10_000, i, up=True, long=False) == 9_958
    assert level_price(At(99.57999999999998), 10_000, i, up=False, long=True) == 9_958


def test_the_nearest_of_several_levels_is_taken() -> None:
    i = instrument()
    levels = Nearest((At(98.0), Off(3.0), Away(15_000)))
    assert level_price(levels, 10_000, i, up=False, long=True) == 9_850
    assert level_price(levels, 9_900, i, up=False, long=True) == 9_800
    assert level_price(Nearest((Off(3.0), Away(150_000))), 10_000, i, up=True, long=False) == 10_300
    assert level_price(Nearest(()), 10_000, i, up=True, long=False) is None


def test_a_multiple_is_measured_by_the_rounded_stop_and_rounds_towards_the_entry() -> None:
    i = instrument()
    assert level_price(Multiple(3.0), 10_000, i, up=True, long=True, stop=9_949) == 10_153
    assert level_price(Multiple(1.5), 10_000, i, up=True, long=True, stop=9_949) == 10_076
    assert level_price(Multiple(1.5), 10_000, i, up=False, long=False, stop=10_051) == 9_924
    assert level_price(Multiple(3.0), 10_000, i, up=True, long=True) == 10_000
