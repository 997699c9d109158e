"""A desk killed with SIGKILL at random moments, again and again, ends with the books of an exchange that never stopped.

`KILLS` in the environment sets how often (6), `KILL_SEED` the moments.
"""

import os
import random
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterable, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
import pytest

from engine.core import facts as f
from engine.core.commands import ChangeLimit, Pause, Resume
from engine.core.events import Executed, FundingPaid
from engine.core.facts import Fact
from engine.core.requests import limit_value
from engine.core.state import State
from engine.exchanges.simulated import SimulatedExchange
from storage.groups import read_fact
from tests.support.desk_process import account, command, commanded, digest, paper_in

KILLS = int(os.environ.get("KILLS", "6"))
SEED = int(os.environ.get("KILL_SEED", "1"))
ROOT = Path(__file__).parents[2]


def start(folder: Path, mode: str) -> subprocess.Popen[str]:
    line = [sys.executable, "-m", "tests.support.desk_process", str(folder), mode]
    return subprocess.Popen(line, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def rows(folder: Path, statement: str) -> list[Any]:
    with closing(sqlite3.connect(folder / "desk.sqlite3")) as connection:
        return connection.execute(statement).fetchall()


def journal(folder: Path) -> list[Fact]:
    """Return every durable fact, in order; the numbers must have no hole."""
    found = rows(folder, "select seq, data from journal order by seq")
    assert [seq for seq, _ in found] == list(range(1, len(found) + 1))
    return [read_fact(line) for _, line in found]


def folded(facts: Iterable[Fact]) -> State:
    state = State()
    for fact in facts:
        state.apply(fact)
    return state


def live_and_die(folder: Path, dice: random.Random) -> int:
    """Run a desk until a random line and some milliseconds more, and kill it; returns the last command it confirmed."""
    before = folded(journal(folder)) if (folder / "desk.sqlite3").exists() else State()
    confirmed, left = commanded(before) - 1, dice.randrange(1, 300)
    with start(folder, "trade") as process:
        assert process.stdout is not None
        assert process.stderr is not None
        for line in process.stdout:
            kind, _, rest = line.strip().partition(" ")
            if kind == "state":
                assert rest == digest(before)
            if kind == "command":
                confirmed = int(rest)
            left -= 1
            if not left:
                # Not to wait for anything: to be inside whatever comes next.
                time.sleep(dice.uniform(0, 0.02))
                break
        ended = process.poll()
        process.kill()
        # Not `communicate`, which skips the lines that this end has taken in but not looked at.
        late, errors = process.stdout.read(), process.stderr.read()
    assert ended is None, errors
    assert left <= 0, f"the desk ended by itself: {errors}"
    confirmed = max([confirmed, *(int(line.split()[1]) for line in late.splitlines() if line.startswith("command "))])
    # One command is under way at a time: durable or not, but not said yet.
    assert confirmed < commanded(folded(journal(folder))) <= confirmed + 2
    return confirmed


def settle(folder: Path) -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "tests.support.desk_process", str(folder), "settle"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr


@dataclass(frozen=True, slots=True)
class Aftermath:
    """What is left after the last life: durable facts, the exchange's truth, alerts by kind."""

    facts: tuple[Fact, ...]
    state: State
    truth: SimulatedExchange
    confirmed: int
    alerts: Mapping[str, list[dict[str, Any]]]

    def recorded[F](self, kind: type[F]) -> list[F]:
        return [fact for fact in self.facts if isinstance(fact, kind)]


def aftermath(folder: Path, confirmed: int) -> Aftermath:
    facts = tuple(journal(folder))
    assert rows(folder, "select seq from checkpoints")
    paper = paper_in(folder)
    paper.abandon()
    alerts: dict[str, list[dict[str, Any]]] = {}
    for kind, state, payload in rows(folder, "select kind, state, payload from outbox order by id"):
        assert state == "pending"
        alerts.setdefault(kind, []).append(orjson.loads(payload))
    return Aftermath(facts, folded(facts), paper.truth, confirmed, alerts)


def assert_same_books(after: Aftermath) -> None:
    """Positions, stops and wallet are the exchange's, to the last unit."""
    books = {
        s: (p.qty, p.cost, p.held_stop, p.held_target, p.held_trail) for s, p in after.state.portfolio.positions.items()
    }
    theirs = {s: (r.qty, r.entry_cost, r.stop, r.target, r.trail) for s, r in after.truth.positions().items()}
    assert books == theirs
    assert after.state.portfolio.wallet == after.truth.wallet
    assert len(after.recorded(f.TradeClosed)) > KILLS


def assert_executions_once(after: Aftermath) -> None:
    """Every execution is booked once, and none had to be guessed."""
    booked = [fact.exec_id for fact in (*after.recorded(Executed), *after.recorded(FundingPaid))]
    assert sorted(booked) == sorted(event.exec_id for event in after.truth.executions)
    assert not after.recorded(f.PositionAdopted)
    assert not after.recorded(f.WalletCorrected)
    assert "DifferenceAlert" not in after.alerts


def assert_orders_once(after: Aftermath) -> None:
    """No decision has two orders, and every entry was durable before it was sent."""
    intended = [fact.ticket.link_id for fact in after.recorded(f.OrderIntended)]
    assert len(intended) == len(set(intended))
    traded = [fact.signal_id for fact in after.recorded(f.SignalRecorded) if fact.outcome == "traded"]
    assert len(traded) == len(set(traded))
    opened = {fact.link_id for fact in after.recorded(Executed) if "-e0-" in fact.link_id}
    assert opened <= set(intended)


def assert_commands_kept(after: Aftermath) -> None:
    """Holds and limits are as commanded; nothing that was confirmed is lost."""
    handled = commanded(after.state)
    assert after.confirmed < handled <= after.confirmed + 2
    paused, limits = {"pause:account:"}, {}
    specs = {spec.key: spec for spec in account().limits}
    for given in map(command, range(handled)):
        if isinstance(given, Pause | Resume):
            name = f"pause:{given.scope.kind}:{given.scope.name}"
            paused = paused | {name} if isinstance(given, Pause) else paused - {name}
        elif isinstance(given, ChangeLimit):
            limits[given.key] = limit_value(specs[given.key], given.value)
    assert set(after.state.holds) == paused
    assert after.state.thresholds == limits


def assert_references_kept(after: Aftermath) -> None:
    """References of a day are set once, and cooldowns only grow."""
    begun = Counter(
        (fact.scope, fact.name, fact.value) for fact in after.recorded(f.ReferenceSet) if ".at" in fact.name
    )
    assert begun
    assert set(begun.values()) == {1}
    assert [fact.scope for fact in after.recorded(f.ReferenceSet) if fact.name == "start"] == [""]
    latest: dict[str, int] = {}
    for fact in after.recorded(f.CooldownSet):
        assert fact.until_ms > latest.get(fact.symbol, 0)
        latest[fact.symbol] = fact.until_ms
    assert after.state.cooldowns == latest
    assert latest


def assert_alerts_once(after: Aftermath) -> None:
    """No alert is lost or doubled."""
    wanted: dict[str, Counter[Any]] = {
        "ExitAlert": Counter(fact.trade.position_id for fact in after.recorded(f.TradeClosed)),
        "CooldownAlert": Counter((fact.symbol, fact.until_ms) for fact in after.recorded(f.CooldownSet)),
        "ChangeAlert": Counter(f"limit {fact.key}" for fact in after.recorded(f.LimitChanged)),
        "HoldAlert": Counter({True: len(after.recorded(f.HoldSet)), False: len(after.recorded(f.HoldLifted))}),
    }
    told = {kind: after.alerts[kind] for kind in wanted}
    assert Counter(row["position_id"] for row in told["ExitAlert"]) == wanted["ExitAlert"]
    assert Counter((row["symbol"], row["until_ms"]) for row in told["CooldownAlert"]) == wanted["CooldownAlert"]
    assert Counter(row["what"] for row in told["ChangeAlert"]) == wanted["ChangeAlert"]
    assert Counter(row["set"] for row in told["HoldAlert"]) == wanted["HoldAlert"]


@pytest.mark.slow
@pytest.mark.timeout(30 + 20 * KILLS)
def test_a_desk_killed_again_and_again_ends_with_the_books_of_the_exchange(tmp_path: Path) -> None:
    dice = random.Random(SEED)
    confirmed = max(live_and_die(tmp_path, dice) for _ in range(KILLS))
    settle(tmp_path)
    after = aftermath(tmp_path, confirmed)
    assert_same_books(after)
    assert_executions_once(after)
    assert_orders_once(after)
    assert_commands_kept(after)
    assert_references_kept(after)
    assert_alerts_once(after)
