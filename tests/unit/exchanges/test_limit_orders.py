"""Limit orders, trailing stops and the order of events inside a bar."""

import pytest

from engine.core.events import ExecKind, OrderEnded
from engine.core.market import MINUTE_MS
from engine.exchanges.simulated import Terms
from tests.unit.exchanges.bench import SYMBOL, Bench

ORDER, STOP, TARGET, TRAILING = ExecKind.ORDER, ExecKind.STOP, ExecKind.TARGET, ExecKind.TRAILING


@pytest.mark.parametrize(("side", "limit", "touched", "through"), [(1, 95, 95, 94), (-1, 105, 105, 106)])
def test_a_limit_order_needs_a_price_strictly_beyond_it(side: int, limit: int, touched: int, through: int) -> None:
    bench = Bench()
    bench.flat_bar()
    bench.order(side, limit=limit)
    bench.bar(100, max(100, touched), min(100, touched), 100)
    assert bench.fills == []
    bench.bar(100, max(100, through), min(100, through), 100)
    assert bench.fills == [(ORDER, side, limit)]
    assert bench.executed[0].maker


@pytest.mark.parametrize(("side", "limit", "opened"), [(1, 95, 90), (-1, 105, 110)])
def test_a_limit_order_the_open_jumped_over_fills_at_the_open(side: int, limit: int, opened: int) -> None:
    bench = Bench()
    bench.flat_bar()
    bench.order(side, limit=limit)
    bench.flat_bar()
    bench.flat_bar(opened)
    assert bench.fills == [(ORDER, side, opened)]
    assert bench.executed[0].maker


@pytest.mark.parametrize(("side", "limit", "price"), [(1, 10_500, 10_010), (-1, 9_500, 9_990), (1, 10_005, 10_005)])
def test_a_marketable_limit_order_takes_at_the_market_but_never_beyond_its_limit(
    side: int, limit: int, price: int
) -> None:
    bench = Bench(Terms(taker_e8=0, slippage_ppm=1_000))
    bench.flat_bar(10_000)
    bench.order(side, limit=limit)
    bench.flat_bar(10_000)
    assert bench.fills == [(ORDER, side, price)]
    assert not bench.executed[0].maker


def test_the_nearer_limit_order_fills_first() -> None:
    bench = Bench()
    bench.flat_bar()
    bench.order(1, limit=92)
    bench.order(2, limit=96)
    bench.bar(100, 100, 90, 95)
    assert bench.fills == [(ORDER, 2, 96), (ORDER, 1, 92)]


def test_an_addition_on_the_way_to_the_stop_is_stopped_out_with_the_rest() -> None:
    bench = Bench()
    bench.held(2, stop=90)
    bench.order(3, limit=95)
    bench.bar(100, 100, 89, 95)
    assert bench.fills == [(ORDER, 3, 95), (STOP, -5, 90)]


@pytest.mark.parametrize(("close", "fills"), [(104, [(ORDER, 1, 95)]), (105, [(ORDER, 1, 95), (TARGET, -1, 105)])])
def test_a_position_opened_inside_a_bar_counts_its_target_only_when_the_close_is_beyond(
    close: int, fills: list[tuple[ExecKind, int, int]]
) -> None:
    bench = Bench()
    bench.flat_bar()
    bench.order(1, limit=95, stop=90, target=105)
    bench.bar(100, 106, 94, close)
    assert bench.fills == fills


def test_a_position_opened_inside_a_bar_counts_its_stop() -> None:
    bench = Bench()
    bench.flat_bar()
    bench.order(-1, limit=105, stop=110, target=90)
    bench.bar(100, 111, 89, 89)
    assert bench.fills == [(ORDER, -1, 105), (STOP, 1, 110)]


def test_a_stop_ends_resting_reduce_only_orders() -> None:
    bench = Bench()
    bench.held(2, stop=95)
    bench.order(-2, limit=105, reduce_only=True)
    bench.bar(100, 106, 94, 100)
    assert bench.fills == [(STOP, -2, 95)]
    assert [(e.filled, e.why) for e in bench.news if isinstance(e, OrderEnded)] == [(0, "CancelByReduceOnly")]


def test_reduce_only_limits_never_sell_more_than_is_held() -> None:
    bench = Bench()
    bench.held(3)
    bench.order(-2, limit=105, reduce_only=True)
    bench.order(-2, limit=107, reduce_only=True)
    bench.bar(100, 108, 100, 108)
    assert bench.fills == [(ORDER, -2, 105), (ORDER, -1, 107)]
    assert bench.position == 0


def test_a_reduce_only_limit_ends_when_the_position_turned() -> None:
    bench = Bench()
    bench.held(2)
    bench.order(-2, limit=105, reduce_only=True)
    bench.exchange.manual_trade(SYMBOL, False, 5, bench.now_ms)
    bench.bar(100, 106, 100, 100)
    assert bench.position == -3
    assert bench.exchange.order_report("o2").open is False  # type: ignore[union-attr]  # it was placed


def test_a_trailing_stop_raised_by_a_bar_acts_from_the_next() -> None:
    bench = Bench()
    bench.held(1)
    bench.exchange.trail(SYMBOL, 5, bench.now_ms)
    bench.bar(100, 110, 96, 108)
    assert bench.fills == []
    bench.bar(108, 109, 104, 106)
    assert bench.fills == [(TRAILING, -1, 105)]


def test_a_trailing_stop_waits_for_its_activation() -> None:
    bench = Bench()
    bench.held(-1, stop=120)
    bench.exchange.trail(SYMBOL, 5, bench.now_ms, activation=90)
    bench.bar(100, 110, 91, 100)
    bench.bar(100, 100, 89, 92)
    assert bench.fills == []
    bench.bar(92, 95, 92, 95)
    assert bench.fills == [(TRAILING, 1, 94)]


def test_the_nearer_of_fixed_and_trailing_stop_acts() -> None:
    bench = Bench()
    bench.held(1, stop=98)
    bench.exchange.trail(SYMBOL, 5, bench.now_ms)
    bench.bar(100, 100, 97, 98)
    assert bench.fills == [(STOP, -1, 98)]


def test_setting_stop_and_trail_again_keeps_its_activation_and_its_way() -> None:
    bench = Bench()
    bench.held(1, stop=80)
    bench.exchange.trail(SYMBOL, 5, bench.now_ms, activation=110)
    bench.exchange.protect(SYMBOL, 81, 0, bench.now_ms, trail=5)
    bench.bar(100, 100, 90, 100)
    assert bench.fills == []
    bench.bar(100, 112, 100, 111)
    bench.exchange.protect(SYMBOL, 82, 0, bench.now_ms, trail=5)
    bench.bar(111, 111, 108, 109)
    assert bench.fills == []
    bench.bar(109, 109, 100, 101)
    assert bench.fills == [(TRAILING, -1, 107)]


def test_a_trailing_stop_can_be_removed() -> None:
    bench = Bench()
    bench.held(1)
    bench.exchange.trail(SYMBOL, 5, bench.now_ms)
    bench.exchange.trail(SYMBOL, 0, bench.now_ms)
    bench.bar(100, 100, 80, 90)
    assert bench.fills == []


def test_a_quiet_bar_with_a_trail_still_notices_new_highs() -> None:
    bench = Bench()
    bench.held(1)
    bench.exchange.trail(SYMBOL, 5, bench.now_ms)
    assert bench.exchange.quiet_band(SYMBOL) == (95, 101)
    bench.bar(100, 103, 99, 103)
    assert bench.exchange.quiet_band(SYMBOL) == (98, 104)


def test_a_cancel_ends_a_resting_order_and_keeps_what_was_filled() -> None:
    bench = Bench()
    bench.flat_bar()
    bench.order(5, limit=95)
    bench.quote(94, size=2)
    bench.quote(93, size=1)
    bench.exchange.cancel("o1", bench.now_ms)
    bench.news += bench.exchange.drain(bench.now_ms)
    assert bench.position == 3
    assert [(e.filled, e.why) for e in bench.news if isinstance(e, OrderEnded)] == [(3, "CancelByUser")]


def test_a_cancel_under_way_loses_the_race_to_an_earlier_fill() -> None:
    bench = Bench(Terms(taker_e8=0, maker_e8=0, slippage_ppm=0, latency_ms=150))
    bench.quote(100)
    bench.order(1, limit=95)
    bench.quote(100)
    bench.quote(100)
    bench.exchange.cancel("o1", bench.now_ms)
    bench.quote(94)
    bench.quote(100)
    assert bench.position == 1


def test_a_cancel_under_way_wins_once_it_has_arrived() -> None:
    bench = Bench(Terms(taker_e8=0, maker_e8=0, slippage_ppm=0, latency_ms=150))
    bench.quote(100)
    bench.order(1, limit=95)
    bench.quote(100)
    bench.quote(100)
    bench.exchange.cancel("o1", bench.now_ms)
    bench.quote(100)
    bench.quote(94)
    assert bench.position == 0


def test_a_bar_s_open_carries_out_every_cancel_before_it_fills() -> None:
    bench = Bench(Terms(latency_ms=MINUTE_MS * 2))
    bench.flat_bar()
    bench.order(1)
    bench.exchange.cancel("o1", bench.now_ms)
    bench.flat_bar()
    assert bench.position == 0


def test_the_change_log_hears_of_a_trailing_stop_s_progress() -> None:
    bench = Bench()
    bench.held(1)
    bench.exchange.trail(SYMBOL, 5, bench.now_ms)
    bench.exchange.changes()
    bench.bar(100, 110, 99, 109)
    assert [row["best"] for row in bench.exchange.changes()["markets"]] == [110]
    bench.quote(112)
    assert [row["best"] for row in bench.exchange.changes()["markets"]] == [112]


@pytest.mark.parametrize(("side", "limit"), [(1, 105), (-1, 95)])
def test_a_marketable_limit_order_in_a_thin_book_goes_on_taking(side: int, limit: int) -> None:
    bench = Bench()
    bench.quote(100)
    bench.order(3 * side, limit=limit)
    bench.quote(100, size=2)
    bench.quote(100)
    assert bench.fills == [(ORDER, 2 * side, 100), (ORDER, side, 100)]
    assert not any(e.maker for e in bench.executed)


def test_a_bar_that_fills_one_side_still_needs_to_trade_through_the_other() -> None:
    bench = Bench()
    bench.flat_bar()
    bench.order(1, limit=95)
    bench.order(-1, limit=105)
    bench.bar(100, 106, 95, 100)
    assert bench.fills == [(ORDER, -1, 105)]
    bench.bar(100, 105, 94, 100)
    assert bench.fills[1:] == [(ORDER, 1, 95)]


def test_a_reduce_only_order_cut_by_an_earlier_one_ends_as_filled() -> None:
    bench = Bench()
    bench.held(3)
    bench.order(-2, reduce_only=True)
    bench.order(-2, reduce_only=True)
    bench.flat_bar()
    ended = [(e.link_id, e.filled, e.why) for e in bench.news if isinstance(e, OrderEnded)]
    assert ended == [("o2", 2, "Filled"), ("o3", 1, "Filled")]
