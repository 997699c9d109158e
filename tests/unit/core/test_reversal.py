"""An opposite signal closes; once flat, the reverse entry passes every check, is fresh, or does not happen."""

from engine.core import events as e
from engine.core.effects import CancelOrder
from engine.core.facts import SignalRecorded
from engine.core.market import MINUTE_MS
from engine.core.orders import Purpose
from engine.core.strategy import Enter
from tests.support.desk import BTC, Bench, account, assert_replays, facts, placed, profile


def reversing(**changes: object) -> Bench:
    bench = Bench(account(profile(**changes)))
    bench.script.reverses = True
    bench.enter()
    bench.time(MINUTE_MS)
    return bench


def test_the_reverse_entry_follows_once_flat() -> None:
    bench = reversing()
    effects = bench.bar(Enter(False, "down"))
    close = placed(effects)
    assert [(ticket.purpose, ticket.reason) for ticket in close] == [(Purpose.EXIT, "opposite signal")]
    assert facts(effects, SignalRecorded)[0].outcome == "exit"
    bench.fill(close[0], qty=100)
    assert placed(bench.time(1_000)) == []
    following = bench.fill(close[0], qty=50)
    assert [(ticket.purpose, ticket.buy) for ticket in placed(following)] == [(Purpose.ENTRY, False)]
    assert facts(following, SignalRecorded)[-1].outcome == "traded"
    assert_replays(bench)


def test_the_same_side_again_holds_what_there_is() -> None:
    bench = reversing()
    assert bench.bar(Enter(True, "up")) == []


def test_a_refused_reverse_stays_flat() -> None:
    bench = reversing()
    close = placed(bench.bar(Enter(False, "down")))[0]
    bench.step(e.StoreChanged(False, "disk full", bench.now))
    effects = bench.fill(close)
    assert placed(effects) == []
    assert facts(effects, SignalRecorded)[-1].check == "hold"
    assert bench.ws.positions == {}


def test_the_reverse_entry_expires_after_ten_seconds() -> None:
    for wait, orders in ((10_000, 1), (10_001, 0)):
        bench = reversing()
        close = placed(bench.bar(Enter(False, "down")))[0]
        bench.step(e.OrderAccepted(close.link_id, "1", bench.now))
        bench.time(wait)
        assert len(placed(bench.fill(close))) == orders
        assert bench.ws.reversals == {}


def test_a_backfilled_opposite_signal_closes_and_does_not_reverse() -> None:
    bench = reversing()
    close = placed(bench.bar(Enter(False, "down"), backfilled=True))[0]
    assert placed(bench.fill(close)) == []


def test_after_flat_nothing_that_can_open_is_left() -> None:
    bench = Bench()
    ticket = bench.order()
    bench.fill(ticket, qty=100)
    effects = bench.step(bench.execution(ticket, 9_950, 100, link_id="", kind=e.ExecKind.STOP, buy=False))
    assert [effect.link_id for effect in effects if isinstance(effect, CancelOrder)] == [ticket.link_id]
    assert BTC not in bench.ws.positions
