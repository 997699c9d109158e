"""The guard outside the strategies: one entry too many halts the account, and only an admin lifts it."""

from decimal import Decimal

import pytest

from engine.core.alerts import SystemAlert, is_critical
from engine.core.commands import Done, OpenManual, Resume
from engine.core.effects import CancelOrder
from engine.core.events import OrderRejected
from engine.core.facts import HoldSet, SignalRecorded
from engine.core.market import MINUTE_MS
from engine.core.money import to_money
from engine.core.profile import HoldLevel, Runaway
from engine.core.runaway import excess
from engine.core.strategy import Enter
from tests.support.desk import BTC, DAY, ETH, T0, XRP, Bench, account, assert_replays, facts, placed, profile, told


def guarded(*, orders: int = 600, notional: int = 10_000) -> Bench:
    """Each entry is 1,500 USDT on an account of 10,000 USDT."""
    bench = Bench(account(profile(), runaway=Runaway(orders_a_minute=orders, notional_a_day=notional)))
    for symbol in (BTC, ETH, XRP):
        bench.price(symbol=symbol)
    return bench


def tried(bench: Bench, symbol: str = BTC, after_ms: int = 1) -> list[object]:
    """One signal, whose order the exchange refuses at once when there is one."""
    bench.now += after_ms
    bench.time()
    bench.price(symbol=symbol)
    effects = bench.bar(Enter(True, "go"), symbol=symbol)
    for ticket in placed(effects):
        bench.step(OrderRejected(ticket.link_id, "110007", "no", bench.now))
    return [*effects]


def test_the_last_order_within_a_minute_passes_and_one_more_halts() -> None:
    bench = guarded(orders=3)
    assert [len(placed(tried(bench))) for _ in range(3)] == [1, 1, 1]
    effects = tried(bench, ETH)
    assert placed(effects) == []
    (signal,) = facts(effects, SignalRecorded)
    assert (signal.outcome, signal.check) == ("refused", "runaway")
    assert signal.detail == "4 entry orders within a minute, maximum 3"
    assert bench.ws.hold_level() is HoldLevel.HALTED
    (alert,) = told(effects, SystemAlert)
    assert is_critical(alert)
    assert alert.topic == "runaway"
    assert_replays(bench)


def test_orders_older_than_a_minute_count_no_longer() -> None:
    bench = guarded(orders=2)
    tried(bench)
    tried(bench)
    assert len(placed(tried(bench, after_ms=MINUTE_MS))) == 1
    assert bench.ws.hold_level() is HoldLevel.NONE


def test_the_notional_of_a_day_is_measured_by_the_equity_it_began_with() -> None:
    # 10,000 USDT once: six entries of 1,500 fit, the seventh would make 10,500.
    bench = guarded(notional=1)
    assert [len(placed(tried(bench))) for _ in range(7)] == [1, 1, 1, 1, 1, 1, 0]
    reason = bench.state.holds["runaway"].reason
    assert reason == "runaway guard: 10,500 USDT entered in a day, maximum 10,000 (1 × equity)"


def test_a_new_day_begins_at_nothing() -> None:
    bench = guarded(notional=1)
    for _ in range(6):
        tried(bench)
    assert len(placed(tried(bench, after_ms=DAY))) == 1


def test_working_entries_are_cancelled_and_a_halt_is_set_once() -> None:
    bench = guarded(orders=1)
    ticket = bench.order()
    effects = tried(bench, ETH)
    assert [effect.link_id for effect in effects if isinstance(effect, CancelOrder)] == [ticket.link_id]
    again = tried(bench, XRP)
    assert facts(again, HoldSet) == []
    assert facts(again, SignalRecorded)[0].check == "hold"


def test_a_restart_forgets_no_order() -> None:
    bench = guarded(orders=2)
    tried(bench)
    tried(bench)
    bench.restart()
    bench.step(bench.report())
    for symbol in (BTC, ETH):
        bench.price(symbol=symbol)
    assert placed(tried(bench, ETH)) == []
    assert "runaway" in bench.state.holds
    bench.restart()
    assert bench.ws.hold_level() is HoldLevel.HALTED


def test_time_alone_does_not_lift_it_and_an_admin_begins_the_count_anew() -> None:
    bench = guarded(orders=1, notional=1)
    tried(bench)
    tried(bench)
    bench.time(8 * DAY)
    assert bench.ws.hold_level() is HoldLevel.HALTED
    assert isinstance(bench.ask(Resume(command_id="r", by="ann", wall_ms=T0)), Done)
    assert (bench.state.entered_at, bench.state.entered_notional) == ((), 0)
    assert len(placed(tried(bench))) == 1


def test_exits_go_on_while_it_holds() -> None:
    bench = guarded(orders=1)
    position = bench.enter()
    tried(bench, ETH)
    bench.script.following = None
    bench.scripts["alpha"].reverses = True
    effects = bench.bar(Enter(False, "down"))
    assert [(t.symbol, t.buy, t.qty) for t in placed(effects)] == [(BTC, False, position.size)]


def test_an_entry_by_hand_counts_and_is_stopped_too() -> None:
    bench = Bench(account(profile(strategy="manual"), runaway=Runaway(orders_a_minute=1)))
    bench.price()
    bench.price(symbol=ETH)
    wanted = {"by": "ann", "wall_ms": T0, "long": True, "quantity": Decimal(1), "seen_price": Decimal(100)}
    assert isinstance(bench.ask(OpenManual(command_id="1", symbol=BTC, **wanted)), Done)
    bench.ask(OpenManual(command_id="2", symbol=ETH, **wanted))
    assert bench.ws.hold_level() is HoldLevel.HALTED


@pytest.mark.parametrize("equity", [0, -5])
def test_without_equity_nothing_may_be_entered(equity: int) -> None:
    bench = guarded()
    bench.state.references[""] = {}
    bench.state.portfolio.wallet = to_money(equity)
    assert excess(bench.ws, to_money(1)) is not None
