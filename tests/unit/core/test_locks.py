"""Holds that no resume lifts: lockdown and unconfirmed live trading."""

from typing import Any

import pytest

from engine.core import commands as c
from engine.core.alerts import HoldAlert
from engine.core.effects import CancelOrder
from engine.core.facts import Hold, HoldLifted, HoldSet
from engine.core.holds import asks_first
from engine.core.profile import HoldLevel
from engine.core.strategy import Enter
from tests.support.desk import BTC, T0, Bench, account, assert_replays, facts, placed, profile, refusal, told


def lock(name: str = "lockdown:1", command_id: str = "c1", **fields: Any) -> c.LockEntries:
    more = {"reason": "locked down by ann", "lift": "host", **fields}
    return c.LockEntries(command_id=command_id, by="ann", wall_ms=T0, name=name, **more)


def free(name: str = "lockdown:1", command_id: str = "f1") -> c.FreeEntries:
    return c.FreeEntries(command_id=command_id, by="host", wall_ms=T0, name=name)


def desk() -> Bench:
    bench = Bench(account(profile()))
    bench.price()
    return bench


def test_no_resume_lifts_a_lock_and_a_restart_does_not_either() -> None:
    bench = desk()
    assert bench.ask(lock()) == c.Done("c1")
    answer = bench.ask(c.Resume(command_id="c2", by="bob", wall_ms=T0))
    assert answer == c.Done("c2", (), ("Still held: locked down by ann",))
    bench.restart()
    assert bench.ws.hold_level() is HoldLevel.REDUCE_ONLY
    assert refusal(bench.bar(Enter(True, "go"))) == "hold"
    assert_replays(bench)


def test_under_a_lock_positions_are_closed_as_ever() -> None:
    bench = desk()
    bench.enter()
    bench.ask(lock())
    assert len(placed(bench.step(c.ClosePosition(command_id="c2", by="bob", wall_ms=T0, symbol=BTC)))) == 1


def test_the_same_lock_twice_is_told_once() -> None:
    bench = desk()
    assert len(told(bench.step(lock()), HoldAlert)) == 1
    again = bench.step(lock(command_id="c2"))
    assert (facts(again, HoldSet), told(again, HoldAlert)) == ([], [])


def test_a_lock_recalls_entries_on_their_way_where_it_is_asked_to() -> None:
    bench = desk()
    bench.bar(Enter(True, "go"))
    assert [each for each in bench.step(lock("golive", "c0", lift="golive")) if isinstance(each, CancelOrder)] == []
    recalled = [each for each in bench.step(lock(recall=True)) if isinstance(each, CancelOrder)]
    assert [each.symbol for each in recalled] == [BTC]


def test_only_the_named_lock_is_freed() -> None:
    bench = desk()
    bench.ask(lock())
    bench.ask(lock("lockdown:2", "c2"))
    effects = bench.step(free())
    assert [fact.hold_id for fact in facts(effects, HoldLifted)] == ["lockdown:1"]
    assert [(alert.set, alert.by) for alert in told(effects, HoldAlert)] == [(False, "host")]
    assert list(bench.state.holds) == ["lockdown:2"]
    assert bench.ask(free(command_id="f2")) == c.Done("f2", notes=("There is no such hold.",))
    assert_replays(bench)


def test_what_an_admin_lifts_is_not_freed_as_a_lock() -> None:
    bench = desk()
    bench.ask(c.Pause(command_id="c1", by="ann", wall_ms=T0))
    answer = bench.ask(free("pause:account:"))
    assert answer == c.Refused("f1", "paused by ann: not lifted this way.")
    assert "pause:account:" in bench.state.holds


@pytest.mark.parametrize(
    ("hold_id", "level", "asks"),
    [
        ("pause:account:", HoldLevel.NO_ENTRIES, False),
        ("limit:daily_equity", HoldLevel.NO_ENTRIES, True),
        ("forced", HoldLevel.REDUCE_ONLY, True),
        ("runaway", HoldLevel.HALTED, True),
    ],
)
def test_more_than_a_pause_is_not_lifted_without_asking(hold_id: str, level: HoldLevel, asks: bool) -> None:
    hold = Hold(hold_id=hold_id, scope=c.ACCOUNT, level=level, reason="", lift="admin", set_ms=0)
    assert asks_first(hold) is asks
