"""Layer 3 on any path: stops only ever get better and never lie beyond the price that asked for them."""

from hypothesis import given
from hypothesis import strategies as st

from engine.core.money import PPM
from engine.core.portfolio import Position
from engine.core.profile import Protection
from engine.core.protection import MoveStop, due, trigger_prices
from tests.support.desk import BTC, T0

PRICES = st.lists(st.integers(5_000, 20_000), min_size=1, max_size=40)
RULES = st.builds(
    Protection,
    breakeven_profit=st.none() | st.integers(0, 10**11),
    breakeven_ppm=st.none() | st.integers(1, 300_000),
    trail_from_ppm=st.none() | st.integers(1, 300_000),
    trail_by_ppm=st.none() | st.integers(1_000, 200_000),
)


def held(qty: int) -> Position:
    position = Position("p", BTC, "alpha", 100_000, T0, "go", 10_000, 10, low=10_000, high=10_000)
    position.qty, position.cost = qty, abs(qty) * 10_000 * 100_000
    return position


@given(st.integers(1, 500), st.booleans(), RULES, PRICES)
def test_a_stop_only_gets_better(size: int, long: bool, rules: Protection, prices: list[int]) -> None:
    position = held(size if long else -size)
    for price in prices:
        position.see(price, price)
        move = due(position, rules, price, at_ms=T0, taker_e8=55_000)
        if isinstance(move, MoveStop):
            assert not position.stop or (move.stop > position.stop) == long
            assert move.why == "trailing" or (move.stop < price) == long
            position.stop = move.stop


@given(st.integers(1, 500), st.booleans(), RULES, st.integers(5_000, 20_000))
def test_before_the_first_trigger_price_breakeven_asks_for_nothing(
    size: int, long: bool, rules: Protection, price: int
) -> None:
    position = held(size if long else -size)
    triggers = trigger_prices(position, rules)
    before = all(price < trigger if long else price > trigger for trigger in triggers)
    plain = Protection(breakeven_profit=rules.breakeven_profit, breakeven_ppm=rules.breakeven_ppm)
    if before:
        assert due(position, plain, price, at_ms=T0, taker_e8=55_000) is None


@given(st.integers(1, 500), st.booleans(), st.integers(1, 300_000), st.integers(5_000, 20_000))
def test_a_breakeven_stop_pays_for_both_fees_and_the_buffer(size: int, long: bool, ppm: int, price: int) -> None:
    position = held(size if long else -size)
    move = due(position, Protection(breakeven_ppm=ppm), price, at_ms=T0, taker_e8=55_000)
    if isinstance(move, MoveStop):
        least = position.cost * (2 * 550 + 200) // PPM
        assert position.unrealised(move.stop) >= least
        assert position.unrealised(move.stop + (-1 if long else 1)) < least + size * 100_000
