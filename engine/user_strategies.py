"""Strategies of the user, from a folder outside the package: pinned by hash, timed, and watched while they decide.

Such a file is trusted code, so it is loaded only when nobody but the desk's user could have written it and its content
is the one that was pinned. It never comes from a chat.
"""

import hashlib
import os
import stat
import sys
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from traceback import walk_tb
from types import ModuleType
from typing import Any

from engine.core.strategy import Decision, Held, Herald, Inputs, News, Strategy
from engine.plan import check_needs
from engine.strategies.parameters import parameters, validated
from engine.strategies.registry import FACTORIES
from engine.watchdog import Watchdog

LONGEST_DECISION_S = 0.05
# The class in a user's file goes by this name.
NAME = "STRATEGY"
# What a decision of somebody's code may raise; anything else ends the desk, as it should.
_MISTAKES = (ArithmeticError, AttributeError, LookupError, NameError, TypeError, ValueError, RuntimeError)

type Told = Callable[[str], None]


class StrategyFileError(ValueError):
    """A file or folder of strategies that cannot be used: what is wrong, where, what to do."""


@dataclass(frozen=True, slots=True)
class Source:
    """One strategy file as read: its content is judged and run, never read twice."""

    path: Path
    code: bytes

    @property
    def name(self) -> str:
        """The strategy's name: the file's."""
        return self.path.stem

    @property
    def sha256(self) -> str:
        """Hash of the content."""
        return hashlib.sha256(self.code).hexdigest()


def read_source(path: Path) -> Source:
    """Read a file after a look at who could have written it and its folder; raises StrategyFileError."""
    for place in (path.parent, path):
        try:
            found = place.stat()
        except OSError as error:
            raise StrategyFileError(f"{place}: {error.strerror}; name a file of yours that is there") from error
        if found.st_uid != os.getuid() or found.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
            raise StrategyFileError(
                f"{place}: others than the desk's user could write it; chown it to that user and chmod go-w"
            )
    return Source(path, path.read_bytes())


def check_pin(source: Source, pins: Mapping[str, str]) -> None:
    """Raise StrategyFileError unless the content is the one that was pinned."""
    pinned = pins.get(source.path.name)
    if pinned is None:
        raise StrategyFileError(f"{source.path.name} is not pinned; add its sha256 {source.sha256} to strategies")
    if pinned.lower() != source.sha256:
        raise StrategyFileError(
            f"{source.path.name} was changed: its sha256 is {source.sha256}, pinned is {pinned}; read and pin it anew"
        )


def build_user(source: Source, given: Mapping[str, Any]) -> Strategy:
    """Run the file's code and build its strategy with parameters; raises StrategyFileError, ValueError for
    parameters.
    """
    if source.name in FACTORIES:
        raise StrategyFileError(f"{source.path.name}: {source.name} is a strategy of the desk; name the file otherwise")
    module = ModuleType(f"user_strategy_{source.name}")
    module.__file__ = str(source.path)
    # Dataclasses look their module up while they are made.
    sys.modules[module.__name__] = module
    try:
        exec(compile(source.code, str(source.path), "exec"), module.__dict__)  # noqa: S102  # pinned by its hash
    except (SyntaxError, ImportError, *_MISTAKES) as error:
        raise StrategyFileError(f"{source.path.name}: {type(error).__name__}: {error}") from error
    factory = getattr(module, NAME, None)
    if not isinstance(factory, type):
        raise StrategyFileError(f"{source.path.name}: it must name its class, with {NAME} = TheClass at its end")
    try:
        strategy: Strategy = factory(**validated(source.name, parameters(factory), given))
        check_needs(strategy)
    except (TypeError, AttributeError) as error:
        raise StrategyFileError(f"{source.path.name}: {error}") from error
    return strategy


class Absent:
    """Stands in for a strategy that may not run: never decides, so that its positions keep stops, age and limits."""

    needs: tuple[str, ...] = ()
    rules: tuple[str, ...] = ()
    reverses = False

    def decide(self, inputs: Inputs, held: Held | None, off: Collection[str]) -> Decision:
        """Return nothing."""
        return None

    def candidates(self, columns: Mapping[str, Any]) -> Any:
        """Return no bar."""
        return columns["close"] < 0


class Guarded:
    """A user's strategy under watch: a decision over 50 ms or one that fails disables it for the rest of the run."""

    def __init__(self, source: Source, given: Mapping[str, Any]) -> None:
        self._source = source
        self._given = dict(given)
        self._strategy = build_user(source, given)
        self.path = source.path
        self.disabled = ""
        self.told: Told | None = None
        self.watchdog: Watchdog | None = None
        self.needs = tuple(self._strategy.needs)
        self.rules = tuple(self._strategy.rules)
        self.reverses = bool(self._strategy.reverses)

    def __reduce__(self) -> tuple[Any, ...]:
        return Guarded, (self._source, self._given)

    def decide(self, inputs: Inputs, held: Held | None, off: Collection[str]) -> Decision:
        """Return the strategy's decision; nothing when it took too long, failed, or did so before."""
        if self.disabled:
            return None
        if self.watchdog is not None:
            self.watchdog.begin(self._source.name)
        began = perf_counter()
        try:
            decision: Decision = self._strategy.decide(inputs, held, off)
        except _MISTAKES as error:
            self._disable(f"it failed with {type(error).__name__}{self._line(error)}: {error}")
            return None
        finally:
            if self.watchdog is not None:
                self.watchdog.end()
        took = perf_counter() - began
        if took > LONGEST_DECISION_S and self.watchdog is not None:
            self._disable(f"a decision took {took * 1000:.0f} ms, at most {LONGEST_DECISION_S * 1000:.0f}")
            return None
        return decision

    def news(self, inputs: Inputs) -> News | None:
        """Return the strategy's own news, when it has any to tell."""
        if self.disabled or not isinstance(self._strategy, Herald):
            return None
        try:
            return self._strategy.news(inputs)
        except _MISTAKES as error:
            self._disable(f"its news failed with {type(error).__name__}{self._line(error)}: {error}")
            return None

    def candidates(self, columns: Mapping[str, Any]) -> Any:
        """Return the strategy's own; raises StrategyFileError when it fails."""
        try:
            return self._strategy.candidates(columns)
        except _MISTAKES as error:
            why = f"candidates failed with {type(error).__name__}{self._line(error)}: {error}"
            raise StrategyFileError(f"{self.path.name}: {why}") from error

    def _line(self, error: BaseException) -> str:
        lines = [line for frame, line in walk_tb(error.__traceback__) if frame.f_code.co_filename == str(self.path)]
        return f" in line {lines[-1]}" if lines else ""

    def _disable(self, why: str) -> None:
        self.disabled = why
        if self.told is not None:
            self.told(why)
