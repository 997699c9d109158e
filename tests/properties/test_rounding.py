"""On any grid: sizes round down, stops away from the entry, targets towards it, and the parts make the whole."""

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from engine.core.market import Instrument
from engine.core.money import PPM, from_money, share, to_money
from engine.core.risk import level_price, minimum_qty, quantity
from engine.core.strategy import Away
from tests.support.desk import profile

DIGITS = st.sampled_from([Decimal(1).scaleb(-power) for power in range(5)])
GRIDS = st.builds(
    lambda tick, step, least: Instrument(symbol="ABUSDT", tick=tick, step=step, min_qty=least, max_market_qty=10**9),
    tick=DIGITS.map(lambda tick: tick * 5),
    step=DIGITS,
    least=st.integers(1, 1_000),
)
TICKS = st.integers(1, 10**7)


@given(GRIDS, st.decimals(0, 10**6, places=9))
def test_prices_and_quantities_land_on_the_grid_from_the_stated_side(grid: Instrument, value: Decimal) -> None:
    assert grid.price(grid.ticks_down(value)) <= value <= grid.price(grid.ticks_up(value))
    assert grid.ticks_up(value) - grid.ticks_down(value) <= 1
    assert 0 <= value - grid.quantity(grid.steps(value)) < grid.step
    assert abs(grid.price(grid.ticks(value)) - value) * 2 <= grid.tick


@given(GRIDS, TICKS, st.integers(1, PPM // 2), st.booleans())
def test_stops_round_away_and_targets_towards_the_entry(grid: Instrument, entry: int, ppm: int, long: bool) -> None:
    stop = level_price(Away(ppm), entry, grid, up=not long, long=long)
    target = level_price(Away(ppm), entry, grid, up=long, long=long)
    exact = entry * ppm
    assert stop is not None
    assert target is not None
    assert 0 <= abs(entry - stop) * PPM - exact < PPM
    assert 0 <= exact - abs(target - entry) * PPM < PPM


@given(GRIDS, TICKS, st.integers(0, 10**15))
def test_a_size_never_costs_more_than_asked_but_for_one_step(grid: Instrument, price: int, notional: int) -> None:
    qty = quantity(grid, profile(), notional, price)
    least = minimum_qty(grid, price)
    assert qty <= notional // (price * grid.unit) or (qty == least and grid.notional(price, qty - 1) <= notional)
    assert grid.notional(price, qty + 1) > notional
    assert grid.notional(price, least) >= to_money(5)


@given(st.integers(-(10**20), 10**20), st.lists(st.integers(1, 1_000), min_size=1, max_size=10))
def test_what_is_shared_out_piece_by_piece_sums_to_the_whole(amount: int, parts: list[int]) -> None:
    left, whole = amount, sum(parts)
    for part in parts:
        piece = share(left, part, whole) if part != whole else left
        left, whole = left - piece, whole - part
    assert left == 0


@given(st.integers(-(10**20), 10**20))
def test_money_survives_the_boundary(units: int) -> None:
    assert to_money(from_money(units)) == units
