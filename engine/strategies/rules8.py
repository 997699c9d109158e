"""Eight-rule technical analysis on 15-minute candles, both directions: moving-average crosses, RSI, Bollinger bands,
MACD.
"""

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from engine.core.strategy import LOOK_BACK, Conflict, Decision, Enter, Held, Inputs
from engine.strategies.parameters import parameter

NAMES = {
    "1": "death cross, oversold",
    "2": "golden cross, overbought",
    "3": "extreme oversold bounce",
    "4": "extreme overbought reversal",
    "5": "lower band touch",
    "6": "upper band touch",
    "7": "MACD bullish crossover",
    "8": "MACD bearish crossover",
}
_LONG = frozenset("2357")


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules8:
    """Parameters in the units of their indicators; `cross_window` counts the current bar."""

    fast: int = parameter(50, unit="bars", low=2, high=1_000, about="period of the fast mean")
    slow: int = parameter(200, unit="bars", low=2, high=1_000, about="period of the slow mean")
    rsi: int = parameter(14, unit="bars", low=2, high=100, about="period of the RSI")
    bands: int = parameter(20, unit="bars", low=2, high=200, about="period of the bands")
    deviations: int = parameter(2, unit="standard deviations", low=1, high=10, about="width of the bands")
    macd: str = parameter("12_26_9", unit="bars, fast_slow_signal", about="spans of the MACD")
    cross_window: int = parameter(
        3, unit="bars", low=1, high=LOOK_BACK, about="age of a cross of means, this bar included"
    )
    oversold: float = parameter(30.0, unit="RSI", low=0, high=100, about="rule 1 is below it")
    overbought: float = parameter(70.0, unit="RSI", low=0, high=100, about="rule 2 is above it")
    extreme_low: float = parameter(20.0, unit="RSI", low=0, high=100, about="rule 3 is below it")
    extreme_high: float = parameter(80.0, unit="RSI", low=0, high=100, about="rule 4 is above it")

    @property
    def needs(self) -> tuple[str, ...]:
        """Columns read."""
        bands, macd = f"bb{self.bands}_{self.deviations}", f"macd{self.macd}"
        averages = (f"sma{self.fast}", f"sma{self.slow}", f"rsi{self.rsi}")
        return (*averages, f"{bands}.upper", f"{bands}.lower", f"{macd}.macd", f"{macd}.signal", f"{macd}.hist")

    @property
    def rules(self) -> tuple[str, ...]:
        """Names of the eight rules."""
        return tuple(NAMES)

    @property
    def reverses(self) -> bool:
        """An opposite signal does not close a position."""
        return False

    def decide(self, inputs: Inputs, held: Held | None, off: Collection[str]) -> Decision:
        """Return one entry for the side whose rules fired, named after the lowest; a conflict when both sides fired."""
        if any(inputs.get(name) is None for name in self.needs):
            return None
        fired = [rule for rule, fires in _FIRES.items() if rule not in off and fires(self, inputs)]
        if not fired:
            return None
        longs = [rule for rule in fired if rule in _LONG]
        if longs and len(longs) < len(fired):
            return Conflict(tuple(describe(rule) for rule in fired))
        return Enter(bool(longs), describe(fired[0]), tuple(describe(rule) for rule in fired[1:]))

    def candidates(self, columns: Mapping[str, Any]) -> Any:
        """Return the bars at which any rule could fire."""
        _, _, rsi, upper, lower, line, signal, _ = (columns[name] for name in self.needs)
        extremes = rsi < max(self.oversold, self.extreme_low)
        extremes = extremes | (rsi > min(self.overbought, self.extreme_high))
        touches = (columns["low"] <= lower) | (columns["high"] >= upper)
        before = columns[f"{self.needs[5]}@1"] - columns[f"{self.needs[6]}@1"]
        crosses = ((line > signal) & (before <= 0)) | ((line < signal) & (before >= 0))
        return extremes | touches | crosses

    def crossed(self, inputs: Inputs, names: tuple[str, str], *, up: bool, window: int = 1) -> bool:
        """Whether the first column crossed the second on one of the last `window` bars, the current one included."""
        return any(_cross(inputs, names, back, up=up) for back in range(window))


def describe(rule: str) -> str:
    """Return a rule's number and name as it stands on a signal."""
    return f"{rule} {NAMES[rule]}"


def _differences(inputs: Inputs, names: tuple[str, str], back: int) -> Iterator[float]:
    for age in (back + 1, back):
        first, second = inputs.get(names[0], age), inputs.get(names[1], age)
        if first is not None and second is not None:
            yield first - second


def _cross(inputs: Inputs, names: tuple[str, str], back: int, *, up: bool) -> bool:
    match list(_differences(inputs, names, back)):
        case [before, now]:
            return before <= 0 < now if up else before >= 0 > now
        case _:
            return False


def _value(inputs: Inputs, name: str) -> float:
    value = inputs.get(name)
    return float("nan") if value is None else value


def _averages(s: Rules8) -> tuple[str, str]:
    return s.needs[0], s.needs[1]


def _macd(s: Rules8) -> tuple[str, str]:
    return s.needs[5], s.needs[6]


def _death_cross(s: Rules8, i: Inputs) -> bool:
    return _value(i, s.needs[2]) < s.oversold and s.crossed(i, _averages(s), up=False, window=s.cross_window)


def _golden_cross(s: Rules8, i: Inputs) -> bool:
    return _value(i, s.needs[2]) > s.overbought and s.crossed(i, _averages(s), up=True, window=s.cross_window)


def _oversold(s: Rules8, i: Inputs) -> bool:
    return _value(i, s.needs[2]) < s.extreme_low


def _overbought(s: Rules8, i: Inputs) -> bool:
    return _value(i, s.needs[2]) > s.extreme_high


def _lower_touch(s: Rules8, i: Inputs) -> bool:
    return _value(i, "low") <= _value(i, s.needs[4]) < _value(i, "close")


def _upper_touch(s: Rules8, i: Inputs) -> bool:
    return _value(i, "high") >= _value(i, s.needs[3]) > _value(i, "close")


def _macd_up(s: Rules8, i: Inputs) -> bool:
    return _value(i, s.needs[7]) > 0 and s.crossed(i, _macd(s), up=True)


def _macd_down(s: Rules8, i: Inputs) -> bool:
    return _value(i, s.needs[7]) < 0 and s.crossed(i, _macd(s), up=False)


_FIRES: dict[str, Callable[[Rules8, Inputs], bool]] = {
    "1": _death_cross,
    "2": _golden_cross,
    "3": _oversold,
    "4": _overbought,
    "5": _lower_touch,
    "6": _upper_touch,
    "7": _macd_up,
    "8": _macd_down,
}
