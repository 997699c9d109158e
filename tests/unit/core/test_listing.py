"""New grids and the end of a symbol: exact books, stops set again, entries off, people told once."""

from decimal import Decimal
from typing import Any

import pytest

from engine.core import events as e
from engine.core.alerts import SystemAlert
from engine.core.effects import Effect, SetProtection
from engine.core.facts import TradeClosed
from engine.core.market import MINUTE_MS, Regrid, Status
from engine.core.money import to_money
from engine.core.risk import minimum_qty, quantity
from engine.core.strategy import Enter
from tests.support.desk import BTC, ETH, T0, Bench, assert_replays, facts, instrument, profile, refusal, told

FINER = {"tick": Decimal("0.001"), "step": Decimal("0.01"), "min_qty": 10, "max_market_qty": 1_000_000}
COARSER = {"tick": Decimal("0.5")}


def change(bench: Bench, symbol: str = BTC, **changes: Any) -> list[Effect]:
    return bench.step(e.InstrumentChanged(instrument(symbol, **changes), bench.now))


def protections(effects: list[Effect]) -> list[SetProtection]:
    return [effect for effect in effects if isinstance(effect, SetProtection)]


@pytest.mark.parametrize("long", [True, False])
def test_a_finer_grid_changes_how_a_position_is_counted_and_nothing_about_it(long: bool) -> None:
    bench = Bench()
    position = bench.enter(long=long)
    before = (position.cost, position.entry_value, position.fees, bench.ws.equity())
    stop, target, qty = position.stop, position.target, position.qty
    effects = change(bench, **FINER)
    assert (position.qty, position.entered) == (qty * 10, abs(qty) * 10)
    assert (position.stop, position.held_stop, position.first_stop) == (stop * 10,) * 3
    assert (position.cost, position.entry_value, position.fees, bench.ws.equity()) == before
    assert protections(effects) == [SetProtection(BTC, stop * 10, target * 10)]
    assert [alert.title for alert in told(effects, SystemAlert)] == ["BTCUSDT has new price or quantity steps"]
    assert change(bench, **FINER) == []
    assert_replays(bench)


def test_a_trade_over_a_new_grid_has_the_result_it_would_have_had() -> None:
    def result(**changes: Any) -> tuple[Any, ...]:
        bench = Bench()
        position = bench.enter()
        factor = 1
        if changes:
            change(bench, **changes)
            factor = 10
        out = e.Executed(
            "out", "", "", BTC, False, 10_100 * factor, position.size, to_money(1), e.ExecKind.STOP, bench.now
        )
        trade = facts(bench.step(out), TradeClosed)[0].trade
        return trade.gross, trade.fees, trade.quantity, trade.entry, trade.exit, trade.risk, trade.mfe, trade.mae

    assert result(**FINER) == result()


@pytest.mark.parametrize(("long", "stop"), [(True, 199), (False, 202)])
def test_a_coarser_tick_takes_levels_to_the_safe_side(long: bool, stop: int) -> None:
    bench = Bench()
    position = bench.enter(long=long)
    bench.price(10_060)
    changed = change(bench, **COARSER)
    # 99.50 stays, 100.50 moves up to 101 only when the tick asks for it.
    assert position.stop == (199 if long else 201)
    assert protections(changed)
    assert bench.ws.marks == {BTC: 201}
    assert (bench.ws.prices[BTC].last, bench.ws.prices[BTC].bid) == (201, 0)
    assert Regrid(instrument(), instrument(**COARSER)).level(9_951 if long else 10_051, long=long) == stop
    assert_replays(bench)


def test_orders_under_way_are_counted_anew_and_their_fills_end_them() -> None:
    bench = Bench()
    ticket = bench.order()
    bench.fill(ticket, qty=50)
    bench.step(e.OrderEnded(ticket.link_id, 120, "", bench.now))
    change(bench, **FINER)
    order = bench.state.book.orders[ticket.link_id]
    assert (order.ticket.qty, order.filled, order.final) == (ticket.qty * 10, 500, 1_200)
    assert order.ticket.unit == instrument(**FINER).unit
    bench.fill(ticket, price=100_000, qty=700)
    assert order.over
    assert bench.ws.positions[BTC].qty == 1_200
    assert_replays(bench)


def test_exits_after_a_new_grid_close_the_whole_position() -> None:
    bench = Bench()
    bench.enter()
    change(bench, **FINER)
    bench.order(symbol=ETH)
    bench.time(MINUTE_MS)
    change(bench, symbol=ETH, **FINER)
    bench.time(MINUTE_MS)
    bench.price(100_000)
    effects = bench.step(e.ProtectionReported(BTC, 0, 0, bench.now))
    for _ in range(8):
        effects = bench.time(1_000)
    del effects
    sent = [order.ticket for order in bench.state.book.orders.values() if order.ticket.reduce_only]
    assert [(ticket.qty, ticket.unit) for ticket in sent[:1]] == [(1_500, instrument(**FINER).unit)]


def test_a_new_grid_of_a_flat_symbol_is_no_news() -> None:
    assert told(change(Bench(), **FINER), SystemAlert) == []


def test_a_position_without_levels_is_not_given_any() -> None:
    bench = Bench()
    there = e.PositionReport(BTC, 50, instrument().notional(10_000, 50), 0, 0)
    bench.step(bench.report(rows=[there]))
    assert protections(change(bench, **FINER)) == []
    assert bench.ws.positions[BTC].qty == 500
    assert protections(change(bench, **FINER, delivery_ms=5)) == []


def test_sizes_are_whole_lots() -> None:
    coarse = instrument(lot=10, min_qty=10)
    assert minimum_qty(coarse, 10_000) == 10
    assert minimum_qty(instrument(lot=10, min_qty=1, min_notional=Decimal(25)), 1_000) == 30
    assert quantity(coarse, profile(), to_money(1_599), 10_000) == 150
    assert quantity(coarse, profile(), to_money(90), 10_000) == 10


@pytest.mark.parametrize("changes", [{"delivery_ms": T0 + 3_600_000}, {"status": Status.DELIVERING}])
def test_a_delisting_stops_entries_on_the_symbol_only_and_is_told_once(changes: dict[str, Any]) -> None:
    bench = Bench()
    alerts = told(change(bench, **changes), SystemAlert)
    assert [alert.critical for alert in alerts] == [False]
    assert change(bench, **changes) == []
    bench.restart()
    assert change(bench, **changes) == []
    bench.step(bench.report())
    bench.time(MINUTE_MS)
    bench.price()
    assert refusal(bench.bar(Enter(True, "go"))) == "listed"
    bench.order(symbol=ETH)


def test_a_delisting_with_a_position_says_when_and_what_becomes_of_it() -> None:
    bench = Bench()
    bench.enter()
    alert = told(change(bench, delivery_ms=T0 + 3_600_000), SystemAlert)[0]
    assert alert.title == "BTCUSDT is to be delisted at 2024-01-03 10:00 UTC"
    assert "The open long of 15.0 is settled by the exchange at its own price at 2024-01-03 10:00 UTC" in alert.detail
    assert alert.critical
    halted = told(change(bench, status=Status.DELIVERING), SystemAlert)[0]
    assert "if the symbol is not traded again" in halted.detail
    closed = told(change(bench, status=Status.CLOSED, delivery_ms=T0), SystemAlert)[0]
    assert closed.title == "BTCUSDT is closed"
    assert "is settled by the exchange; its result" in closed.detail
    position = bench.ws.positions[BTC]
    out = e.Executed("d", "", "", BTC, False, 9_990, position.size, 0, e.ExecKind.DELIVERY, bench.now)
    assert facts(bench.step(out), TradeClosed)[0].trade.reason == "delivery"
    bench.order(symbol=ETH)


def test_a_short_is_called_a_short_and_a_symbol_that_trades_again_is_told() -> None:
    bench = Bench()
    bench.enter(long=False)
    assert "open short of" in told(change(bench, status=Status.DELIVERING), SystemAlert)[0].detail
    assert [alert.title for alert in told(change(bench), SystemAlert)] == ["BTCUSDT trades again"]


def test_a_symbol_seen_for_the_first_time_is_told_only_when_it_ends() -> None:
    bench = Bench(symbols=(ETH,))
    assert told(change(bench, symbol="NEWUSDT"), SystemAlert) == []
    assert told(change(bench, symbol="OLDUSDT", delivery_ms=T0), SystemAlert)


def test_what_is_held_or_ordered_is_known_as_it_is_counted() -> None:
    bench = Bench()
    assert bench.state.held_instruments() == []
    bench.enter()
    bench.order(symbol=ETH)
    change(bench, symbol="XRPUSDT", **FINER)
    assert bench.state.held_instruments() == [instrument(BTC), instrument(ETH)]


def test_a_new_quantity_step_alone_leaves_prices_known() -> None:
    bench = Bench()
    bench.enter()
    change(bench, step=Decimal("0.01"), min_qty=10)
    assert list(bench.ws.marks) == [BTC]
    assert bench.ws.positions[BTC].qty == 1_500
