"""What a strategy is: a pure answer to one closed bar.

A strategy gets computed indicator values and returns a decision. It knows no account, no clock and no exchange; sizing,
checks and orders
come after it. Values that are not warm are absent (None), never NaN.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

from engine.core.quick import quick


@dataclass(frozen=True, slots=True)
class Away:
    """A level `ppm` parts per million away from the expected entry (5000 = 0.5 %)."""

    ppm: int


@dataclass(frozen=True, slots=True)
class At:
    """A level at an absolute price in quote currency."""

    price: float


@dataclass(frozen=True, slots=True)
class Off:
    """A level `distance` away from the expected entry, in quote currency."""

    distance: float


@dataclass(frozen=True, slots=True)
class Nearest:
    """The one of several levels that lies nearest to the expected entry."""

    levels: tuple[Away | At | Off, ...]


@dataclass(frozen=True, slots=True)
class Multiple:
    """A target `ratio` times as far from the expected entry as the stop is."""

    ratio: float


type Level = Away | At | Off | Nearest | Multiple


@quick
@dataclass(frozen=True, slots=True)
class Enter:
    """Open a position; `rule` names it, `also` lists rules that fired with it. Absent levels are the profile's."""

    long: bool
    rule: str
    also: tuple[str, ...] = ()
    stop: Level | None = None
    target: Level | None = None


@quick
@dataclass(frozen=True, slots=True)
class Exit:
    """Close what is held."""

    rule: str


@dataclass(frozen=True, slots=True)
class Conflict:
    """Rules of both sides fired on one bar: recorded, never traded."""

    rules: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Withheld:
    """An entry that a filter of the strategy itself forbids: recorded as refused by `check`, never traded."""

    long: bool
    rule: str
    check: str
    detail: str


type Decision = Enter | Exit | Conflict | Withheld | None


@dataclass(frozen=True, slots=True)
class News:
    """Something people hear of a symbol although no order follows from it, such as a change of regime."""

    title: str
    detail: str


@quick
@dataclass(frozen=True, slots=True)
class Held:
    """What the profile holds on the symbol when it is asked."""

    long: bool
    entry_ms: int


# How far back a strategy may read, in bars: so many are there live from the start, as they are in a backtest.
LOOK_BACK = 100


def out_of_reach(name: str, back: int) -> ValueError:
    """Return what `Inputs.get` raises for bars to come and for those further back than `LOOK_BACK`."""
    return ValueError(f"{name} {back} bars back: 0 (the newest closed bar) to {LOOK_BACK} can be read")


class Inputs(Protocol):
    """Values of one closed bar and of the `LOOK_BACK` bars before it."""

    close_ms: int

    def get(self, name: str, back: int = 0) -> float | None:
        """Return a value by name (`close`, `high`, `rsi14`, `bb20_2.upper` …) `back` bars ago; None when absent or not
        warm. Raises ValueError for bars that are still to come or further back than `LOOK_BACK`.

        `15m:close` is a value of the last 15-minute bar that is over when this bar closes, `BTCUSDT/1d:sma50` one of
        another symbol's; `back` then counts those bars.
        """


class Strategy(Protocol):
    """Frozen parameters and two pure questions."""

    @property
    def needs(self) -> tuple[str, ...]:
        """Names of the indicator columns it reads."""

    @property
    def rules(self) -> tuple[str, ...]:
        """Names of rules that can be switched off, empty when there is only one."""

    @property
    def reverses(self) -> bool:
        """Whether an opposite signal closes what is held and, once flat, enters the other way."""

    def decide(self, inputs: Inputs, held: Held | None, off: Collection[str]) -> Decision:
        """Return what to do on this closed bar, with the rules in `off` switched off."""

    def candidates(self, columns: Mapping[str, Any]) -> Any | None:
        """Return a boolean column of the bars at which `decide` could answer at all, or None for every bar.

        `columns` maps the names in `needs` (and `open high low close volume`) to array-like columns that compare
        element by element and
        hold NaN where a value is absent; `name@1` is the same column one bar earlier, for values of the own bars. It
        lets a backtest skip bars; it must never be
        stricter than `decide`. Times are not offered: a strategy that looks at the clock returns the bars by value
        only.
        """


@runtime_checkable
class Herald(Protocol):
    """A strategy that has news for people, whether or not it decides anything."""

    def news(self, inputs: Inputs) -> News | None:
        """Return what this closed bar changed, None for nothing."""


@runtime_checkable
class BookDriven(Strategy, Protocol):
    """A strategy that decides on updates of the book instead of on bars.

    Beside candle columns of other bars (`1m:atrmean14`) its inputs offer `flow:trades`, `flow:bought` and `flow:sold`
    of the running minute (count, base coin), `flow:delta` (change of the book's imbalance), `flow:bid` and `flow:ask`.
    """

    @property
    def pause_ms(self) -> int:
        """How long after a signal the next one on the symbol may come."""

    @property
    def reads(self) -> tuple[str, ...]:
        """Everything it reads, for the record of a signal."""


class StrategyFactory(Protocol):
    """Builds a strategy from validated parameters."""

    def __call__(self, parameters: Mapping[str, Any]) -> Strategy: ...
