"""What time brings: missing stops, the 120 s grid, holds that end."""

import pytest

from engine.core import events as e
from engine.core.alerts import ProtectionAlert, StopMovedAlert, SystemAlert
from engine.core.commands import CloseAll, Pause
from engine.core.effects import Effect, SetProtection
from engine.core.facts import ExtremesSeen, ProtectionIntended
from engine.core.market import HOUR_MS
from engine.core.money import to_money
from engine.core.profile import Protection
from engine.core.protection import GRID_MS
from tests.support.desk import BTC, T0, Bench, account, assert_replays, facts, placed, profile, told


def naked() -> Bench:
    """A position whose stop the exchange does not show; the watch begins now."""
    bench = Bench()
    bench.enter(protected=False)
    bench.time()
    return bench


def set_again(effects: list[Effect]) -> list[tuple[int, int]]:
    return [(effect.stop, effect.target) for effect in effects if isinstance(effect, SetProtection)]


def test_a_missing_stop_is_set_three_times_within_five_seconds_and_then_the_position_is_closed() -> None:
    bench = naked()
    seen = [(ms, len(set_again(bench.time(250)))) for ms in range(250, 5_000, 250)]
    assert [ms for ms, count in seen if count] == [1_000, 2_500, 4_000]
    effects = bench.time(250)
    assert [ticket.reason for ticket in placed(effects)] == ["no stop"]
    assert len(told(effects, ProtectionAlert)) == 1
    later = [*bench.time(250), *bench.time(5_000)]
    assert (told(later, ProtectionAlert), placed(later), set_again(later)) == ([], [], [])


def test_a_stop_that_is_confirmed_ends_the_watch() -> None:
    bench = naked()
    bench.time(4_900)
    bench.step(e.ProtectionReported(BTC, 9_950, 10_200, bench.now))
    assert bench.step(e.ProtectionReported(BTC, 9_950, 10_200, bench.now)) == []
    assert bench.time(10_000) == []


def test_a_naked_position_that_is_closed_already_alarms_once_and_is_not_closed_twice() -> None:
    bench = naked()
    bench.ask(CloseAll(command_id="c", by="ann", wall_ms=T0))
    effects = [*bench.time(5_000), *bench.time(250), *bench.time(250)]
    assert len(told(effects, ProtectionAlert)) == 1
    assert placed(effects) == []


def test_an_old_stop_that_cannot_be_moved_is_asked_for_again_and_closes_nothing() -> None:
    bench = Bench()
    bench.enter()
    bench.step(e.ProtectionReported(BTC, 9_940, 10_200, bench.now))
    bench.time()
    count = sum(len(set_again(bench.time(250))) for _ in range(44))
    assert count == 6
    assert told(bench.effects, ProtectionAlert) == []
    assert list(bench.ws.positions) == [BTC]


def test_while_the_exchange_does_not_answer_the_five_seconds_do_not_run() -> None:
    bench = naked()
    bench.step(e.VenueChanged(e.VenueState.DOWN, "no answer", bench.now))
    assert placed(bench.time(60_000)) == []
    bench.step(e.VenueChanged(e.VenueState.UP, "answers", bench.now))
    assert [placed(bench.time(ms)) != [] for ms in (0, 4_999, 1)] == [False, False, True]


def test_positions_without_a_wanted_stop_and_external_ones_are_left_alone() -> None:
    bench = Bench(account(profile(stop=None, target=None)))
    bench.enter()
    bench.step(bench.execution(bench.order(symbol="ETHUSDT"), link_id="", symbol="XRPUSDT"))
    bench.step(e.ProtectionReported(BTC, 9_000, 0, bench.now))
    bench.time()
    assert set_again([*bench.time(2_000), *bench.time(10_000)]) == []


@pytest.mark.parametrize(
    ("long", "mark", "closes"), [(True, 9_950, 1), (True, 9_951, 0), (False, 10_050, 1), (False, 10_049, 0)]
)
def test_a_stop_refused_because_the_price_is_beyond_it_closes(long: bool, mark: int, closes: int) -> None:
    bench = Bench()
    bench.enter(long=long, protected=False)
    bench.price(mark)
    effects = bench.step(e.ProtectionRefused(BTC, "beyond", bench.now))
    assert (len(placed(effects)), len(told(effects, ProtectionAlert))) == (closes, closes)


def test_a_refusal_without_a_position_or_of_a_stop_that_is_there_means_nothing() -> None:
    bench = Bench()
    assert bench.step(e.ProtectionRefused(BTC, "beyond", bench.now)) == []
    assert bench.step(e.ProtectionReported(BTC, 1, 1, bench.now)) == []
    bench.enter()
    bench.price(9_000)
    assert bench.step(e.ProtectionRefused(BTC, "beyond", bench.now)) == []


EARLY = Protection(breakeven_profit=to_money(8), losing_after_ms=8 * HOUR_MS)


def protected(**changes: object) -> Bench:
    """A position with layer 3 rules, at the beginning of a slot of the grid."""
    bench = Bench(account(profile(protection=EARLY, **changes)))
    bench.enter()
    bench.time(GRID_MS - bench.now % GRID_MS)
    return bench


def test_the_rules_are_asked_once_in_each_slot_of_the_grid() -> None:
    bench = protected()
    bench.price(10_060)
    assert set_again(bench.time(GRID_MS - 1)) == []
    effects = bench.time(1)
    assert set_again(effects) == [(10_013, 10_200)]
    assert [alert.why for alert in told(effects, StopMovedAlert)] == ["breakeven"]
    assert [fact.stop for fact in facts(effects, ProtectionIntended)] == [10_013]
    assert bench.ws.positions[BTC].stop == 10_013
    assert_replays(bench)


def test_a_position_without_levels_gets_its_first_stop_from_the_rules() -> None:
    bench = protected(stop=None, target=None)
    bench.price(10_060)
    alert = told(bench.time(GRID_MS), StopMovedAlert)[0]
    assert (str(alert.stop), alert.target) == ("100.13", None)


def test_a_loser_is_closed_at_the_first_slot_after_its_hours() -> None:
    bench = protected()
    opened = bench.ws.positions[BTC].opened_ms
    bench.time(opened + 8 * HOUR_MS - bench.now)
    bench.price(9_990)
    bench.now += GRID_MS - bench.now % GRID_MS
    assert [ticket.reason for ticket in placed(bench.time())] == ["losing too long"]
    assert placed(bench.time(GRID_MS)) == []


def test_what_a_position_has_seen_is_recorded_on_the_grid_and_survives_a_restart() -> None:
    bench = protected()
    bench.price(10_010, low=9_960, high=10_040)
    bench.price(10_010, low=9_955, high=10_030)
    seen = facts(bench.time(GRID_MS), ExtremesSeen)
    assert [(fact.low, fact.high) for fact in seen] == [(9_955, 10_040)]
    assert bench.time(GRID_MS) == []
    bench.restart()
    position = bench.ws.positions[BTC]
    assert (position.low, position.high, position.told) == (9_955, 10_040, (9_955, 10_040))


def test_without_a_mark_or_a_profile_no_rule_is_asked() -> None:
    bench = protected()
    bench.restart()
    assert placed(bench.time(9 * HOUR_MS)) == []
    bench.price(9_990)
    assert [ticket.reason for ticket in placed(bench.time(GRID_MS))] == ["losing too long"]


def test_a_pause_with_an_end_ends_on_the_wall_clock() -> None:
    bench = Bench()
    bench.ask(Pause(command_id="p", by="ann", wall_ms=T0, until_ms=T0 + HOUR_MS))
    bench.step(e.TimePassed(T0 + 2 * HOUR_MS, T0 + HOUR_MS - 1))
    assert list(bench.state.holds) == ["pause:account:"]
    bench.restart()
    bench.step(e.TimePassed(T0 + 2 * HOUR_MS, T0 + HOUR_MS))
    assert bench.state.holds == {}
    assert_replays(bench)


def test_prices_older_than_the_known_one_are_ignored() -> None:
    bench = Bench()
    bench.price(10_010)
    bench.step(e.PriceMoved(BTC, 9_000, 9_000, bench.now - 1))
    assert bench.ws.marks[BTC] == 10_010


def test_a_position_without_a_price_for_a_minute_is_told_of_once_and_again_after_it_was_back() -> None:
    bench = Bench()
    bench.enter()
    silent = [len(told(bench.time(20_000), SystemAlert)) for _ in range(5)]
    assert sum(silent) == 1
    bench.step(e.PriceMoved(BTC, 10_001, 10_001, bench.now))
    assert told(bench.time(250), SystemAlert) == []
    assert sum(len(told(bench.time(20_000), SystemAlert)) for _ in range(4)) == 1


def test_a_position_that_never_had_a_price_counts_from_when_it_was_first_looked_at() -> None:
    bench = Bench()
    bench.enter()
    bench.ws.heard.clear()
    assert told(bench.time(59_000), SystemAlert) == []
    assert len(told([*bench.time(1_000), *bench.time(60_000)], SystemAlert)) == 1
