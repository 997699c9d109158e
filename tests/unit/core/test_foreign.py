"""Somebody else's working orders on our symbols: reduce-only and one alarm; an admin lifts it, and it stays lifted."""

from typing import Any

import pytest

from engine.core import events as e
from engine.core.alerts import SystemAlert
from engine.core.commands import Resume
from engine.core.effects import CancelOrder
from engine.core.facts import ForeignOrderFound, HoldSet
from engine.core.profile import HoldLevel
from engine.core.strategy import Enter
from tests.support.desk import BTC, ETH, T0, Bench, account, assert_replays, facts, profile, refusal, told


def order(order_id: str = "77", **changes: Any) -> e.OrderReport:
    fields = {"link_id": "", "symbol": BTC, "open": True, "rejected": False, "filled": 0, "what": "limit buy 1 at 90"}
    return e.OrderReport(**({"order_id": order_id} | fields | changes))


def resume(bench: Bench) -> None:
    bench.ask(Resume(command_id=f"r{bench.now}", by="ann", wall_ms=T0))


@pytest.mark.parametrize("link_id", ["", "mine", "pd01-alph-e0-0123456789abcdef"])
def test_a_foreign_order_holds_the_account_and_is_told_once(link_id: str) -> None:
    bench = Bench()
    report = bench.report(orders=(order(link_id=link_id),))
    effects = bench.step(report)
    assert [fact.hold.level for fact in facts(effects, HoldSet)] == [HoldLevel.REDUCE_ONLY]
    alert = told(effects, SystemAlert)[0]
    assert alert.critical
    assert "BTCUSDT limit buy 1 at 90 (order 77)" in alert.detail
    assert "/resume" in alert.detail
    assert bench.step(report) == []
    bench.time(60_000)
    bench.price()
    assert refusal(bench.bar(Enter(True, "go"))) == "hold"
    assert_replays(bench)


def test_a_foreign_order_is_left_alone_by_the_desk() -> None:
    bench = Bench()
    effects = bench.step(bench.report(orders=(order(link_id="mine"),)))
    assert not [effect for effect in effects if isinstance(effect, CancelOrder)]


def test_an_order_heard_of_between_two_comparisons_counts_at_once() -> None:
    bench = Bench()
    assert facts(bench.step(order()), HoldSet)


def test_what_an_admin_accepted_does_not_hold_again_after_a_restart_either_but_a_new_order_does() -> None:
    bench = Bench()
    bench.step(bench.report(orders=(order(),)))
    resume(bench)
    assert bench.step(bench.report(orders=(order(),))) == []
    bench.restart()
    assert facts(bench.step(bench.report(orders=(order(),))), HoldSet) == []
    assert len(facts(bench.step(bench.report(orders=(order(), order("78")))), HoldSet)) == 1


def test_more_foreign_orders_under_the_hold_are_noted_without_another_alarm() -> None:
    bench = Bench()
    bench.step(order())
    effects = bench.step(order("78"))
    assert [fact.order_id for fact in facts(effects, ForeignOrderFound)] == ["78"]
    assert told(effects, SystemAlert) == []


def test_many_foreign_orders_are_counted_and_the_first_ones_named() -> None:
    bench = Bench()
    rows = tuple(order(str(number), symbol=BTC if number % 2 else ETH) for number in range(5))
    effects = bench.step(bench.report(orders=rows))
    assert "and 2 more" in told(effects, SystemAlert)[0].detail
    assert facts(effects, HoldSet)[0].hold.reason == "orders of somebody else on BTCUSDT, ETHUSDT"


def test_finished_orders_and_orders_on_symbols_that_the_desk_neither_trades_nor_holds_are_nobodys_business() -> None:
    bench = Bench(account(profile(symbols=(ETH,))))
    assert bench.step(bench.report(orders=(order(), order("2", symbol=ETH, open=False)))) == []
    there = e.PositionReport(BTC, 50, 5_000_000, 0, 0)
    assert facts(bench.step(bench.report(rows=[there])), HoldSet) == []
    assert facts(bench.step(bench.report(rows=[there], orders=(order(),))), HoldSet)


def test_only_the_newest_foreign_orders_are_remembered() -> None:
    bench = Bench()
    for number in range(501):
        bench.step(order(str(number)))
    assert len(bench.state.foreign) == 500
    assert "0" not in bench.state.foreign
