"""Trouble with Telegram, kill -9, Ctrl-C: nothing is lost and nothing happens twice."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.conftest import Past
from tests.acceptance.support.demo import ADMIN, OWNER, STILL, VIEWER, Demo, Sim, until

pytestmark = pytest.mark.e2e
EVERYBODY = (OWNER, ADMIN, VIEWER)
PAUSED = r"(\w+): no entries"
DOUBT = "Telegram's answer was lost"


def told(sim: Sim, user: int, pattern: str, *, after: int = 0) -> list[str]:
    """What the bot said in a chat that matches, in order and as often as it was said, in digests too.

    A list of what may be missing repeats only titles; it is no second telling.
    """
    texts = [message["text"] for message in sim.transcript(user, after=after) if message["from_bot"]]
    return [found for text in texts if not text.startswith(DOUBT) for found in re.findall(pattern, text)]


def ends(sim: Sim) -> dict[int, int]:
    return {user: max((m["message_id"] for m in sim.transcript(user)), default=0) for user in EVERYBODY}


def wait_told(sim: Sim, pattern: str, expected: list[str], since: dict[int, int]) -> None:
    """Wait until everybody was told exactly this, in this order."""
    for user, after in since.items():

        def look(user: int = user, after: int = after) -> bool:
            return len(told(sim, user, pattern, after=after)) >= len(expected)

        until(look, f"{expected} for user {user}")
        assert told(sim, user, pattern, after=after) == expected, f"user {user}"


FAULTS: dict[str, dict[str, Any]] = {
    "BTCUSDT": {"retry_after": 1},
    "ETHUSDT": {"drop": "after"},
    "SOLUSDT": {"status": 502, "body": "<html>"},
}


@pytest.mark.parametrize("symbol", FAULTS, ids=["flood", "lost answer", "down"])
def test_alerts_arrive_once_and_in_order_over_a_bad_line(demo: Demo, symbol: str) -> None:
    sim = demo.sim
    since = ends(sim)
    sim.fault("sendMessage", 2, **FAULTS[symbol])
    sim.say(f"/pause {symbol}", ADMIN)
    wait_told(sim, PAUSED, [symbol], since)
    sim.say(f"/resume {symbol}", ADMIN)
    wait_told(sim, rf"{symbol}: (no entries|entries allowed again)", ["no entries", "entries allowed again"], since)
    assert sim.call("faults") == []


@dataclass(frozen=True, slots=True)
class Books:
    """What the chat shows of the desk's state."""

    positions: list[str]
    holds: list[str]
    limits: list[str]


def books(sim: Sim) -> Books:
    positions = sim.ask("/positions", "Positions ·", VIEWER)["text"]
    held = sim.ask("/status", "Holds", VIEWER)["text"]
    limits = sim.ask("/limits", "Limits ·", VIEWER)["text"]
    return Books(
        positions=re.findall(r"^(\w+USDT +(?:LONG|SHORT)).*\n +([\d,.]+)", positions, re.MULTILINE),
        holds=re.findall(r"^• .*", held, re.MULTILINE),
        limits=re.findall(r"limit (\S+)", limits),
    )


@pytest.fixture
def own(past: Past, tmp_path: Path) -> Demo:
    """A demo of its own, not yet started, in a market that hardly moves."""
    return past.demo(tmp_path / "state", speed=STILL)


def test_a_killed_desk_goes_on_as_if_nothing_had_happened(own: Demo) -> None:
    with own as demo:
        sim = demo.sim
        panel, since = sim.panel(), ends(sim)
        sim.ask("/pause ma_cross", "Entries paused", ADMIN)
        wait_told(sim, PAUSED, ["ma_cross"], since)
        preview = sim.ask("/limit day -7", "Tighten limit day", ADMIN)
        sim.confirm(preview, "Tighten", ADMIN)
        sim.wait_for(preview, "Done:", ADMIN)
        before, since = books(sim), ends(sim)
        assert before.positions
        assert len(before.holds) == 1
        # From here on nothing gets through to anybody: the alert of this pause is still to be sent when the end comes.
        sim.fault("sendMessage", 10_000, status=502)
        sim.say("/pause sol", ADMIN)
        until(lambda: demo.rows("select 1 from outbox where kind = 'HoldAlert' and state = 'pending'"), "waiting alert")
        demo.kill()
        demo.start()
        sim = demo.sim
        wait_told(sim, PAUSED, ["SOLUSDT"], since)
        after = books(sim)
        assert (after.positions, after.limits) == (before.positions, before.limits)
        assert [hold for hold in after.holds if "SOLUSDT" not in hold] == before.holds
        assert len(after.holds) == 2
        assert [message["message_id"] for message in sim.pinned()] == [panel["message_id"]]
        wait_told(sim, "Desk started", ["Desk started"], since)


def test_ctrl_c_says_goodbye_and_the_next_start_goes_on(own: Demo) -> None:
    with own as demo:
        since, before = ends(demo.sim), books(demo.sim)
        panel = demo.sim.panel()
        assert demo.interrupt() == 0
        assert "Traceback" not in demo.output
        demo.start()
        wait_told(demo.sim, "Desk stopped", ["Desk stopped"], since)
        assert books(demo.sim) == before
        edited = demo.sim.wait_for(panel, "RUNNING")
        assert edited["pinned"]
