"""The simulation is what it claims: every fault meets every crash point, seeds repeat themselves, breaks are found."""

import os
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest

from engine.core import events as e
from engine.core import risk, state
from engine.core.state import State
from engine.core.workspace import Workspace
from engine.courier import Courier
from tests.simulation.crashes import CRASHES
from tests.simulation.drive import PAIRS, pair_of, play
from tests.simulation.faults import FAULTS

SEEDS = 1000
ENOUGH = 60
_AGAIN = """
import engine.live, engine.recovery
engine.live.TICK_S, engine.recovery.CHECKPOINT_FACTS = 1.0, 60
from tests.simulation.drive import play
print(play(7).trace)
"""


def test_a_thousand_seeds_bring_every_fault_to_every_crash_point_at_least_four_times() -> None:
    met = [pair_of(seed) for seed in range(SEEDS)]
    assert set(met) == {(fault, crash) for fault in FAULTS for crash in CRASHES}
    assert min(met.count(pair) for pair in PAIRS) >= 4


def test_a_seed_repeats_itself_in_another_process_with_other_hashes() -> None:
    here = play(7)
    assert play(7) == here
    env = os.environ | {"PYTHONHASHSEED": "4711"}
    there = subprocess.run([sys.executable, "-c", _AGAIN], env=env, capture_output=True, text=True, check=True)
    assert there.stdout.strip() == here.trace


def test_two_seeds_are_two_stories() -> None:
    assert play(1).trace != play(2).trace


def _no_symbol_check(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(risk, "CHECKS", tuple(check for check in risk.CHECKS if check[0] != "symbol"))


def _entries_before_the_journal(patch: pytest.MonkeyPatch) -> None:
    def begin(self: Courier, ticket: Any, durable: Any, _since: float) -> Any:
        del durable
        self._waiting.pop(ticket.link_id, None)
        return self._place(ticket)

    patch.setattr(Courier, "_enter", begin)


def _executions_counted_twice(patch: pytest.MonkeyPatch) -> None:
    fold = state._FOLDS[e.Executed]

    def forgetful(self: State, fact: Any) -> Any:
        self.executions.pop(fact.exec_id, None)
        return fold(self, fact)

    patch.setattr(State, "knows", lambda _self, _exec_id: False)
    patch.setitem(state._FOLDS, e.Executed, forgetful)


def _reports_believed_only_for_time(patch: pytest.MonkeyPatch) -> None:
    def deaf(ws: Workspace, _event: Any) -> None:
        ws.compared = True

    patch.setattr("engine.core.trader.on_account", deaf)


def _stops_never_looked_after(patch: pytest.MonkeyPatch) -> None:
    patch.setattr("engine.core.guards._stops", lambda _ws: None)


BREAKS: tuple[Callable[[pytest.MonkeyPatch], None], ...] = (
    _no_symbol_check,
    _entries_before_the_journal,
    _executions_counted_twice,
    _reports_believed_only_for_time,
    _stops_never_looked_after,
)


@pytest.mark.parametrize("broken", BREAKS, ids=lambda broken: broken.__name__.strip("_"))
def test_a_broken_desk_is_found_within_a_few_seeds(
    broken: Callable[[pytest.MonkeyPatch], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    broken(monkeypatch)
    for seed in range(ENOUGH):
        try:
            play(seed)
        except (AssertionError, KeyError, ValueError):
            return
    pytest.fail(f"{ENOUGH} seeds found nothing wrong")
