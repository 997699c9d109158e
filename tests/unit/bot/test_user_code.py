"""The user's strategies in a desk: built when their pins hold, blocked when not, judged again while it runs."""

import asyncio
import hashlib
from pathlib import Path
from typing import Any

import pytest
import yaml

from bot.accounts import AccountError, trading
from bot.user_code import UserCode
from config import Settings, load_settings
from engine.core.events import StrategyJudged
from engine.core.market import HOUR_MS
from engine.core.money import to_money
from engine.core.strategy import Away
from engine.core.trader import Trader
from engine.exchanges.paper import PaperExchange
from engine.exchanges.simulated import SimulatedExchange, Terms
from engine.journal import MemoryJournal
from engine.live import Desk
from engine.user_strategies import Absent, Guarded
from engine.watchdog import note
from tests.support.virtual import VirtualClock
from tests.unit.strategies.test_user_strategies import example

PROFILE = {
    "name": "mine",
    "strategy": "pullback",
    "preset": "cft",
    "symbols": ["BTCUSDT"],
    "params": {"low": 25},
    "settings": {"timeframe": "1h", "notional": 500, "stop": 1.5, "breakeven_profit": False},
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    place = tmp_path / "mine"
    place.mkdir(mode=0o700)
    (place / "pullback.py").write_text(example(), encoding="utf-8")
    (place / "pullback.py").chmod(0o600)
    return place


def settings(folder: Path, **more: Any) -> Settings:
    pin = hashlib.sha256(example().encode()).hexdigest()
    content = {"profiles": [PROFILE], "strategies_dir": str(folder), "strategies": {"pullback.py": pin}} | more
    file = folder.parent / "desk.yaml"
    file.write_text(yaml.safe_dump(content))
    found = load_settings(config=file, env_file=folder / "none", overrides={"desk_state_dir": folder.parent})
    assert found.strategies_dir == folder
    return found


def test_a_pinned_file_trades_under_a_preset_with_rules_of_its_own(folder: Path) -> None:
    made = trading(settings(folder), tag="p123")
    (profile,) = made.account.profiles
    assert isinstance(made.strategies["mine"], Guarded)
    assert (profile.strategy, profile.timeframe, profile.stop) == ("pullback", HOUR_MS, Away(15_000))
    assert (profile.sizing.amount, profile.protection.breakeven_profit) == (to_money(500), None)
    assert made.blocked == {}


def test_a_changed_file_is_not_run_and_its_profile_stays_blocked(folder: Path) -> None:
    given = settings(folder)
    (folder / "pullback.py").write_text("raise SystemExit", encoding="utf-8")
    made = trading(given, tag="p123")
    assert isinstance(made.strategies["mine"], Absent)
    assert "was changed" in made.blocked["mine"]
    assert made.account.profiles[0].name == "mine"


def test_a_file_that_hung_is_not_run_again(folder: Path) -> None:
    given = settings(folder)
    note(folder.parent, "pullback").write_text("hung\n")
    assert "did not return at its last run" in trading(given, tag="p123").blocked["mine"]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"strategy": "pulback"}, "there is no strategy 'pulback'"),
        ({"params": {"low": 90}}, "low = 90"),
        ({"settings": {"stopp": 1}}, "there is no setting 'stopp'; did you mean 'stop'?"),
        ({"settings": {"stop": "wide"}}, "setting stop = 'wide' (% of entry) cannot be used"),
        ({"strategy": "ma_cross"}, "preset cft runs rules8, not ma_cross"),
    ],
)
def test_a_mistake_in_the_profile_is_named(folder: Path, changes: dict[str, Any], words: str) -> None:
    with pytest.raises(AccountError) as caught:
        trading(settings(folder, profiles=[PROFILE | changes]), tag="p123")
    assert words in str(caught.value)


class Listening(Desk):
    """Keeps what the shell judges."""

    heard: list[StrategyJudged]

    def put(self, event: Any) -> None:
        """Keep a judgement."""
        if isinstance(event, StrategyJudged):
            self.heard.append(event)


def desk_of(given: Settings) -> tuple[Listening, UserCode]:
    made = trading(given, tag="p123")
    paper = PaperExchange(SimulatedExchange((), wallet=to_money(1), terms=Terms()))
    desk = Listening(Trader(made.account, made.strategies), paper, MemoryJournal(), VirtualClock())
    desk.heard = []
    return desk, UserCode(desk, given, made.blocked)


class Turns:
    """A clock whose sleeps change the file, and which stops the third time."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._steps = [example() + "\n# changed\n", example()]

    async def sleep(self, _seconds: float) -> None:
        """Change the file."""
        if not self._steps:
            raise asyncio.CancelledError
        self._file.write_text(self._steps.pop(0), encoding="utf-8")


def test_a_file_changed_while_the_desk_runs_blocks_entries_until_it_is_as_pinned(folder: Path) -> None:
    desk, code = desk_of(settings(folder))

    async def watch() -> None:
        assert code.start()
        with pytest.raises(asyncio.CancelledError):
            await code.run(Turns(folder / "pullback.py"))  # type: ignore[arg-type]  # only its sleep is used
        await code.close()

    asyncio.run(watch())
    assert [(event.profile, bool(event.why)) for event in desk.heard] == [("mine", True), ("mine", False)]
    assert "was changed" in desk.heard[0].why


def test_what_was_blocked_at_the_start_is_told_and_not_watched(folder: Path) -> None:
    given = settings(folder, strategies={})
    desk, code = desk_of(given)
    assert not code.start()
    assert ["is not pinned" in event.why for event in desk.heard] == [True]
    asyncio.run(code.close())
