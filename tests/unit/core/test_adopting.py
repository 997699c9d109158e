"""External positions given to a profile: who takes them, with which levels, and when not."""

from typing import Any

import pytest

from engine.core import events as e
from engine.core.alerts import ChangeAlert
from engine.core.commands import AdoptPosition, ClosePosition, Done, Refused
from engine.core.effects import SetProtection
from engine.core.facts import LimitCrossed, PositionAssigned
from engine.core.picture import snapshot
from engine.core.profile import Action, LimitSpec, Measure
from tests.support.desk import BTC, ETH, T0, Bench, account, assert_replays, facts, instrument, profile, told


def external(*profiles: Any, qty: int = 50, stop: int = 0, target: int = 0) -> Bench:
    bench = Bench(account(*profiles))
    there = e.PositionReport(BTC, qty, instrument().notional(10_000, abs(qty)), stop, target)
    bench.step(bench.report(rows=[there]))
    bench.price(9_000)
    return bench


def adopt(bench: Bench, name: str = "alpha", symbol: str = BTC) -> Done | Refused:
    return bench.ask(AdoptPosition(command_id=f"a{bench.now}{name}", by="ann", wall_ms=T0, symbol=symbol, profile=name))


@pytest.mark.parametrize(("qty", "stop", "target"), [(50, 8_955, 9_180), (-50, 9_045, 8_820)])
def test_an_external_position_gets_what_it_lacks_at_the_profiles_distance_from_the_mark(
    qty: int, stop: int, target: int
) -> None:
    bench = external(qty=qty)
    effects = bench.step(AdoptPosition(command_id="1", by="ann", wall_ms=T0, symbol=BTC, profile="alpha"))
    position = bench.ws.positions[BTC]
    assert (position.profile, position.leverage) == ("alpha", 10)
    assert (position.stop, position.target, position.first_stop) == (stop, target, stop)
    assert [one for one in effects if isinstance(one, SetProtection)] == [SetProtection(BTC, stop, target)]
    assert [(alert.old, alert.new) for alert in told(effects, ChangeAlert)] == [("external", "alpha")]
    assert len(facts(effects, PositionAssigned)) == 1
    assert_replays(bench)


def test_levels_that_the_exchange_holds_are_kept() -> None:
    bench = external(stop=8_000, target=12_000)
    assert isinstance(adopt(bench), Done)
    position = bench.ws.positions[BTC]
    assert (position.stop, position.target) == (8_000, 12_000)
    assert not [one for one in bench.effects if isinstance(one, SetProtection)]


def test_a_profile_without_levels_sets_none() -> None:
    bench = external(profile(stop=None, target=None))
    assert isinstance(adopt(bench), Done)
    assert (bench.ws.positions[BTC].stop, bench.ws.positions[BTC].target) == (0, 0)


def test_manual_takes_it_where_there_is_one_else_a_profile_that_trades_the_symbol() -> None:
    other, manual = profile("other", symbols=(ETH,)), profile("manual", symbols=(ETH,))
    assert snapshot(external(profile(), manual).ws).positions[0].adopter == "manual"
    assert snapshot(external(other, profile()).ws).positions[0].adopter == "alpha"
    view = snapshot(external(other).ws).positions[0]
    assert (view.adopter, view.adopt_stop, view.adopt_target) == ("", None, None)
    bare = snapshot(external(profile(stop=None, target=None)).ws).positions[0]
    assert (bare.adopter, bare.adopt_stop, bare.adopt_target) == ("alpha", None, None)


def test_what_the_card_shows_is_what_is_done() -> None:
    bench = external()
    view = snapshot(bench.ws).positions[0]
    adopt(bench)
    assert (view.adopt_stop, view.adopt_target) == (
        instrument().price(bench.ws.positions[BTC].stop),
        instrument().price(bench.ws.positions[BTC].target),
    )
    assert snapshot(bench.ws).positions[0].adopter == ""


def test_an_adopted_position_is_watched_like_any_other() -> None:
    bench = external()
    adopt(bench)
    bench.time(0)
    resent = [one for one in bench.time(1_000) if isinstance(one, SetProtection)]
    assert resent == [SetProtection(BTC, 8_955, 9_180)]


def test_what_cannot_be_adopted_is_refused_with_a_reason() -> None:
    assert isinstance(adopt(Bench()), Refused)
    refused = adopt(external(), "beta")
    assert isinstance(refused, Refused)
    assert "would go to alpha" in refused.reason
    own = Bench()
    own.enter()
    assert isinstance(adopt(own), Refused)
    closing = external()
    closing.ask(ClosePosition(command_id="c", by="ann", wall_ms=T0, symbol=BTC))
    assert isinstance(adopt(closing), Refused)
    blind = external()
    blind.ws.marks.clear()
    assert isinstance(adopt(blind), Refused)


def test_what_was_lost_before_the_adoption_is_no_result_of_the_profile() -> None:
    own = LimitSpec(
        name="daily",
        measure=Measure.DAILY_EQUITY,
        threshold=-1_000,
        action=Action.EMERGENCY,
        profile="alpha",
        floor=-900_000,
        ceiling=-1,
    )
    bench = external(profile(limits=(own,)))
    bench.time(1_000)
    adopt(bench)
    assert facts(bench.time(1_000), LimitCrossed) == []
    bench.price(8_000)
    assert [fact.level for fact in facts(bench.time(1_000), LimitCrossed)] == ["breached"]
    assert_replays(bench)


def test_a_journal_that_assigns_a_position_which_is_gone_can_be_read() -> None:
    bench = Bench()
    fields = {"symbol": BTC, "profile": "alpha", "leverage": 5, "stop": 1, "target": 0, "by": "ann", "at_ms": T0}
    bench.state.apply(PositionAssigned(**fields))
    assert bench.ws.positions == {}
