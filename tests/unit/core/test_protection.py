"""Layer 3 as pure questions: breakeven, trailing, losers, age."""

from dataclasses import replace

import pytest

from engine.core.market import HOUR_MS
from engine.core.money import to_money
from engine.core.portfolio import Position
from engine.core.profile import Protection
from engine.core.protection import CloseFor, MoveStop, better, breakeven_stop, describe, due, grid, trigger_prices
from tests.support.desk import BTC, T0

UNIT = 100_000
TAKER = 55_000


def held(*, long: bool = True, entry: int = 10_000, qty: int = 150, stop: int | None = None) -> Position:
    """1,500 USDT at 100.00."""
    position = Position("p", BTC, "alpha", UNIT, T0, "go", entry, 10, low=entry, high=entry)
    position.qty, position.cost = (qty if long else -qty), entry * qty * UNIT
    position.stop = stop if stop is not None else (9_950 if long else 10_050)
    return position


def asked(position: Position, rules: Protection, mark: int, age: int = 0) -> MoveStop | CloseFor | None:
    return due(position, rules, mark, at_ms=T0 + age, taker_e8=TAKER)


EIGHT = Protection(breakeven_profit=to_money(8))


def test_eight_dollars_on_fifteen_hundred_move_the_stop_past_both_commissions_and_the_buffer() -> None:
    # 8 USDT on 15 coins are 53.3 ticks; 2 x 0.055 % + 0.02 % of 100.00 are 0.13.
    assert asked(held(), EIGHT, 10_053) is None
    assert asked(held(), EIGHT, 10_054) == MoveStop(10_013, "breakeven")
    assert asked(held(long=False), EIGHT, 9_947) is None
    assert asked(held(long=False), EIGHT, 9_946) == MoveStop(9_987, "breakeven")


def test_the_trigger_may_be_a_share_of_the_entry() -> None:
    rules = Protection(breakeven_ppm=80_000)
    assert asked(held(), rules, 10_799) is None
    assert asked(held(), rules, 10_800) == MoveStop(10_013, "breakeven")


def test_the_breakeven_stop_rounds_towards_profit() -> None:
    assert breakeven_stop(held(entry=10_001), TAKER, 200) == 10_015
    assert breakeven_stop(held(entry=10_001, long=False), TAKER, 200) == 9_987


def test_a_stop_is_never_set_beyond_the_price_and_never_moved_back() -> None:
    early = Protection(breakeven_profit=1)
    assert asked(held(), early, 10_013) is None
    assert asked(held(), early, 10_014) == MoveStop(10_013, "breakeven")
    assert asked(held(long=False), early, 9_987) is None
    assert asked(held(stop=10_013), EIGHT, 10_100) is None
    assert asked(held(stop=10_020), EIGHT, 10_100) is None


def test_any_stop_is_better_than_none() -> None:
    assert better(held(stop=0), 1)
    assert better(held(long=False, stop=0), 99_999)
    assert not better(held(long=False), 10_050)


TRAIL = Protection(trail_from_ppm=200_000, trail_by_ppm=100_000)


def test_the_trail_starts_at_its_profit_and_follows_the_best_price_away_from_it() -> None:
    position = held()
    position.high = 11_999
    assert asked(position, TRAIL, 11_000) is None
    position.high = 12_003
    assert asked(position, TRAIL, 11_000) == MoveStop(10_802, "trailing")
    short = held(long=False)
    short.low = 7_999
    assert asked(short, TRAIL, 8_500) == MoveStop(8_799, "trailing")
    short.stop = 8_799
    assert asked(short, TRAIL, 8_500) is None


def test_a_trail_needs_both_of_its_numbers() -> None:
    position = held()
    position.high = 20_000
    assert asked(position, Protection(trail_from_ppm=1), 20_000) is None


@pytest.mark.parametrize("long", [True, False])
def test_of_two_stops_the_better_is_taken(long: bool) -> None:
    both = replace(TRAIL, breakeven_profit=to_money(8))
    position = held(long=long)
    position.low, position.high = 7_000, 13_000
    expected = MoveStop(11_700, "trailing") if long else MoveStop(7_700, "trailing")
    assert asked(position, both, 12_900 if long else 7_100) == expected


LOSING = Protection(losing_after_ms=8 * HOUR_MS)


def test_a_loser_is_closed_after_more_than_its_hours() -> None:
    assert asked(held(), LOSING, 9_999, 8 * HOUR_MS) is None
    assert asked(held(), LOSING, 9_999, 8 * HOUR_MS + 1) == CloseFor("losing too long")
    assert asked(held(), LOSING, 10_000, 8 * HOUR_MS + 1) is None


def test_everything_is_closed_at_its_greatest_age_and_closing_comes_first() -> None:
    rules = replace(EIGHT, max_age_ms=72 * HOUR_MS)
    assert asked(held(), rules, 10_100, 72 * HOUR_MS - 1) == MoveStop(10_013, "breakeven")
    assert asked(held(), rules, 10_100, 72 * HOUR_MS) == CloseFor("max age")


def test_the_grid_has_slots_of_two_minutes() -> None:
    assert grid(119_999) == 0
    assert grid(120_000) == 1


@pytest.mark.parametrize("long", [True, False])
def test_skipping_wakes_no_later_than_the_rules(long: bool) -> None:
    rules = Protection(breakeven_profit=to_money(8), breakeven_ppm=80_000)
    for price in trigger_prices(held(long=long), rules):
        quiet = price - 1 if long else price + 1
        assert held(long=long).unrealised(quiet) < to_money(120)
    profit, share = trigger_prices(held(long=long), rules)
    assert (profit, share) == ((10_053, 10_800) if long else (9_946, 9_200))
    assert trigger_prices(held(), Protection()) == []


def test_the_rules_describe_themselves() -> None:
    rules = Protection(
        breakeven_profit=to_money(8),
        breakeven_ppm=80_000,
        trail_from_ppm=200_000,
        trail_by_ppm=100_000,
        losing_after_ms=8 * HOUR_MS,
        max_age_ms=72 * HOUR_MS,
    )
    assert describe(rules) == (
        "breakeven at +8 USDT",
        "breakeven at +8 %",
        "trails 10 % from +20 %",
        "closes losers after 8 h",
        "closes after 72 h",
    )
    assert describe(Protection()) == ()
