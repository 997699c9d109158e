"""What a quote fills, and at which price."""

import pytest

from engine.core.events import ExecKind, OrderEnded
from engine.exchanges.simulated import Terms
from tests.unit.exchanges.bench import SYMBOL, Bench

ORDER, STOP, TARGET = ExecKind.ORDER, ExecKind.STOP, ExecKind.TARGET


def test_market_orders_fill_at_the_other_side_of_the_next_book() -> None:
    bench = Bench(Terms(taker_e8=0, slippage_ppm=10_000))
    bench.quote(100, bid=99, ask=101)
    bench.order(1)
    assert bench.position == 0
    bench.quote(103, bid=102, ask=104)
    bench.order(-1, reduce_only=True)
    bench.quote(103, bid=101, ask=104)
    assert bench.fills == [(ORDER, 1, 104), (ORDER, -1, 101)]


def test_without_a_book_market_orders_slip_from_the_last_price() -> None:
    bench = Bench(Terms(taker_e8=0, slippage_ppm=10_000))
    bench.quote(100)
    bench.order(1)
    bench.quote(200)
    assert bench.fills == [(ORDER, 1, 202)]


def test_an_order_acts_only_after_its_latency() -> None:
    bench = Bench(Terms(taker_e8=0, slippage_ppm=0, latency_ms=250))
    bench.quote(100)
    bench.order(1)
    bench.quote(101)
    bench.quote(102)
    assert bench.position == 0
    bench.quote(103)
    assert bench.fills == [(ORDER, 1, 103)]


def test_a_thin_book_fills_a_market_order_in_parts() -> None:
    bench = Bench()
    bench.quote(100)
    bench.order(5)
    bench.quote(101, size=2)
    bench.quote(102, size=2)
    bench.quote(103, size=2)
    assert bench.fills == [(ORDER, 2, 101), (ORDER, 2, 102), (ORDER, 1, 103)]
    assert bench.exchange.order_report("o1").open is False  # type: ignore[union-attr]  # it was placed


def test_what_no_quote_would_fill_is_cancelled_with_the_part_that_was() -> None:
    bench = Bench(Terms(ioc_quotes=2))
    bench.quote(100)
    bench.order(5)
    bench.quote(101, size=2)
    bench.quote(102, size=1)
    bench.quote(103, size=9)
    assert [(e.filled, e.why) for e in bench.news if isinstance(e, OrderEnded)] == [(3, "EC_NoImmediateQtyToFill")]
    assert bench.position == 3


def test_two_orders_share_the_size_of_one_quote() -> None:
    bench = Bench()
    bench.quote(100)
    bench.order(2)
    bench.order(2)
    bench.quote(101, size=3)
    assert bench.fills == [(ORDER, 2, 101), (ORDER, 1, 101)]


@pytest.mark.parametrize(("side", "stop", "last", "price"), [(1, 95, 94, 93), (-1, 105, 106, 107)])
def test_a_stop_triggers_on_the_last_price_and_sells_into_the_book(side: int, stop: int, last: int, price: int) -> None:
    bench = Bench()
    bench.quote(100, bid=99, ask=101)
    bench.order(side, stop=stop)
    bench.quote(100, bid=99, ask=101)
    bench.quote(last, bid=last - 1, ask=last + 1)
    assert bench.fills[1:] == [(STOP, -side, price)]


def test_the_book_alone_triggers_nothing() -> None:
    bench = Bench()
    bench.quote(100)
    bench.order(1, stop=95, target=105)
    bench.quote(100)
    bench.quote(100, bid=90, ask=110)
    assert len(bench.fills) == 1


def test_a_stop_in_a_thin_book_goes_on_while_the_price_stays_beyond() -> None:
    bench = Bench()
    bench.quote(100)
    bench.order(5, stop=95)
    bench.quote(100)
    bench.quote(94, size=2)
    bench.quote(93, size=9)
    assert bench.fills[1:] == [(STOP, -2, 94), (STOP, -3, 93)]


def test_a_target_triggers_on_the_last_price() -> None:
    bench = Bench()
    bench.quote(100)
    bench.order(-2, target=90)
    bench.quote(100)
    bench.quote(90, bid=89, ask=91)
    assert bench.fills[1:] == [(TARGET, 2, 91)]


def test_a_resting_limit_order_fills_as_maker_at_its_limit() -> None:
    bench = Bench()
    bench.quote(100)
    bench.order(2, limit=95)
    bench.quote(95)
    assert bench.fills == []
    bench.quote(90, size=1)
    bench.quote(90, size=1)
    assert bench.fills == [(ORDER, 1, 95), (ORDER, 1, 95)]
    assert all(e.maker for e in bench.executed)


def test_a_limit_order_that_crosses_the_book_takes_it() -> None:
    bench = Bench()
    bench.quote(100, bid=99, ask=101)
    bench.order(-1, limit=98)
    bench.order(1, limit=100)
    bench.quote(100, bid=99, ask=101)
    assert bench.fills == [(ORDER, -1, 99)]
    assert not bench.executed[0].maker


def test_a_quote_from_the_past_is_ignored() -> None:
    bench = Bench()
    bench.quote(100)
    bench.order(1, stop=95)
    bench.quote(100)
    bench.exchange.on_quote(SYMBOL, bench.now_ms - 1, 90)
    assert bench.exchange.drain(bench.now_ms) == []
    assert bench.exchange.last(SYMBOL) == 100


def test_a_reduce_only_order_finds_its_position_gone() -> None:
    bench = Bench()
    bench.quote(100)
    bench.order(2, stop=95)
    bench.quote(100)
    bench.order(-2, reduce_only=True)
    bench.exchange.manual_trade(SYMBOL, False, 2, bench.now_ms)
    bench.quote(100)
    assert bench.position == 0
    ended = [e for e in bench.news if isinstance(e, OrderEnded)][-1]
    assert (ended.link_id, ended.filled, ended.why) == ("o2", 0, "CancelByReduceOnly")


def test_later_parts_of_an_entry_do_not_undo_a_stop_moved_meanwhile() -> None:
    bench = Bench()
    bench.quote(100)
    bench.order(4, stop=90)
    bench.quote(100, size=2)
    bench.exchange.protect(SYMBOL, 95, 0, bench.now_ms)
    bench.quote(100, size=2)
    assert bench.position == 4
    assert bench.exchange.positions()[SYMBOL].stop == 95


def test_an_entry_that_goes_on_after_its_first_part_was_stopped_out_is_protected_again() -> None:
    bench = Bench()
    bench.quote(100)
    bench.order(4, stop=95)
    bench.quote(100, size=2)
    bench.exchange.manual_trade(SYMBOL, False, 2, bench.now_ms)
    bench.quote(100, size=2)
    assert bench.position == 2
    assert bench.exchange.positions()[SYMBOL].stop == 95
