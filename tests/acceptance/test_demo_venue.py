"""The demo trades on a local exchange through the adapter that trades on the real one, and agrees with it whatever
happens.
"""

import contextlib
import json
import random
import urllib.request
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.conftest import LEAST, Past
from tests.acceptance.support.demo import Demo, WaitedInVainError, command, until

pytestmark = pytest.mark.e2e
FAST = "120"
KILLS = 4
RECONCILED = '%"topic":"reconciliation"%'


def venue(demo: Demo) -> str:
    return str(demo.sim.call("state")["desk"]["venue"])


def look(demo: Demo, what: str) -> Any:
    """What the exchange itself has: positions, executions, wallet."""
    (account,) = json.loads((demo.state / "venue" / "keys.json").read_text()).values()
    with urllib.request.urlopen(f"{venue(demo)}/sim/accounts/{account['key']}/{what}", timeout=10) as answer:  # noqa: S310  # a server of this test
        return json.load(answer)


def theirs(demo: Demo) -> dict[str, tuple[Decimal, Decimal]]:
    """Positions of the exchange: signed quantity and stop."""
    rows = look(demo, "positions")
    signs = {"Buy": 1, "Sell": -1}
    return {row["symbol"]: (signs[row["side"]] * Decimal(row["size"]), Decimal(row["stopLoss"] or 0)) for row in rows}


def ours(demo: Demo) -> dict[str, tuple[Decimal, Decimal]]:
    """Positions of the desk's books: signed quantity and stop."""
    rows = demo.rows("select symbol, quantity, stop from positions where cast(quantity as real) != 0")
    return {symbol: (Decimal(quantity), Decimal(stop or 0)) for symbol, quantity, stop in rows}


def agreed(demo: Demo) -> bool:
    before = theirs(demo)
    return ours(demo) == before == theirs(demo)


def test_the_demo_goes_on_at_the_exchange_with_the_positions_of_its_past(past: Past, tmp_path: Path) -> None:
    with past.demo(tmp_path / "state") as demo:
        with urllib.request.urlopen(f"{venue(demo)}/v5/market/time", timeout=10) as answer:  # noqa: S310  # a server of this test
            assert json.load(answer)["retCode"] == 0
        until(lambda: agreed(demo), "agreement of desk and exchange")
        # What the adapter found wrong with the account would be a hold.
        demo.sim.ask("/status", "Holds: none")
        held = theirs(demo)
        assert len(held) >= LEAST
        assert all(stop for _, stop in held.values())
        symbol = next(iter(held))
        asked = demo.sim.ask(f"/close {symbol}", f"Close {symbol}")
        demo.sim.confirm(asked, f"Close {symbol}")
        until(lambda: symbol not in theirs(demo), "closed position at the exchange")
        until(lambda: agreed(demo), "agreement of desk and exchange")
        (last,) = [row for row in look(demo, "executions") if row["symbol"] == symbol][-1:]
        assert last["orderLinkId"] in {link_id for (link_id,) in demo.rows("select link_id from orders")}


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_a_demo_killed_again_and_again_agrees_with_the_exchange(past: Past, tmp_path: Path) -> None:
    dice = random.Random(4)
    with past.demo(tmp_path / "state", speed=FAST) as demo:
        for _ in range(KILLS):
            traded = len(look(demo, "executions"))
            # Killed soon after a trade, or without one: as good a moment as any.
            with contextlib.suppress(WaitedInVainError):
                until(lambda traded=traded: len(look(demo, "executions")) > traded, "trade", dice.uniform(1, 6))
            demo.kill()
            demo.start()
        demo.sim.ask("/pause", "Entries paused")
        until(lambda: agreed(demo), "agreement of desk and exchange")
        booked = [row for (row,) in demo.rows("select exec_id from fills union all select exec_id from funding")]
        assert len(booked) == len(set(booked))
        assert {row["execId"] for row in look(demo, "executions")} <= set(booked)
        told = demo.rows("select payload from outbox where kind = 'DifferenceAlert' or payload like ?", RECONCILED)
        assert told == []


def test_an_account_at_the_exchange_is_not_replayed_on_paper(past: Past, tmp_path: Path) -> None:
    with past.demo(tmp_path / "state") as demo:
        assert demo.interrupt() == 0
        state = str(demo.state)
    told = command("demo", "--no-browser", "--port", "0", "--state", state, "--speed", "max")
    assert told.returncode == 1
    assert "name another folder with --state" in told.stderr
