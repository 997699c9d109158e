"""What a bar fills, and at which price."""

import pytest

from engine.core.events import ExecKind
from engine.core.market import MINUTE_MS
from engine.exchanges.simulated import Terms
from tests.unit.exchanges.bench import SYMBOL, Bench

STOP, TARGET, ORDER = ExecKind.STOP, ExecKind.TARGET, ExecKind.ORDER

# Long at 100 with stop 95 and target 105; shorts are the mirror image around 100.
TABLE = [
    pytest.param((100, 106, 94, 101), (STOP, 95, True), id="both reached: the stop"),
    pytest.param((90, 106, 89, 101), (STOP, 90, False), id="gap below the stop: the open"),
    pytest.param((110, 111, 94, 101), (TARGET, 110, False), id="gap above the target: the open"),
    pytest.param((100, 104, 95, 101), (STOP, 95, False), id="stop touched exactly"),
    pytest.param((100, 105, 96, 101), (TARGET, 105, False), id="target touched exactly"),
    pytest.param((95, 95, 95, 95), (STOP, 95, False), id="open on the stop"),
]


@pytest.mark.parametrize(("bar", "expected"), TABLE)
@pytest.mark.parametrize("side", [1, -1])
def test_a_held_position_leaves_the_bar_where_the_table_says(
    bar: tuple[int, int, int, int], expected: tuple[ExecKind, int, bool], side: int
) -> None:
    kind, price, ambiguous = expected
    bench = Bench()
    bench.held(side, stop=mirrored(95, side), target=mirrored(105, side))
    bench.bar(*mirrored_bar(bar, side))
    assert bench.fills == [(kind, -side, mirrored(price, side))]
    assert bench.executed[0].ambiguous is ambiguous
    assert bench.position == 0


@pytest.mark.parametrize(("bar", "expected"), TABLE)
@pytest.mark.parametrize("side", [1, -1])
def test_the_entry_bar_counts_stop_and_target_too(
    bar: tuple[int, int, int, int], expected: tuple[ExecKind, int, bool], side: int
) -> None:
    kind, price, ambiguous = expected
    bench = Bench()
    bench.flat_bar()
    bench.order(side, stop=mirrored(95, side), target=mirrored(105, side))
    bench.bar(*mirrored_bar(bar, side))
    opened = mirrored(bar[0], side)
    assert bench.fills == [(ORDER, side, opened), (kind, -side, mirrored(price, side))]
    assert bench.executed[1].ambiguous is ambiguous


def test_a_bar_between_stop_and_target_fills_nothing() -> None:
    bench = Bench()
    bench.held(1, stop=95, target=105)
    bench.bar(100, 104, 96, 101)
    assert bench.fills == []
    assert bench.exchange.quiet_band(SYMBOL) == (95, 105)


@pytest.mark.parametrize(("side", "price"), [(1, 10_010), (-1, 9_990)])
def test_market_orders_slip_from_the_open_against_the_taker(side: int, price: int) -> None:
    bench = Bench(Terms(taker_e8=0, slippage_ppm=901))
    bench.flat_bar(10_000)
    bench.order(side)
    bench.bar(10_000, 10_050, 9_950, 10_000)
    assert bench.fills == [(ORDER, side, price)]


@pytest.mark.parametrize(
    ("bar", "price"), [((10_000, 10_000, 9_000, 9_500), 9_490), ((9_000, 9_000, 8_000, 8_000), 8_991)]
)
def test_a_stop_slips_from_its_own_price_or_from_the_open_it_was_jumped_at(
    bar: tuple[int, int, int, int], price: int
) -> None:
    bench = Bench(Terms(taker_e8=0, slippage_ppm=1_000))
    bench.flat_bar(10_000)
    bench.order(1, stop=9_500)
    bench.flat_bar(10_000)
    bench.bar(*bar)
    assert bench.fills[-1] == (STOP, -1, price)


def test_a_target_is_a_market_order_and_slips_too() -> None:
    bench = Bench(Terms(taker_e8=0, slippage_ppm=1_000))
    bench.flat_bar(10_000)
    bench.order(1, target=10_500)
    bench.flat_bar(10_000)
    bench.bar(10_000, 10_600, 10_000, 10_550)
    assert bench.fills[-1] == (TARGET, -1, 10_489)


def test_an_order_placed_at_the_open_in_reaction_fills_at_the_same_open() -> None:
    bench = Bench()
    bench.flat_bar()
    exchange = bench.exchange
    exchange.open_bar(SYMBOL, bench.now_ms, 101)
    bench.order(2, stop=90)
    exchange.fill_pending(SYMBOL)
    exchange.close_bar(SYMBOL, bench.now_ms + MINUTE_MS, 103, 89, 100)
    bench.news += exchange.drain(bench.now_ms + MINUTE_MS)
    assert bench.fills == [(ORDER, 2, 101), (STOP, -2, 90)]


def test_fills_are_dated_at_the_open_or_just_before_the_close() -> None:
    bench = Bench()
    bench.flat_bar()
    opened = bench.now_ms
    bench.order(1, stop=95)
    bench.bar(100, 100, 90, 92)
    assert [e.at_ms for e in bench.executed] == [opened, bench.now_ms - 1]


def test_a_bar_older_than_the_clock_is_ignored() -> None:
    bench = Bench()
    bench.held(1, stop=95)
    bench.exchange.on_bar(SYMBOL, bench.now_ms - 2 * MINUTE_MS, bench.now_ms - MINUTE_MS, 90, 90, 90, 90)
    bench.exchange.open_bar(SYMBOL, bench.now_ms - MINUTE_MS, 90)
    bench.exchange.close_bar(SYMBOL, bench.now_ms, 90, 90, 90)
    assert bench.exchange.drain(bench.now_ms) == []
    assert bench.exchange.last(SYMBOL) == 100


def test_an_order_of_the_other_side_reverses_and_takes_its_own_protection() -> None:
    bench = Bench()
    bench.held(2, stop=95, target=105)
    bench.order(-5, stop=110)
    bench.flat_bar(101)
    assert bench.position == -3
    report = bench.exchange.positions()[SYMBOL]
    assert (report.stop, report.target, report.entry_cost) == (110, 0, 3 * 101 * 10**8)


def test_an_addition_without_a_stop_keeps_the_position_s_stop() -> None:
    bench = Bench()
    bench.held(2, stop=95, target=105)
    bench.order(1)
    bench.flat_bar(101)
    bench.bar(101, 101, 95, 96)
    assert bench.fills == [(ORDER, 1, 101), (STOP, -3, 95)]


def mirrored(price: int, side: int) -> int:
    return price if side > 0 else 200 - price


def mirrored_bar(bar: tuple[int, int, int, int], side: int) -> tuple[int, int, int, int]:
    open_, high, low, close = bar
    if side > 0:
        return bar
    return mirrored(open_, side), mirrored(low, side), mirrored(high, side), mirrored(close, side)
