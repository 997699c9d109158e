"""The trailing stop on the exchange: decided once from the average entry, verified, never moved back."""

from decimal import Decimal

import pytest

from engine.core import events as e
from engine.core.alerts import EntryAlert, ProtectionAlert, TrailAlert
from engine.core.codec import decode
from engine.core.commands import AdoptPosition
from engine.core.effects import Effect, SetProtection
from engine.core.facts import Fact, ProtectionIntended
from engine.core.money import to_money
from engine.core.picture import snapshot
from engine.core.portfolio import Position
from engine.core.profile import Profile, Protection
from engine.core.protection import GRID_MS, describe
from engine.core.quiet import quiet
from engine.core.trailing import PATIENT_MS, distance
from tests.support.desk import BTC, T0, Bench, account, assert_replays, facts, instrument, placed, profile, told

TEN = Protection(exchange_trail_ppm=100_000)
STOP, TARGET, TRAIL = 9_950, 10_200, 1_000


def trailing(name: str = "alpha", **changes: object) -> Profile:
    return profile(name, **{"protection": TEN, **changes})


def asked(effects: list[Effect]) -> list[tuple[int, int, int]]:
    return [(one.stop, one.target, one.trail) for one in effects if isinstance(one, SetProtection)]


def held(*, trail: int = TRAIL, stop: int = STOP, target: int = TARGET, **changes: object) -> Bench:
    """A position whose stop and trail the exchange reports."""
    bench = Bench(account(trailing(**changes)))
    bench.enter(protected=False)
    report(bench, stop=stop, target=target, trail=trail)
    bench.time()
    return bench


def report(bench: Bench, *, stop: int = STOP, target: int = TARGET, trail: int = TRAIL) -> list[Effect]:
    return bench.step(e.ProtectionReported(BTC, stop, target, bench.now, trail))


def position(bench: Bench) -> Position:
    return bench.ws.positions[BTC]


@pytest.mark.parametrize(
    ("cost", "ppm", "ticks"),
    [(10_000 * 150, 100_000, 1_000), (10_000 * 150 + 1, 100_000, 1_001), (3 * 150, 100_000, 1), (150, 1, 1)],
)
def test_the_distance_is_a_share_of_the_average_entry_rounded_up_and_at_least_a_tick(
    cost: int, ppm: int, ticks: int
) -> None:
    one = Position("p", BTC, "alpha", 1, T0, "go", 10_000, 10, qty=-150, cost=cost)
    assert distance(one, ppm) == ticks


def test_the_trail_is_decided_from_the_average_when_the_entry_is_filled_and_asked_for() -> None:
    bench = Bench(account(trailing()))
    ticket = bench.order()
    assert asked(bench.fill(ticket, 10_000, ticket.qty // 2)) == []
    assert asked(bench.time(1_000)) == []
    effects = bench.fill(ticket, 10_020, ticket.qty - ticket.qty // 2)
    assert asked(effects) == [(STOP, TARGET, 1_001)]
    assert [(fact.trail, fact.stop) for fact in facts(effects, ProtectionIntended)] == [(1_001, STOP)]
    assert [str(alert.trail) for alert in told(effects, EntryAlert)] == ["10.01"]
    report(bench, trail=1_001)
    assert asked([*bench.time(), *bench.time(60_000)]) == []
    assert_replays(bench)


def test_an_entry_that_ended_partly_filled_is_trailed_too() -> None:
    bench = Bench(account(trailing()))
    ticket = bench.order()
    bench.fill(ticket, 10_000, 50)
    effects = bench.step(e.OrderEnded(ticket.link_id, 50, "cancelled", bench.now))
    assert asked(effects) == [(STOP, TARGET, TRAIL)]


def test_a_position_that_has_none_yet_gets_its_trail_from_the_watch() -> None:
    bench = Bench(account(trailing()))
    ticket = bench.order()
    bench.fill(ticket, 10_000, 50)
    bench.step(e.OrderRejected(ticket.link_id, "1", "no", bench.now))
    assert asked(bench.time()) == [(STOP, TARGET, TRAIL)]


def test_without_the_rule_nothing_is_asked_and_somebody_else_s_trail_stays() -> None:
    bench = held(protection=Protection(breakeven_profit=to_money(8)), trail=300)
    assert asked(bench.effects) == []
    bench.time(GRID_MS - bench.now % GRID_MS)
    bench.price(10_060)
    assert asked(bench.time(GRID_MS)) == [(10_013, TARGET, 300)]
    assert position(bench).trail == 0
    view = snapshot(bench.ws).positions[0]
    assert (str(view.trail), str(view.trail_percent), view.trail_on_exchange) == ("3.00", "3", True)


def test_a_missing_trail_is_set_three_times_then_told_once_and_closes_nothing() -> None:
    bench = held(trail=0)
    seen = [ms for ms in range(250, 5_000, 250) if asked(bench.time(250))]
    assert seen == [1_000, 2_500, 4_000]
    bench.step(e.ProtectionRefused(BTC, "10001: too near", bench.now))
    effects = bench.time(250)
    assert [(alert.missing, alert.live, alert.why) for alert in told(effects, TrailAlert)] == [
        ("trailing stop", "stop", "10001: too near")
    ]
    assert (placed(effects), told(effects, ProtectionAlert)) == ([], [])
    later = [bench.time(1_000) for _ in range(2 * PATIENT_MS // 1_000)]
    again = [each for effects in later for each in asked(effects)]
    assert again == [(STOP, TARGET, TRAIL)] * 3
    assert [told(effects, TrailAlert) for effects in later if told(effects, TrailAlert)] == []
    report(bench)
    bench.time()
    assert bench.ws.watches == {}


def test_a_stop_does_not_wait_for_a_trail_that_is_refused() -> None:
    bench = held(stop=0, target=0, trail=0)
    assert asked(bench.time(1_000)) == [(STOP, TARGET, 0)]
    report(bench, trail=0)
    assert asked(bench.time(1_500)) == [(STOP, TARGET, TRAIL)]
    both = held(protection=Protection(breakeven_profit=to_money(8), exchange_trail_ppm=100_000), trail=0)
    both.time(GRID_MS - both.now % GRID_MS)
    both.price(10_060)
    assert asked(both.time(GRID_MS))[0] == (10_013, TARGET, 0)


def test_a_wide_trail_of_somebody_else_is_no_stop() -> None:
    bench = held(protection=Protection(), stop=0, trail=5_000)
    assert [ticket.reason for ticket in placed(bench.time(5_000))] == ["no stop"]
    wider = held(stop=0, trail=5_000)
    assert [ticket.reason for ticket in placed(wider.time(5_000))] == ["no stop"]


def test_with_neither_stop_nor_trail_the_position_is_closed() -> None:
    bench = held(stop=0, trail=0)
    assert [ticket.reason for ticket in placed(bench.time(5_000))] == ["no stop"]
    assert len(told(bench.effects, ProtectionAlert)) == 1


def test_a_position_that_only_trails_is_closed_when_the_trail_cannot_be_set() -> None:
    bench = Bench(account(trailing(stop=None, target=None)))
    bench.enter(protected=False)
    bench.time()
    assert [ticket.reason for ticket in placed(bench.time(5_000))] == ["no stop"]


def test_a_stop_that_is_gone_while_the_trail_is_live_is_asked_for_and_closes_nothing() -> None:
    bench = held()
    report(bench, stop=0)
    bench.time()
    assert asked(bench.time(1_000)) == [(STOP, TARGET, TRAIL)]
    effects = bench.time(4_000)
    assert placed(effects) == []
    assert [(a.missing, a.live, a.why) for a in told(effects, TrailAlert)] == [
        ("stop", "trailing stop", "the exchange does not show it")
    ]


@pytest.mark.parametrize(("long", "better", "worse"), [(True, 10_400, 9_900), (False, 9_600, 10_100)])
def test_a_stop_that_the_exchange_s_trail_moved_on_is_ours_and_never_moved_back(
    long: bool, better: int, worse: int
) -> None:
    bench = Bench(account(trailing(target=None)))
    bench.enter(long=long, protected=False)
    ours = position(bench).stop
    report(bench, stop=ours, target=0)
    report(bench, stop=better, target=0)
    assert position(bench).stop == position(bench).held_stop == better
    assert asked([*bench.time(), *bench.time(1_000)]) == []
    report(bench, stop=worse, target=0)
    bench.time()
    assert asked(bench.time(1_000)) == [(better, 0, TRAIL)]
    assert_replays(bench)


def test_without_a_trail_a_stop_moved_by_somebody_is_set_again() -> None:
    bench = held(protection=Protection(), trail=0)
    report(bench, stop=9_990, trail=0)
    bench.time()
    assert asked(bench.time(1_000)) == [(STOP, TARGET, 0)]


def test_a_position_without_a_wanted_stop_takes_none_from_the_exchange() -> None:
    bench = Bench(account(trailing(stop=None, target=None)))
    bench.enter(protected=False)
    report(bench, stop=9_000, target=0)
    assert (position(bench).stop, position(bench).held_stop) == (0, 9_000)


def test_a_closer_trail_on_the_exchange_stays_and_a_wider_one_is_replaced() -> None:
    bench = held(trail=400)
    assert position(bench).trail == 400
    assert asked([*bench.time(), *bench.time(1_000)]) == []
    report(bench, trail=500)
    bench.time()
    assert asked(bench.time(1_000)) == [(STOP, TARGET, 400)]
    early = Bench(account(trailing()))
    ticket = early.order()
    early.fill(ticket, 10_000, 50)
    early.step(e.ProtectionReported(BTC, STOP, TARGET, early.now, 200))
    assert asked(early.fill(ticket, 10_000, ticket.qty - 50)) == [(STOP, TARGET, 200)]


def test_a_moved_stop_carries_the_trail_along() -> None:
    bench = held(protection=Protection(breakeven_profit=to_money(8), exchange_trail_ppm=100_000))
    bench.time(GRID_MS - bench.now % GRID_MS)
    bench.price(10_060)
    effects = bench.time(GRID_MS)
    assert asked(effects) == [(10_013, TARGET, TRAIL)]
    assert position(bench).trail == TRAIL


def test_a_restart_before_the_trail_was_set_sets_it() -> None:
    bench = held(trail=0)
    bench.restart()
    bench.price()
    assert position(bench).trail == TRAIL
    row = e.PositionReport(BTC, position(bench).qty, position(bench).cost, STOP, TARGET)
    bench.step(bench.report(rows=[row]))
    bench.time()
    assert asked(bench.time(1_000)) == [(STOP, TARGET, TRAIL)]
    row = e.PositionReport(BTC, position(bench).qty, position(bench).cost, STOP, TARGET, TRAIL)
    bench.step(bench.report(rows=[row]))
    assert position(bench).held_trail == TRAIL


def test_an_adopted_position_gets_its_profile_s_trail() -> None:
    bench = Bench(account(trailing("manual")))
    bench.price()
    there = e.PositionReport(BTC, 50, instrument().notional(10_000, 50), 9_000, 0, 400)
    bench.step(bench.report(rows=[there]))
    effects = bench.step(AdoptPosition(command_id="a", by="ann", wall_ms=T0, symbol=BTC, profile="manual"))
    assert asked(effects) == [(9_000, TARGET, 400)]
    assert asked(bench.time()) == [(9_000, TARGET, 400)]
    assert position(bench).trail == 400


def test_a_position_being_closed_is_not_trailed_any_more() -> None:
    bench = Bench(account(trailing()))
    ticket = bench.order()
    bench.fill(ticket, 10_000, 50)
    bench.state.portfolio.positions[BTC].closing = "by hand"
    effects = bench.step(e.OrderEnded(ticket.link_id, 50, "cancelled", bench.now))
    assert asked(effects) == []


def test_a_new_price_grid_counts_the_trail_anew_rounded_up() -> None:
    bench = held(trail=1_000, stop=9_950)
    effects = bench.step(e.InstrumentChanged(instrument(tick=Decimal("0.3")), bench.now))
    assert (position(bench).trail, position(bench).held_trail) == (34, 34)
    assert [each[2] for each in asked(effects)] == [34]


def test_the_desk_sleeps_only_while_the_exchange_holds_the_trail() -> None:
    bench = held()
    assert quiet(bench.ws) is not None
    report(bench, trail=0)
    assert quiet(bench.ws) is None


def test_journals_from_before_there_were_trails_are_read() -> None:
    old = {"symbol": BTC, "stop": 1, "target": 2, "at_ms": T0}
    intended = decode(Fact, {"type": "ProtectionIntended", "why": "breakeven", **old})
    reported = decode(Fact, {"type": "ProtectionReported", **old})
    assert intended == ProtectionIntended(BTC, 1, 2, "breakeven", T0)
    assert reported == e.ProtectionReported(BTC, 1, 2, T0)
    assert (intended.trail, reported.trail) == (0, 0)


def test_the_rule_has_words() -> None:
    assert describe(TEN) == ("trails 10 % on the exchange",)
