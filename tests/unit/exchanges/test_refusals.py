"""What the simulated exchange refuses, and that a refusal changes nothing."""

from dataclasses import replace

import pytest

from engine.core.market import Status
from engine.exchanges.base import Accepted, Rejected
from engine.exchanges.simulated import Request, Terms
from tests.unit.exchanges.bench import INSTRUMENT, SYMBOL, Bench

GOOD = Request(link_id="new", symbol=SYMBOL, buy=True, qty=10)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"symbol": "NONEUSDT"}, "10001"),
        ({"link_id": ""}, "10001"),
        ({"link_id": "x" * 37}, "10001"),
        ({"link_id": "a b"}, "10001"),
        ({"link_id": "o1"}, "110072"),
        ({"qty": 0}, "10001"),
        ({"qty": -3}, "10001"),
        ({"qty": 1_001}, "10001"),
        ({"limit": -1}, "10001"),
        ({"leverage": 0}, "110013"),
        ({"leverage": 51}, "110013"),
        ({"stop": 100}, "10001"),
        ({"target": 100}, "10001"),
        ({"buy": False, "stop": 100}, "10001"),
        ({"buy": False, "target": 100}, "10001"),
        ({"limit": 90, "stop": 95}, "10001"),
        ({"buy": True, "reduce_only": True}, "110017"),
        ({"buy": False, "reduce_only": True, "stop": 110}, "10001"),
        ({"qty": 1_000}, "110007"),
    ],
)
def test_each_bad_order_is_refused_with_its_code_and_leaves_no_trace(change: dict[str, object], code: str) -> None:
    bench = Bench(wallet=10_000)
    bench.held(5)
    before = bench.exchange.state()
    outcome = bench.exchange.place(replace(GOOD, **change), bench.now_ms)
    assert isinstance(outcome, Rejected)
    assert outcome.code == code
    assert bench.exchange.state() == before


def test_the_good_order_of_the_table_is_taken() -> None:
    bench = Bench(wallet=10_000)
    bench.held(5)
    assert isinstance(bench.exchange.place(GOOD, bench.now_ms), Accepted)


def test_an_order_below_the_least_quantity_or_value_is_refused() -> None:
    bench = Bench()
    bench.exchange.set_instrument(replace(INSTRUMENT, min_qty=3))
    bench.flat_bar(1)
    assert code_of(bench.order(2)) == "10001"
    assert code_of(bench.order(4)) == "110094"
    assert isinstance(bench.order(5), Accepted)


def test_a_remainder_below_the_least_quantity_can_still_be_closed_whole() -> None:
    bench = Bench()
    bench.held(2)
    bench.exchange.set_instrument(replace(INSTRUMENT, min_qty=3))
    assert code_of(bench.order(-1, reduce_only=True)) == "10001"
    assert isinstance(bench.order(-2, reduce_only=True), Accepted)


def test_reduce_only_on_a_flat_symbol_is_refused() -> None:
    bench = Bench()
    bench.flat_bar()
    assert code_of(bench.order(-1, reduce_only=True)) == "110017"


def test_a_reduce_only_order_is_cut_to_the_position() -> None:
    bench = Bench()
    bench.held(4)
    bench.order(-9, reduce_only=True)
    bench.flat_bar()
    assert [(e.qty, e.buy) for e in bench.executed] == [(4, False)]
    assert bench.position == 0


@pytest.mark.parametrize(
    ("status", "entry", "exit_"),
    [
        (Status.PRE_LAUNCH, "110074", "110074"),
        (Status.CLOSED, "110074", "110074"),
        (Status.DELIVERING, "110074", ""),
        (Status.TRADING, "", ""),
    ],
)
def test_a_symbol_that_does_not_trade_takes_no_entries(status: Status, entry: str, exit_: str) -> None:
    bench = Bench()
    bench.held(4)
    bench.exchange.set_instrument(replace(INSTRUMENT, status=status))
    assert code_of(bench.order(1)) == entry
    assert code_of(bench.order(-1, reduce_only=True)) == exit_


def test_leverage_that_reaches_the_maintenance_margin_is_refused() -> None:
    bench = Bench(Terms(maintenance_ppm=50_000))
    bench.flat_bar()
    assert code_of(bench.order(1, leverage=20)) == "110013"
    assert code_of(bench.order(1, leverage=19)) == ""


def test_no_order_is_taken_before_the_first_price() -> None:
    assert code_of(Bench().order(1)) == "10001"


def test_open_orders_and_positions_bind_margin_until_they_end() -> None:
    bench = Bench(wallet=1_000)
    bench.flat_bar()
    bench.order(6, limit=90)
    assert code_of(bench.order(5, limit=95)) == "110007"
    bench.exchange.cancel("o1", bench.now_ms)
    assert code_of(bench.order(5, limit=95)) == ""
    bench.bar(100, 100, 94, 100)
    assert bench.position == 5
    assert bench.exchange.free_margin == (1_000 - 5 * 95) * 10**8


def test_an_order_against_the_position_needs_margin_only_for_what_it_opens() -> None:
    bench = Bench(wallet=1_000)
    bench.held(9)
    assert code_of(bench.order(-11)) == "110007"
    assert code_of(bench.order(-9)) == ""


@pytest.mark.parametrize(
    ("stop", "target", "code"),
    [(100, 0, "10001"), (95, 100, "10001"), (-1, 0, "10001"), (90, 110, "34040"), (95, 0, ""), (0, 0, "")],
)
def test_stop_and_target_must_stand_on_their_sides_of_the_last_price(stop: int, target: int, code: str) -> None:
    bench = Bench()
    bench.held(1, stop=90, target=110)
    assert code_of(bench.exchange.protect(SYMBOL, stop, target, bench.now_ms)) == code
    report = bench.exchange.positions()[SYMBOL]
    assert (report.stop, report.target) == ((90, 110) if code else (stop, target))


def test_nothing_protects_a_position_that_is_not_there() -> None:
    bench = Bench()
    bench.flat_bar()
    for symbol in (SYMBOL, "NONEUSDT"):
        assert code_of(bench.exchange.protect(symbol, 90, 0, bench.now_ms)) == "110017"
        assert code_of(bench.exchange.trail(symbol, 5, bench.now_ms)) == "110017"


def test_a_negative_trailing_distance_is_refused() -> None:
    bench = Bench()
    bench.held(1)
    assert code_of(bench.exchange.trail(SYMBOL, -5, bench.now_ms)) == "10001"
    assert code_of(bench.exchange.protect(SYMBOL, 90, 0, bench.now_ms, trail=-5)) == "10001"


def test_the_same_protection_again_is_not_modified_and_another_distance_is() -> None:
    bench = Bench()
    bench.held(1, stop=90)
    for trail, code in ((5, ""), (5, "34040"), (4, ""), (0, ""), (0, "34040")):
        assert code_of(bench.exchange.protect(SYMBOL, 90, 0, bench.now_ms, trail=trail)) == code
        assert bench.exchange.positions()[SYMBOL].trail == trail


def test_cancelling_an_unknown_or_finished_order_is_refused() -> None:
    bench = Bench()
    bench.held(1)
    assert code_of(bench.exchange.cancel("never", bench.now_ms)) == "110001"
    assert code_of(bench.exchange.cancel("o1", bench.now_ms)) == "110001"


def code_of(outcome: Accepted | Rejected) -> str:
    return outcome.code if isinstance(outcome, Rejected) else ""


def test_a_new_instrument_can_be_traded_at_once() -> None:
    bench = Bench()
    bench.exchange.set_instrument(replace(INSTRUMENT, symbol="FRESHUSDT"))
    bench.exchange.on_quote("FRESHUSDT", bench.now_ms, 100)
    assert isinstance(bench.exchange.place(replace(GOOD, symbol="FRESHUSDT"), bench.now_ms), Accepted)
