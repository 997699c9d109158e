"""The books: wallet, results and round trips from executions, to the unit."""

from decimal import Decimal

import pytest

from engine.core.events import ExecKind, FundingPaid
from engine.core.facts import PositionAdopted, TradeClosed
from engine.core.money import at_rate, to_money
from engine.core.portfolio import EXTERNAL
from tests.support.desk import BTC, DAY, WALLET, Bench, facts, instrument


def fee(price: int, qty: int) -> int:
    return at_rate(instrument().notional(price, qty), 55_000)


@pytest.mark.parametrize("long", [True, False])
def test_a_round_trip_leaves_exactly_price_result_minus_fees_and_funding(long: bool) -> None:
    bench = Bench()
    ticket = bench.order(long=long)
    bench.fill(ticket, 10_000)
    bench.step(FundingPaid("f1", BTC, to_money("0.15"), bench.now))
    out = bench.execution(ticket, 10_100, link_id="", kind=ExecKind.TARGET if long else ExecKind.STOP, buy=not long)
    trade = facts(bench.step(out), TradeClosed)[0].trade
    sign = 1 if long else -1
    fees = fee(10_000, 150) + fee(10_100, 150)
    assert trade.gross == sign * 15
    assert to_money(trade.fees) == fees
    assert to_money(trade.net) == sign * to_money(15) - fees - to_money("0.15")
    assert bench.state.portfolio.wallet == WALLET + to_money(trade.net)
    assert bench.state.portfolio.positions == {}


def test_a_trade_carries_what_every_report_needs() -> None:
    bench = Bench()
    ticket = bench.order()
    bench.fill(ticket, 10_002)
    bench.price(9_990, low=9_980, high=10_050)
    bench.time(60_000)
    bench.price(9_990, low=9_970, high=9_995)
    out = bench.execution(ticket, 9_950, link_id="", kind=ExecKind.STOP, buy=False, ambiguous=True)
    trade = facts(bench.step(out), TradeClosed)[0].trade
    assert (trade.expected_entry, trade.entry) == (Decimal("100.00"), Decimal("100.02"))
    assert (trade.initial_stop, trade.initial_target) == (Decimal("99.50"), Decimal("102.00"))
    assert trade.risk == Decimal("0.52") * 15
    assert trade.r_multiple == trade.net / (Decimal("0.52") * 15)
    assert (trade.mae, trade.mfe) == (Decimal("-0.52") * 15, Decimal("0.48") * 15)
    assert (trade.expected_exit, trade.exit, trade.reason) == (None, Decimal("99.5"), "stop")
    assert (trade.ambiguous, trade.rule, trade.quantity) == (True, "go", Decimal("15.0"))
    assert trade.exit_ms - trade.entry_ms == 60_000


def test_a_trade_without_a_stop_has_no_risk_and_no_multiple() -> None:
    bench = Bench()
    stray = bench.execution(bench.order(), 10_000, link_id="", symbol="ETHUSDT", qty=10)
    bench.step(stray)
    out = bench.execution(bench.order(symbol="XRPUSDT"), 10_010, link_id="", symbol="ETHUSDT", qty=10, buy=False)
    trade = facts(bench.step(out), TradeClosed)[0].trade
    assert (trade.profile, trade.risk, trade.r_multiple, trade.initial_stop) == (EXTERNAL, None, None, None)


def test_partial_closes_book_their_share_and_the_rest_to_the_unit() -> None:
    bench = Bench()
    ticket = bench.order()
    bench.fill(ticket, 10_001, 100)
    bench.fill(ticket, 10_002, 50)
    cost = bench.ws.positions[BTC].cost
    for qty in (7, 43, 100):
        bench.step(bench.execution(ticket, 10_050, qty, link_id="", kind=ExecKind.MANUAL, buy=False))
    trade = facts(bench.effects, TradeClosed)[0].trade
    assert to_money(trade.gross) == instrument().notional(10_050, 150) - cost
    assert (trade.quantity, trade.exit) == (Decimal("15.0"), Decimal("100.5"))
    assert bench.state.portfolio.wallet == WALLET + to_money(trade.net)


def test_one_fill_through_zero_closes_one_round_trip_and_opens_another() -> None:
    bench = Bench()
    ticket = bench.order()
    bench.fill(ticket)
    through = bench.execution(ticket, 10_100, 200, link_id="", kind=ExecKind.MANUAL, buy=False)
    trade = facts(bench.step(through), TradeClosed)[0].trade
    left = bench.ws.positions[BTC]
    assert (trade.quantity, left.qty, left.profile) == (Decimal("15.0"), -50, EXTERNAL)
    assert to_money(trade.fees) + left.fees == fee(10_000, 150) + fee(10_100, 200)
    assert bench.state.portfolio.wallet == WALLET + to_money(trade.net) - left.fees


def test_funding_never_touches_quantity_and_belongs_to_the_holder() -> None:
    bench = Bench()
    position = bench.enter()
    bench.step(FundingPaid("f1", BTC, to_money(2), bench.now))
    bench.step(FundingPaid("f1", BTC, to_money(2), bench.now))
    bench.step(FundingPaid("f2", "ETHUSDT", to_money(-1), bench.now))
    books = bench.state.portfolio
    assert (position.qty, position.funding) == (150, to_money(2))
    assert books.net == {"alpha": -fee(10_000, 150) - to_money(2), EXTERNAL: to_money(1)}


def test_the_result_of_the_day_begins_anew_with_the_day() -> None:
    bench = Bench()
    bench.enter()
    assert bench.state.portfolio.day_net["alpha"] == -fee(10_000, 150)
    bench.time(DAY)
    bench.step(FundingPaid("f1", BTC, to_money(1), bench.now))
    assert bench.state.portfolio.day_net == {"alpha": -to_money(1)}
    bench.step(FundingPaid("late", BTC, to_money(5), bench.now - DAY))
    assert bench.state.portfolio.day_net == {"alpha": -to_money(1)}
    assert bench.state.portfolio.net["alpha"] == -fee(10_000, 150) - to_money(6)


def test_an_adopted_change_keeps_the_averages_of_what_already_left() -> None:
    bench = Bench()
    ticket = bench.order()
    bench.fill(ticket)
    bench.step(bench.execution(ticket, 10_100, 50, link_id="", kind=ExecKind.MANUAL, buy=False))
    position = bench.ws.positions[BTC]
    bench.state.apply(PositionAdopted(BTC, 40, instrument().notional(10_000, 40), "test", bench.now))
    assert (position.qty, position.entered, position.profile) == (40, 90, "alpha")
    out = bench.execution(ticket, 10_100, 40, link_id="", kind=ExecKind.MANUAL, buy=False)
    trade = facts(bench.step(out), TradeClosed)[0].trade
    assert (trade.entry, trade.exit, trade.gross) == (Decimal(100), Decimal(101), Decimal(9))


def test_an_adopted_flip_is_a_new_external_position_and_flat_leaves_nothing() -> None:
    bench = Bench()
    bench.enter()
    bench.state.apply(PositionAdopted(BTC, -40, instrument().notional(9_000, 40), "test", bench.now))
    position = bench.ws.positions[BTC]
    assert (position.qty, position.profile, position.expected, position.stop) == (-40, EXTERNAL, 9_000, 0)
    bench.state.apply(PositionAdopted(BTC, 0, 0, "test", bench.now))
    bench.state.apply(PositionAdopted(BTC, 0, 0, "test", bench.now))
    assert bench.state.portfolio.positions == {}


def test_unrealised_counts_only_positions_with_a_mark() -> None:
    bench = Bench()
    bench.enter()
    bench.enter(symbol="ETHUSDT", long=False)
    books = bench.state.portfolio
    assert books.unrealised({BTC: 10_010}) == to_money("1.5")
    assert books.unrealised({BTC: 10_010, "ETHUSDT": 10_030}) == to_money("1.5") - to_money("4.5")
    assert books.unrealised({BTC: 10_010}, "nobody") == 0
