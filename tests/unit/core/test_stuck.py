"""A stop that the price has passed without closing, and a close that does not succeed."""

import pytest

from engine.core import events as e
from engine.core.alerts import ProtectionAlert, SystemAlert
from engine.core.commands import ClosePosition, Resume
from engine.core.effects import Effect, QueryAccount
from engine.core.facts import HoldSet
from engine.core.market import Status
from engine.core.profile import HoldLevel
from tests.support.desk import BTC, Bench, assert_replays, facts, instrument, placed, told


def queries(effects: list[Effect]) -> int:
    return sum(isinstance(effect, QueryAccount) for effect in effects)


def passed(*, long: bool = True) -> Bench:
    """A position with a confirmed stop that the last price lies on."""
    bench = Bench()
    bench.enter(long=long)
    bench.price(9_950 if long else 10_050)
    bench.time()
    return bench


def still(bench: Bench, ms: int) -> list[Effect]:
    """Let time pass while the price stays on the stop."""
    bench.price(9_950 if bench.ws.positions[BTC].long else 10_050)
    return bench.time(ms)


@pytest.mark.parametrize("long", [True, False])
def test_a_stop_that_does_not_close_is_asked_about_and_then_the_position_is_closed(long: bool) -> None:
    bench = passed(long=long)
    seen = [(ms, still(bench, 250)) for ms in range(250, 5_000, 250)]
    assert [ms for ms, effects in seen if queries(effects)] == [2_000]
    assert not any(placed(effects) for _, effects in seen)
    effects = still(bench, 250)
    assert [(ticket.reason, ticket.reduce_only, ticket.whole) for ticket in placed(effects)] == [
        ("stop passed", True, True)
    ]
    assert len(told(effects, ProtectionAlert)) == 1
    assert placed(still(bench, 250)) == []
    assert_replays(bench)


def test_a_price_that_is_not_repeated_proves_nothing() -> None:
    bench = passed()
    assert [placed(bench.time(ms)) for ms in (250, 60_000, 60_000)] == [[], [], []]


def test_a_price_that_returns_begins_the_five_seconds_anew() -> None:
    bench = passed()
    still(bench, 4_900)
    bench.price(9_951)
    bench.time(200)
    assert [placed(still(bench, ms)) != [] for ms in (0, 4_999, 1)] == [False, False, True]


def test_without_an_answering_exchange_or_a_stop_of_ours_nothing_is_concluded_from_a_price() -> None:
    bench = passed()
    bench.step(e.VenueChanged(e.VenueState.DEGRADED, "no answer", bench.now))
    assert [placed(still(bench, ms)) for ms in (0, 5_000, 5_000)] == [[], [], []]
    bench = Bench()
    bench.step(bench.execution(bench.order(), link_id="", qty=7))
    bench.step(e.ProtectionReported(BTC, 9_950, 0, bench.now))
    assert [placed(still(bench, ms)) for ms in (0, 5_000, 5_000)] == [[], [], []]


def stuck() -> Bench:
    """A position whose close was asked for and refused."""
    bench = Bench()
    bench.enter()
    bench.ask(ClosePosition(command_id="c", by="ann", wall_ms=bench.now, symbol=BTC))
    bench.time()
    return bench


def refuse(bench: Bench, ms: int) -> list[Effect]:
    """Let time pass while every close is refused."""
    effects = []
    for _ in range(ms // 500):
        effects += bench.time(500)
        for order in list(bench.state.book.open()):
            effects += bench.step(e.OrderRejected(order.ticket.link_id, "110017", "refused", bench.now))
    return effects


def test_a_close_that_fails_for_half_a_minute_halts_and_alarms_every_minute_until_it_succeeds() -> None:
    bench = stuck()
    assert facts(refuse(bench, 29_500), HoldSet) == []
    effects = refuse(bench, 500)
    assert [fact.hold.level for fact in facts(effects, HoldSet)] == [HoldLevel.HALTED]
    alarms = [alert for alert in told(effects, SystemAlert) if alert.title == f"{BTC} cannot be closed"]
    assert [alert.critical for alert in alarms] == [True]
    later = refuse(bench, 120_000)
    assert len([alert for alert in told(later, SystemAlert) if alert.critical]) == 2
    assert facts(later, HoldSet) == []
    assert placed(later)
    bench.time(32_000)
    bench.fill(next(bench.state.book.open()).ticket)
    assert told(refuse(bench, 120_000), SystemAlert) == []
    assert bench.ws.hold_level() is HoldLevel.HALTED
    bench.ask(Resume(command_id="r", by="ann", wall_ms=bench.now))
    assert bench.ws.hold_level() is HoldLevel.NONE
    assert_replays(bench)


def test_a_close_that_the_exchange_cannot_take_now_alarms_nobody() -> None:
    bench = stuck()
    bench.step(e.VenueChanged(e.VenueState.DOWN, "no answer", bench.now))
    assert facts(refuse(bench, 60_000), HoldSet) == []
    bench.step(e.VenueChanged(e.VenueState.UP, "answers", bench.now))
    bench.step(e.InstrumentChanged(instrument(status=Status.DELIVERING), bench.now))
    assert facts(refuse(bench, 60_000), HoldSet) == []


def test_the_alarm_says_when_there_is_no_stop_either() -> None:
    bench = Bench()
    bench.enter(protected=False)
    bench.time()
    bench.time(5_000)
    alarms = [alert.detail for alert in told(refuse(bench, 40_000), SystemAlert)]
    assert any("It has no stop on the exchange." in words for words in alarms)
