"""Names of indicators (`sma50`, `bb20_2.upper`, `macd12_26_9.hist`): what they mean and how many bars they need."""

import difflib
import re
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from functools import lru_cache

from engine.core.market import DAY_MS
from engine.core.strategy import LOOK_BACK

PERIOD_LIMIT = 5_000
EMA_SPANS = 12
WILDER_PERIODS = 30

_CANDLE = ("open", "high", "low", "close", "volume")
_OUTPUTS = {"bb": ("upper", "middle", "lower", "width"), "macd": ("macd", "signal", "hist")}
_EXAMPLES = (
    "sma50", "ema240", "rsi14", "atr14", "adx14", "meanprev60", "volmeanprev20", "lowest10", "highest10",
    "atrmean14", "bbrank20_2_540", "emacrosses240_600",
    "bb20_2.upper", "bb20_2.middle", "bb20_2.lower", "bb20_2.width",
    "macd12_26_9.macd", "macd12_26_9.signal", "macd12_26_9.hist", *_CANDLE,
)  # fmt: skip
_NAME = re.compile(r"(?P<kind>[a-z]+)(?P<parameters>\d+(?:\.\d+)?(?:_\d+(?:\.\d+)?)*)?(?:\.(?P<output>[a-z]+))?")

# Bars needed until the value is trusted, the current one included. An EMA forgets its seed by e^-24 in 12 spans, a
# Wilder average by 3e-14 in 30 periods; the MACD signal is an EMA of an EMA and waits for both.
_BARS: dict[str, Callable[[tuple[float, ...], str], float]] = {
    "sma": lambda p, _: p[0],
    "ema": lambda p, _: EMA_SPANS * p[0],
    "rsi": lambda p, _: WILDER_PERIODS * p[0] + 1,
    "atr": lambda p, _: WILDER_PERIODS * p[0] + 1,
    "adx": lambda p, _: WILDER_PERIODS * p[0] + 1,
    "meanprev": lambda p, _: p[0] + 1,
    "volmeanprev": lambda p, _: p[0] + 1,
    "lowest": lambda p, _: p[0],
    "highest": lambda p, _: p[0],
    "bb": lambda p, _: p[0],
    "atrmean": lambda p, _: p[0] + 1,
    "bbrank": lambda p, _: p[0] + p[2],
    "emacrosses": lambda p, _: EMA_SPANS * p[1] + 1,
    "macd": lambda p, output: EMA_SPANS * (p[1] if output == "macd" else p[1] + p[2]),
}
_PARAMETERS = {"bb": 2, "bbrank": 3, "emacrosses": 2, "macd": 3}


@dataclass(frozen=True, slots=True)
class Spec:
    """One indicator value: `family` is what is computed together, `output` one of its columns, `bars` what it needs."""

    kind: str
    parameters: tuple[float, ...]
    output: str
    bars: int

    @property
    def family(self) -> tuple[str, tuple[float, ...]]:
        """Values of the same family come out of one computation."""
        return self.kind, self.parameters

    @property
    def since_midnight(self) -> bool:
        """Whether the value counts since 00:00 UTC: bars of that day are read beside those of the warm-up."""
        return self.kind == "emacrosses"


@lru_cache(maxsize=1024)
def parse(name: str) -> Spec:
    """Return what a name means; raises ValueError that says what is wrong and suggests a right name."""
    if name in _CANDLE:
        return Spec("candle", (), name, 1)
    match = _NAME.fullmatch(name)
    if match is None or match["kind"] not in _BARS:
        raise _unknown(name)
    kind, output = match["kind"], match["output"] or "value"
    parameters = tuple(float(text) for text in (match["parameters"] or "").split("_") if text)
    allowed = _OUTPUTS.get(kind, ("value",))
    if len(parameters) != _PARAMETERS.get(kind, 1) or output not in allowed or (output == "value" and match["output"]):
        raise _unknown(name)
    _check_parameters(name, kind, parameters)
    return Spec(kind, parameters, output, int(_BARS[kind](parameters, output)))


def warmup_bars(names: Iterable[str]) -> int:
    """Return how many closed bars give every named value at the last of them; 0 for no names."""
    return max((parse(name).bars for name in names), default=0)


def rows_wanted(names: Collection[str], timeframe_ms: int) -> int:
    """Return how many closed bars make every value equal to that of the whole history, also `LOOK_BACK` bars ago: twice
    the warm-up, and a day where one counts since 00:00.
    """
    day = DAY_MS // timeframe_ms if any(parse(name).since_midnight for name in names) else 0
    return max(2 * warmup_bars(names), 1) + LOOK_BACK + day


def _check_parameters(name: str, kind: str, parameters: tuple[float, ...]) -> None:
    periods = (parameters[0], *parameters[2:]) if kind in {"bb", "bbrank"} else parameters
    if any(period != int(period) or not 2 <= period <= PERIOD_LIMIT for period in periods):
        raise ValueError(f"indicator {name!r}: periods are whole numbers from 2 to {PERIOD_LIMIT}")
    if kind in {"macd", "emacrosses"} and parameters[0] >= parameters[1]:
        raise ValueError(f"indicator {name!r}: the fast period must be below the slow one")
    if kind in {"bb", "bbrank"} and not 0 < parameters[1] <= 10:
        raise ValueError(f"indicator {name!r}: the width is above 0 and at most 10 standard deviations")


def _unknown(name: str) -> ValueError:
    near = difflib.get_close_matches(name, _EXAMPLES, n=1, cutoff=0.5)
    hint = f"did you mean something like {near[0]!r}?" if near else f"known are such as {', '.join(_EXAMPLES[:9])}"
    return ValueError(f"unknown indicator {name!r}: {hint}")
