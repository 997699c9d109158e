"""The exchange's view against ours: missed fills are booked, orders in flight excuse differences, the rest adopted."""

from decimal import Decimal
from typing import Any

import pytest

from engine.core import events as e
from engine.core.alerts import DifferenceAlert, ExitAlert, SystemAlert
from engine.core.effects import CancelOrder, Effect, QueryAccount, QueryOrder
from engine.core.facts import AccountOpened, PositionAdopted, TradeClosed, WalletUnexplained
from engine.core.money import from_money, to_money
from engine.core.orders import OrderStatus, Ticket
from engine.core.portfolio import Position
from tests.support.desk import BTC, ETH, T0, WALLET, XRP, Bench, assert_replays, facts, instrument, told


def row(position: Position, **changes: Any) -> e.PositionReport:
    fields = {"qty": position.qty, "entry_cost": position.cost, "stop": position.held_stop}
    return e.PositionReport(**({"symbol": position.symbol, "target": position.held_target} | fields | changes))


def order(ticket: Ticket, **changes: Any) -> e.OrderReport:
    fields = {"order_id": "7", "symbol": ticket.symbol, "open": False, "rejected": False, "filled": 0}
    return e.OrderReport(**({"link_id": ticket.link_id} | fields | changes))


def queries(effects: list[Effect]) -> list[str]:
    return [effect.why for effect in effects if isinstance(effect, QueryAccount)]


def held() -> Bench:
    bench = Bench()
    bench.enter()
    bench.time(60_000)
    return bench


def test_the_first_report_opens_the_books_and_adopts_what_is_there_without_booking_the_past() -> None:
    bench = Bench(wallet=None)
    old = e.Executed("old", "", "", BTC, True, 9_000, 50, to_money(1), e.ExecKind.MANUAL, T0 - 1)
    there = e.PositionReport(BTC, 50, instrument().notional(9_000, 50), 8_900, 0)
    effects = bench.step(bench.report(rows=[there], executions=(old,), wallet=to_money(700)))
    assert facts(effects, AccountOpened) == [AccountOpened(to_money(700), bench.now)]
    assert facts(effects, e.Executed) == []
    position = bench.ws.positions[BTC]
    assert (position.qty, position.profile, position.held_stop) == (50, "external", 8_900)
    bench.time(60_000)
    assert facts(bench.step(bench.report(rows=[there], executions=(old,))), e.Executed) == []
    assert bench.state.portfolio.wallet == to_money(700)
    assert_replays(bench)


def test_equal_views_change_nothing() -> None:
    bench = held()
    assert bench.step(bench.report(rows=[row(bench.ws.positions[BTC])])) == []


def test_fills_that_were_missed_are_booked_from_the_report() -> None:
    bench = Bench()
    ticket = bench.order()
    execution = bench.execution(ticket)
    funding = e.FundingPaid("f", BTC, to_money(1), bench.now)
    there = e.PositionReport(BTC, 150, instrument().notional(10_000, 150), 9_950, 10_200)
    wallet = WALLET - execution.fee - to_money(1)
    report = bench.report(
        rows=[there], executions=(execution, funding), orders=(order(ticket, filled=150),), wallet=wallet
    )
    bench.step(report)
    position = bench.ws.positions[BTC]
    assert (position.qty, position.profile, position.held_stop, position.funding) == (150, "alpha", 9_950, to_money(1))
    assert bench.state.portfolio.wallet == wallet
    assert bench.step(report) == []
    assert_replays(bench)


def test_a_difference_while_an_order_is_in_flight_concludes_nothing() -> None:
    bench = Bench()
    bench.order()
    there = e.PositionReport(BTC, 150, instrument().notional(10_000, 150), 9_950, 0)
    effects = bench.step(bench.report(rows=[there], wallet=WALLET - to_money(5)))
    assert queries(effects) == ["BTCUSDT differs while orders are under way"]
    assert facts(effects, PositionAdopted) == facts(effects, WalletUnexplained) == []


def test_a_difference_right_after_an_execution_concludes_nothing() -> None:
    bench = Bench()
    bench.enter()
    for asked, adopts in ((1_999, 0), (2_000, 1)):
        bench.now = bench.state.last_execution_ms + asked
        assert len(facts(bench.step(bench.report()), PositionAdopted)) == adopts


@pytest.mark.parametrize(
    ("qty", "theirs", "why"), [(0, "0.0", "closed"), (90, "9.0", "changed"), (-90, "-9.0", "changed")]
)
def test_what_nothing_of_ours_explains_is_adopted_and_told(qty: int, theirs: str, why: str) -> None:
    bench = held()
    rows = [e.PositionReport(BTC, qty, instrument().notional(10_000, abs(qty)), 9_950, 0)] if qty else []
    effects = bench.step(bench.report(rows=rows))
    alert = told(effects, DifferenceAlert)[0]
    assert (alert.ours, alert.theirs, alert.why) == ("15.0", theirs, f"{why} outside the desk")
    position = bench.ws.positions.get(BTC)
    assert (position.qty if position else 0) == qty
    assert told(bench.step(bench.report(rows=rows)), DifferenceAlert) == []
    assert_replays(bench)


@pytest.mark.parametrize(("ticks", "adopted"), [(1, 0), (-1, 0), (2, 1), (-2, 1)])
def test_another_average_entry_is_adopted_beyond_the_exchanges_rounding(ticks: int, adopted: int) -> None:
    bench = held()
    theirs = instrument().notional(10_000 + ticks, 150)
    effects = bench.step(bench.report(rows=[row(bench.ws.positions[BTC], entry_cost=theirs)]))
    assert [fact.why for fact in facts(effects, PositionAdopted)] == ["entered at another average"] * adopted
    assert bench.ws.positions[BTC].profile == "alpha"
    assert len(told(effects, DifferenceAlert)) == adopted
    assert_replays(bench)


@pytest.mark.parametrize("long", [True, False])
def test_another_average_moves_the_realised_result_by_the_difference_in_cost_and_no_equity(long: bool) -> None:
    bench = Bench()
    position = bench.enter(long=long)
    bench.time(60_000)
    bench.price()
    wallet, equity = bench.state.portfolio.wallet, bench.ws.equity()
    theirs = position.cost + 30 * position.size * position.unit
    moved = theirs - position.cost if long else position.cost - theirs
    rows = [row(position, entry_cost=theirs)]
    bench.step(bench.report(rows=rows, wallet=wallet + moved))
    assert bench.state.portfolio.wallet == wallet + moved
    assert bench.ws.equity() == equity
    assert bench.state.unexplained == 0
    assert_replays(bench)


def test_a_report_without_a_cost_takes_no_cost_away() -> None:
    bench = held()
    assert bench.step(bench.report(rows=[row(bench.ws.positions[BTC], entry_cost=0)])) == []


def test_a_position_on_a_symbol_the_desk_does_not_know_alarms_and_is_left_alone() -> None:
    bench = Bench(symbols=(BTC,))
    effects = bench.step(bench.report(rows=[e.PositionReport("ODDUSDT", 5, 1, 0, 0)]))
    assert [alert.critical for alert in told(effects, SystemAlert)] == [True]
    assert bench.ws.positions == {}


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"open": True}, OrderStatus.ACKNOWLEDGED),
        ({"rejected": True}, OrderStatus.REJECTED),
        ({}, OrderStatus.CANCELLED),
    ],
)
def test_an_unknown_order_becomes_what_the_report_says(changes: dict[str, Any], status: OrderStatus) -> None:
    bench = Bench()
    ticket = bench.order()
    bench.step(e.OrderOutcomeUnknown(ticket.link_id, "timeout", bench.now))
    bench.step(bench.report(orders=(order(ticket, **changes),)))
    assert bench.state.book.orders[ticket.link_id].status is status
    assert_replays(bench)


def test_an_answer_about_one_order_counts_like_a_row_of_the_report() -> None:
    bench = Bench()
    ticket = bench.order()
    bench.step(order(ticket, open=True))
    assert bench.state.book.orders[ticket.link_id].status is OrderStatus.ACKNOWLEDGED


def test_an_order_that_is_missing_from_the_report_is_asked_for_unless_it_may_be_on_its_way() -> None:
    bench = Bench()
    on_its_way, known, silent = (bench.order(symbol=symbol) for symbol in (BTC, ETH, XRP))
    bench.step(e.OrderSent(on_its_way.link_id, bench.now))
    bench.step(e.OrderAccepted(known.link_id, "1", bench.now))
    bench.step(e.OrderOutcomeUnknown(silent.link_id, "timeout", bench.now))
    bench.time(2_000)
    bench.time(2_000 - 1)
    bench.ws.asked.clear()
    effects = bench.step(bench.report())
    asked = {effect.link_id for effect in effects if isinstance(effect, QueryOrder)}
    assert asked == {known.link_id, silent.link_id}


def test_an_order_of_ours_that_no_decision_stands_behind_is_cancelled() -> None:
    bench = held()
    working = bench.order(symbol=ETH)
    stray = {"link_id": "pd00-alph-e0-0000", "symbol": XRP}
    rows = [
        order(working, open=True),
        order(working, **stray, open=True),
        order(working, **(stray | {"link_id": "pd00-alph-e0-1"})),
        order(working, **(stray | {"link_id": "pd00-alph-x0-2"}), open=True, reduce_only=True),
    ]
    effects = bench.step(bench.report(rows=[row(bench.ws.positions[BTC])], orders=tuple(rows)))
    assert [effect for effect in effects if isinstance(effect, CancelOrder)] == [CancelOrder("pd00-alph-e0-0000", XRP)]
    assert [alert.title for alert in told(effects, SystemAlert)] == ["Stray order on XRPUSDT"]


def test_a_finished_order_in_a_late_report_is_not_stray() -> None:
    bench = Bench()
    ticket = bench.order()
    bench.step(e.OrderRejected(ticket.link_id, "1", "no", bench.now))
    assert bench.step(bench.report(orders=(order(ticket, open=True),))) == []


def test_a_wallet_that_moves_by_itself_asks_for_a_comparison() -> None:
    bench = Bench()
    assert bench.step(e.WalletReported(WALLET + to_money("0.01"), T0)) == []
    assert queries(bench.step(e.WalletReported(WALLET - to_money(1), T0))) == ["the wallet moved"]
    bench.order()
    assert bench.step(e.WalletReported(WALLET - to_money(1), T0)) == []
    assert bench.state.portfolio.wallet == WALLET


def test_a_failed_query_is_no_report_so_an_outage_alone_concludes_nothing() -> None:
    bench = held()
    assert len(told(bench.step(e.VenueChanged(e.VenueState.DOWN, "503", T0)), SystemAlert)) == 1
    assert bench.step(e.VenueChanged(e.VenueState.DOWN, "503", T0)) == []
    for _ in range(20):
        assert facts(bench.time(15_000), PositionAdopted) == []
    back = bench.step(e.VenueChanged(e.VenueState.UP, "answers", T0))
    assert queries(back) == ["exchange connection is back"]
    assert list(bench.ws.positions) == [BTC]


def test_the_journals_trouble_is_told_once_and_its_end_once() -> None:
    bench = Bench()
    assert bench.step(e.StoreChanged(True, "", T0)) == []
    assert [alert.critical for alert in told(bench.step(e.StoreChanged(False, "full", T0)), SystemAlert)] == [True]
    assert bench.step(e.StoreChanged(False, "full", T0)) == []
    assert [alert.critical for alert in told(bench.step(e.StoreChanged(True, "again", T0)), SystemAlert)] == [False]


@pytest.mark.parametrize(
    ("moved", "price", "result", "source"),
    [
        ("9", 10_040, "9", "The wallet says"),
        ("-300", 10_040, "6", "reckoned at the mark"),
        ("0.3", 0, "0.3", "The wallet says"),
        ("100", 0, "0", "taken as nothing"),
    ],
)
@pytest.mark.parametrize("long", [True, False])
def test_a_position_that_ended_unseen_is_a_trade_with_the_result_that_can_be_known(
    moved: str, price: int, result: str, source: str, long: bool
) -> None:
    bench = Bench()
    position = bench.enter(long=long)
    if price:
        bench.price(price if long else 2 * 10_000 - price)
    else:
        bench.ws.marks.clear()
    bench.time(60_000)
    fees, before = position.fees, bench.state.portfolio.wallet
    effects = bench.step(bench.report(wallet=before + to_money(moved)))
    trade = facts(effects, TradeClosed)[0].trade
    assert (trade.reason, trade.long, trade.gross) == ("external", long, Decimal(result))
    assert trade.fees == from_money(fees)
    assert (trade.exit - trade.entry) * trade.quantity * (1 if long else -1) == Decimal(result)
    assert bench.state.portfolio.wallet == before + to_money(result)
    assert source in told(effects, SystemAlert)[0].detail
    assert len(told(effects, ExitAlert)) == 1
    assert bench.state.cooldowns[BTC] > bench.now
    assert_replays(bench)


def test_of_two_positions_that_ended_unseen_each_has_its_own_result() -> None:
    bench = Bench()
    bench.enter()
    bench.enter(symbol=ETH)
    bench.price(10_040)
    bench.price(9_980, ETH)
    bench.time(60_000)
    effects = bench.step(bench.report(wallet=bench.state.portfolio.wallet + to_money("2.9")))
    assert [fact.trade.gross for fact in facts(effects, TradeClosed)] == [Decimal(6), Decimal("-3.1")]
    assert bench.state.unexplained == 0


def test_a_position_turned_over_outside_ends_one_trade_and_begins_an_external_position() -> None:
    bench = held()
    bench.price(10_040)
    there = e.PositionReport(BTC, -90, instrument().notional(10_030, 90), 0, 0)
    effects = bench.step(bench.report(rows=[there], wallet=bench.state.portfolio.wallet + to_money(6)))
    assert [fact.trade.gross for fact in facts(effects, TradeClosed)] == [Decimal(6)]
    assert (bench.ws.positions[BTC].qty, bench.ws.positions[BTC].profile) == (-90, "external")
    assert_replays(bench)


def test_an_outage_is_told_at_its_beginning_and_its_end_and_again_only_when_it_grows_much_later() -> None:
    bench = held()

    def change(state: e.VenueState, minutes: int) -> list[str]:
        bench.time(minutes * 60_000)
        return [alert.title for alert in told(bench.step(e.VenueChanged(state, "why", bench.now)), SystemAlert)]

    degraded, down, up = e.VenueState.DEGRADED, e.VenueState.DOWN, e.VenueState.UP
    assert change(degraded, 1) == ["Exchange connection degraded"]
    assert (change(down, 1), change(degraded, 1)) == ([], [])
    assert change(up, 1) == ["Exchange connection is back"]
    assert change(degraded, 1) == ["Exchange connection degraded"]
    assert change(down, 10) == ["Exchange connection down"]
