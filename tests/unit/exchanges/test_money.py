"""Fees, funding, margin and liquidation to the last unit."""

import pytest

from engine.core.events import ExecKind, WalletReported
from engine.core.market import HOUR_MS, MINUTE_MS
from engine.core.money import MONEY_SCALE, to_money
from engine.exchanges.simulated import Terms
from tests.unit.exchanges.bench import FREE, SYMBOL, Bench

EIGHT = 8 * HOUR_MS
LIQUIDATION, STOP = ExecKind.LIQUIDATION, ExecKind.STOP


def test_takers_and_makers_pay_their_exact_rates() -> None:
    bench = Bench(Terms(taker_e8=55_000, maker_e8=20_000, slippage_ppm=0))
    bench.flat_bar()
    bench.order(3)
    bench.flat_bar()
    bench.order(-3, limit=105, reduce_only=True)
    bench.bar(100, 106, 100, 106)
    assert [e.fee for e in bench.executed] == [to_money("0.165"), to_money("0.063")]
    assert bench.exchange.wallet == to_money(1_000_000 + 15) - to_money("0.228")


@pytest.mark.parametrize(("side", "rate"), [(1, 10_000), (-1, 10_000), (1, -10_000), (-1, -10_000)])
def test_longs_pay_a_positive_rate_and_shorts_receive_it(side: int, rate: int) -> None:
    bench = Bench(start_ms=EIGHT - 2 * MINUTE_MS)
    bench.exchange.set_funding(SYMBOL, EIGHT, rate)
    bench.held(10 * side)
    bench.flat_bar(150)
    paid = to_money("0.15") * side * (1 if rate > 0 else -1)
    assert [(f.amount, f.at_ms) for f in bench.funding] == [(paid, EIGHT)]
    assert bench.position == 10 * side
    assert bench.exchange.wallet == to_money(1_000_000) - paid


def test_funding_is_settled_before_orders_of_the_same_instant() -> None:
    bench = Bench(start_ms=EIGHT - 2 * MINUTE_MS)
    bench.exchange.set_funding(SYMBOL, EIGHT, 10_000)
    bench.held(10)
    bench.order(-10, reduce_only=True)
    bench.flat_bar()
    assert len(bench.funding) == 1
    late = Bench(start_ms=EIGHT - MINUTE_MS)
    late.exchange.set_funding(SYMBOL, EIGHT, 10_000)
    late.flat_bar()
    late.order(10)
    late.flat_bar()
    assert late.funding == []


def test_every_settlement_of_a_long_gap_is_charged_once() -> None:
    bench = Bench(Terms(taker_e8=0, slippage_ppm=0, funding_e8=10_000), start_ms=EIGHT - 3 * MINUTE_MS)
    bench.held(10)
    bench.now_ms = 4 * EIGHT
    bench.flat_bar()
    assert [f.at_ms for f in bench.funding] == [EIGHT, 2 * EIGHT, 3 * EIGHT, 4 * EIGHT]
    assert bench.exchange.missing_funding(SYMBOL) == 4
    assert bench.exchange.next_funding_ms(SYMBOL) == 5 * EIGHT


def test_a_recorded_rate_off_the_usual_hours_is_settled_at_its_time() -> None:
    bench = Bench(start_ms=EIGHT - 4 * MINUTE_MS)
    bench.held(10)
    bench.exchange.set_funding(SYMBOL, EIGHT - MINUTE_MS, 10_000)
    assert bench.exchange.next_funding_ms(SYMBOL) == EIGHT - MINUTE_MS
    bench.flat_bar()
    bench.flat_bar()
    assert [f.at_ms for f in bench.funding] == [EIGHT - MINUTE_MS]
    assert bench.exchange.next_funding_ms(SYMBOL) == EIGHT


def test_a_rate_for_a_time_that_is_over_is_never_charged() -> None:
    bench = Bench(start_ms=EIGHT)
    bench.held(10)
    bench.exchange.set_funding(SYMBOL, EIGHT - 1, 10_000)
    bench.flat_bar()
    assert bench.funding == []


def test_funding_on_quotes_uses_the_mark() -> None:
    bench = Bench(Terms(taker_e8=0, slippage_ppm=0, funding_e8=10_000), start_ms=EIGHT - 250)
    bench.quote(100)
    bench.order(10)
    bench.quote(100)
    bench.quote(100, mark=110)
    assert [f.amount for f in bench.funding] == [to_money("0.11")]


@pytest.mark.parametrize(("side", "price", "bankrupt"), [(1, 905, 900), (-1, 1095, 1100)])
def test_the_liquidation_price_leaves_the_maintenance_margin(side: int, price: int, bankrupt: int) -> None:
    bench = Bench()
    bench.held(2 * side, price=1_000, leverage=10)
    assert bench.exchange.liquidation_price(SYMBOL) == price
    bench.bar(1_000, max(1_000, price), min(1_000, price), price)
    assert bench.fills == [(LIQUIDATION, -2 * side, bankrupt)]
    assert bench.exchange.wallet == to_money(1_000_000 - 200)


@pytest.mark.parametrize(("side", "bankrupt"), [(1, 901), (-1, 1_101)])
def test_the_bankruptcy_price_is_rounded_towards_the_entry(side: int, bankrupt: int) -> None:
    bench = Bench()
    bench.held(side, price=1_001, leverage=10)
    bench.flat_bar(1_001 - 200 * side)
    assert bench.fills == [(LIQUIDATION, -side, bankrupt)]


def test_a_gap_far_beyond_loses_no_more_than_the_margin() -> None:
    bench = Bench()
    bench.held(2, price=1_000, leverage=10)
    bench.flat_bar(500)
    assert bench.fills == [(LIQUIDATION, -2, 900)]


@pytest.mark.parametrize(("stop", "kind"), [(906, STOP), (904, LIQUIDATION)])
def test_of_stop_and_liquidation_the_nearer_acts(stop: int, kind: ExecKind) -> None:
    bench = Bench()
    bench.held(2, price=1_000, leverage=10, stop=stop)
    bench.bar(1_000, 1_000, 850, 900)
    assert [fill[0] for fill in bench.fills] == [kind]


def test_a_liquidation_in_a_bar_that_also_reached_the_target_is_ambiguous() -> None:
    bench = Bench()
    bench.held(2, price=1_000, leverage=10, target=1_050)
    bench.bar(1_000, 1_060, 900, 1_000)
    assert bench.fills[0][0] is LIQUIDATION
    assert bench.executed[0].ambiguous


def test_on_quotes_the_mark_liquidates_and_the_last_price_stops() -> None:
    bench = Bench()
    bench.quote(1_000)
    bench.order(2, leverage=10, stop=950)
    bench.quote(1_000)
    bench.quote(960, mark=904)
    assert bench.fills[1:] == [(LIQUIDATION, -2, 900)]


def test_an_unlevered_long_is_liquidated_only_near_zero() -> None:
    bench = Bench()
    bench.held(2, price=1_000, leverage=1)
    bench.bar(1_000, 1_000, 6, 10)
    assert bench.fills == []
    bench.bar(10, 10, 5, 10)
    assert bench.fills == [(LIQUIDATION, -2, 1)]


def test_equity_counts_open_results_at_the_mark() -> None:
    bench = Bench()
    bench.quote(100)
    bench.order(-5)
    bench.quote(100)
    bench.quote(98, mark=96)
    assert bench.exchange.equity() == to_money(1_000_020)
    assert bench.exchange.wallet == to_money(1_000_000)


def test_deleveraging_and_the_owner_s_trades_are_told_as_such() -> None:
    bench = Bench(FREE)
    bench.held(5)
    bench.exchange.deleverage(SYMBOL, 2, bench.now_ms)
    bench.exchange.manual_trade(SYMBOL, True, 4, bench.now_ms)
    bench.exchange.liquidate(SYMBOL, bench.now_ms)
    bench.news += bench.exchange.drain(bench.now_ms)
    assert [(kind, qty) for kind, qty, _ in bench.fills] == [
        (ExecKind.ADL, -2),
        (ExecKind.MANUAL, 4),
        (LIQUIDATION, -7),
    ]
    assert {e.link_id for e in bench.executed} == {""}


def test_nothing_can_be_forced_on_a_flat_symbol() -> None:
    bench = Bench()
    with pytest.raises(ValueError, match="no position"):
        bench.exchange.liquidate(SYMBOL, bench.now_ms)
    with pytest.raises(ValueError, match="no position"):
        bench.exchange.deleverage(SYMBOL, 1, bench.now_ms)
    with pytest.raises(ValueError, match="needs a price"):
        bench.exchange.manual_trade(SYMBOL, True, 1, bench.now_ms)


def test_a_deposit_reaches_the_wallet_and_is_told() -> None:
    bench = Bench(wallet=10)
    bench.exchange.transfer(5 * MONEY_SCALE, bench.now_ms)
    assert bench.exchange.drain(bench.now_ms) == [WalletReported(15 * MONEY_SCALE, bench.now_ms)]
