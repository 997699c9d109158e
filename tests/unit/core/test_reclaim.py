"""Positions of lost entries of our own go back to their profile; nobody else's do."""

import pytest

from engine.core import events as e
from engine.core.alerts import ChangeAlert
from engine.core.facts import PositionAssigned
from engine.core.portfolio import EXTERNAL
from tests.support.desk import BTC, Bench, assert_replays, facts, told

OURS = "pd00-alph-e0-0123456789abcdef"
STOP, TARGET = 9_950, 10_200


def filled(link_id: str, bench: Bench | None = None, *, name: str = "x", qty: int = 50) -> Bench:
    bench = bench or Bench()
    bench.step(e.Executed(name, link_id, "o", BTC, True, 10_000, qty, 1_000, e.ExecKind.ORDER, bench.now))
    return bench


def shown(bench: Bench, stop: int = STOP) -> list[PositionAssigned]:
    """Let the exchange show what protects the position; returns the assignments."""
    effects = bench.step(e.ProtectionReported(BTC, stop, TARGET, bench.now))
    assert_replays(bench)
    return facts(effects, PositionAssigned)


def test_a_lost_entry_of_ours_goes_back_to_its_profile_with_the_stop_the_exchange_holds() -> None:
    bench = filled(OURS)
    filled(OURS, bench, name="y", qty=25)
    assert bench.ws.positions[BTC].profile == EXTERNAL
    (fact,) = shown(bench)
    assert (fact.profile, fact.leverage, fact.stop, fact.target, fact.by) == ("alpha", 10, STOP, TARGET, "desk")
    position = bench.ws.positions[BTC]
    assert (position.profile, position.qty, position.stop, position.held_stop) == ("alpha", 75, STOP, STOP)
    assert [(alert.old, alert.new) for alert in told(bench.effects, ChangeAlert)] == [(EXTERNAL, "alpha")]
    assert shown(bench, STOP + 1) == []


@pytest.mark.parametrize(
    "link_id",
    ["", "by-hand", "pd01-alph-e0-0123456789abcdef", "pd00-beta-e0-0123456789abcdef", "pd00-alph-x0-0123456789abcdef"],
)
def test_whatever_is_not_an_entry_of_a_profile_of_this_installation_stays_external(link_id: str) -> None:
    bench = filled(link_id)
    assert shown(bench) == []
    assert bench.ws.positions[BTC].profile == EXTERNAL


def test_without_a_stop_on_the_exchange_a_person_decides() -> None:
    bench = filled(OURS)
    assert shown(bench, 0) == []
    assert len(shown(bench)) == 1


def test_what_somebody_opens_after_it_is_gone_is_not_the_profiles() -> None:
    bench = filled(OURS)
    out = e.Executed("z", "", "stop", BTC, False, 10_000, 50, 0, e.ExecKind.STOP, bench.now)
    bench.step(out)
    filled("", bench, name="later")
    assert shown(bench) == []
