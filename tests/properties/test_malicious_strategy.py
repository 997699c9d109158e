"""Strategies that signal on every event cannot exceed a limit, and after a loss limit acts nothing adds exposure."""

from collections.abc import Callable
from random import Random

import pytest
from hypothesis import Phase, find, given, settings
from hypothesis import strategies as st

from engine.core import risk
from engine.core.profile import Action
from tests.properties.greed import STORY, TERMS, Greedy, Terms, play
from tests.properties.judge import BrokenError
from tests.support.desk import assert_replays

type Story = list[tuple[str, str, int]]


def run(terms: Terms, story: Story) -> Greedy:
    rig = Greedy(terms)
    for step in story:
        play(rig, step)
        possible = {o.ticket.symbol for o in rig.venue.orders.values() if o.left and not o.ticket.reduce_only}
        held = {symbol for symbol, holding in rig.venue.holdings.items() if holding.qty}
        assert len(possible | held) <= terms.together
    return rig


@given(TERMS, STORY)
@settings(max_examples=200)
def test_strategies_that_always_signal_exceed_no_limit(terms: Terms, story: Story) -> None:
    rig = run(terms, story)
    rig.settle()
    assert_replays(rig.bench)
    ws = rig.bench.ws
    question = ws.state.questions.get("alpha.loss" if terms.scope else "loss")
    name = "limit:alpha.loss" if terms.scope else "limit:loss"
    closes = terms.action in {Action.CLOSE, Action.EMERGENCY} and name in ws.state.holds
    if closes and (question is None or question.phase == "closed"):
        assert [p.symbol for p in ws.positions.values() if terms.scope in {"", p.profile}] == []


def without(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(risk, "CHECKS", tuple(row for row in risk.CHECKS if row[0] != name))


@pytest.mark.parametrize("name", [name for name, _ in risk.CHECKS])
def test_without_any_one_of_the_checks_a_limit_is_exceeded(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    without(name, monkeypatch)

    def exceeds(case: tuple[Terms, Story]) -> bool:
        try:
            run(*case)
        except BrokenError as error:
            return name in error.names
        except AssertionError:
            return False
        return False

    assert found(exceeds)


def entered_by(name: str) -> Callable[[Greedy], bool]:
    return lambda rig: any(p.profile == name for p in rig.bench.ws.positions.values())


def crashed(while_: str) -> Callable[[Greedy], bool]:
    return lambda rig: while_ in rig.crashed_while


REACHED: dict[str, Callable[[Greedy], bool]] = {
    "a crash while people are asked": crashed("asked"),
    "a crash while it is kept": crashed("kept"),
    "a crash while it is paused only": crashed("paused"),
    "a crash while it is being closed": crashed("closed"),
    "a crash while an order is unknown": crashed("unknown"),
    "a crash while a trail is on the exchange": crashed("trailing"),
    "a second profile's position": entered_by("beta"),
    "a position by hand": entered_by("gamma"),
    "an entry after an admin resumed": lambda rig: rig.judge.after_resume > 0,
}


def test_the_stories_reach_all_that_could_go_wrong() -> None:
    missing = set(REACHED)

    def all_seen(case: tuple[Terms, Story]) -> bool:
        rig = Greedy(case[0])
        for step in case[1]:
            play(rig, step)
            missing.difference_update([what for what in missing if REACHED[what](rig)])
        return not missing

    assert found(all_seen), missing


def found(holds: Callable[[tuple[Terms, Story]], bool]) -> object:
    quickly = settings(max_examples=2_000, phases=[Phase.generate], database=None)
    return find(st.tuples(TERMS, STORY), holds, settings=quickly, random=Random(1))
