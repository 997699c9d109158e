"""The user's own strategies in a running desk: built when their pins hold, watched while they run."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from config import Settings
from engine.clock import Clock
from engine.core.events import StrategyJudged
from engine.core.strategy import Strategy
from engine.live import Desk
from engine.strategies.registry import FACTORIES, build
from engine.user_strategies import Absent, Guarded, StrategyFileError, check_pin, read_source
from engine.watchdog import Watchdog, note

_LOOK_S = 60.0


@dataclass(frozen=True, slots=True)
class Made:
    """A profile's strategy; `blocked` says why it may not enter, empty when it may."""

    strategy: Strategy
    blocked: str = ""


def make(name: str, given: Mapping[str, Any], settings: Settings) -> Made:
    """Build a strategy of the desk or of the user; raises ValueError for an unknown one or parameters that are not
    allowed.
    """
    folder = settings.strategies_dir
    if name in FACTORIES or folder is None or f"{name}.py" not in {*settings.strategies, *_files(folder)}:
        return Made(build(name, given))
    try:
        source = read_source(folder / f"{name}.py")
        check_pin(source, settings.strategies)
        hung = note(settings.desk_state_dir, name)
        if hung.exists():
            raise StrategyFileError(f"{name} did not return at its last run; correct it, pin it anew and remove {hung}")
        return Made(Guarded(source, given))
    except StrategyFileError as error:
        return Made(Absent(), str(error))


def _files(folder: Path) -> list[str]:
    return [path.name for path in folder.glob("*.py")] if folder.is_dir() else []


class UserCode:
    """Watches what of the user's code trades on a desk. Nothing is started where there is none."""

    def __init__(self, desk: Desk, settings: Settings, blocked: Mapping[str, str]) -> None:
        self._desk = desk
        self._settings = settings
        self._blocked = blocked
        strategies = desk.trader.workspace.strategies
        self._guarded = {profile: s for profile, s in strategies.items() if isinstance(s, Guarded)}
        self._watchdog: Watchdog | None = None

    def start(self) -> bool:
        """Tell the desk what is blocked and begin to watch; False when there is nothing to watch."""
        for profile, why in self._blocked.items():
            self._judge(profile, why)
        if not self._guarded:
            return False
        self._watchdog = Watchdog(self._settings.desk_state_dir)
        for profile, strategy in self._guarded.items():
            strategy.watchdog = self._watchdog
            strategy.told = self._teller(profile)
        return True

    async def run(self, clock: Clock, beat: Callable[[], None] = lambda: None) -> None:
        """Look at the files for ever: one that is changed or writable by others makes no more entries."""
        said = dict.fromkeys(self._guarded, "")
        while True:
            beat()
            for profile, strategy in self._guarded.items():
                why = strategy.disabled or self._changed(strategy)
                if why != said[profile]:
                    said[profile] = why
                    self._judge(profile, why)
            await clock.sleep(_LOOK_S)

    async def close(self) -> None:
        """Stop watching."""
        if self._watchdog is not None:
            self._watchdog.close()

    def _changed(self, strategy: Guarded) -> str:
        try:
            check_pin(read_source(strategy.path), self._settings.strategies)
        except StrategyFileError as error:
            return str(error)
        return ""

    def _teller(self, profile: str) -> Callable[[str], None]:
        return lambda why: self._judge(profile, why)

    def _judge(self, profile: str, why: str) -> None:
        self._desk.put(StrategyJudged(profile, why, self._desk.trader.workspace.now_ms))
