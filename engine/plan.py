"""What the profiles of an account need from the market: which bars of which symbols, with which indicators."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from engine.candles import Columns
from engine.core.profile import Account
from engine.core.strategy import Strategy
from engine.indicators import IndicatorColumns, warmup_bars

# Layer 1 compares the last candle's range with it, whatever the strategy reads.
ALWAYS = ("atr14",)
CANDLE = ("open", "high", "low", "close", "volume")


@dataclass(frozen=True, slots=True)
class Need:
    """Indicators wanted on the bars of one symbol and timeframe."""

    symbol: str
    timeframe: int
    names: tuple[str, ...]

    @property
    def bars(self) -> int:
        """Closed bars needed before every value is warm."""
        return warmup_bars(self.names)


def needs(account: Account, strategies: Mapping[str, Strategy]) -> tuple[Need, ...]:
    """Return what all profiles together need, each indicator once."""
    wanted: dict[tuple[str, int], dict[str, None]] = {}
    for profile in account.profiles:
        for symbol in profile.symbols:
            names = wanted.setdefault((symbol, profile.timeframe), {})
            names.update(dict.fromkeys((*strategies[profile.name].needs, *ALWAYS)))
    return tuple(Need(symbol, timeframe, tuple(names)) for (symbol, timeframe), names in wanted.items())


class Row:
    """Values of one bar, as strategies see them. Reusable: move it with `at`."""

    __slots__ = ("_columns", "close_ms", "row")

    def __init__(self, columns: Mapping[str, memoryview], row: int, close_ms: int) -> None:
        self._columns = columns
        self.at(row, close_ms)

    def at(self, row: int, close_ms: int) -> None:
        """Point at another bar."""
        self.row = row
        self.close_ms = close_ms

    def get(self, name: str, back: int = 0) -> float | None:
        """Return a value `back` bars ago; None when absent (before the first bar, not warm, after a gap)."""
        row = self.row - back
        if row < 0:
            return None
        value: float = self._columns[name][row]
        return value if value == value else None  # noqa: PLR0124  # NaN is the one value that differs from itself


def readable(columns: Columns, indicators: IndicatorColumns) -> dict[str, memoryview]:
    """Return candle and indicator columns as views that yield Python floats, by name."""
    views = {name: memoryview(np.ascontiguousarray(getattr(columns, name))) for name in CANDLE}
    return views | {name: memoryview(np.ascontiguousarray(values.values)) for name, values in indicators.items()}


def arrays(columns: Columns, indicators: IndicatorColumns, wanted: Sequence[str]) -> dict[str, np.ndarray]:
    """Return columns for `Strategy.candidates`: by name, and `name@1` one bar earlier."""
    out: dict[str, np.ndarray] = {name: getattr(columns, name) for name in CANDLE}
    out |= {name: indicators[name].values for name in wanted}
    for name in list(out):
        earlier = np.empty_like(out[name])
        earlier[:1], earlier[1:] = np.nan, out[name][:-1]
        out[f"{name}@1"] = earlier
    return out
