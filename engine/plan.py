"""What the profiles of an account need from the market: which bars of which symbols, with which indicators."""

import re
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from engine.candles import Columns
from engine.core.market import timeframe_ms
from engine.core.profile import Account, Profile
from engine.core.strategy import LOOK_BACK, Strategy, out_of_reach
from engine.indicators import IndicatorColumns, parse, warmup_bars
from engine.indicators_names import rows_wanted

# Layer 1 compares the last candle's range with it, whatever the strategy reads.
ALWAYS = ("atr14",)
CANDLE = ("open", "high", "low", "close", "volume")


_FOREIGN = re.compile(r"(?:(?P<symbol>[A-Z0-9]{2,30})/)?(?P<timeframe>\d+[mhd]):(?P<name>.+)")


@dataclass(frozen=True, slots=True)
class Place:
    """Where a value of another timeframe or symbol comes from."""

    symbol: str
    timeframe: int
    name: str

    def expected_ms(self, close_ms: int) -> int:
        """Return the close of the last bar there that is over at an instant."""
        return close_ms - close_ms % self.timeframe


def place(name: str, symbol: str) -> Place | None:
    """Return where a value is found that a strategy on a symbol names `15m:close` or `BTCUSDT/1d:sma50`; None for a
    value of its own bars. Raises ValueError for an unknown timeframe.
    """
    match = _FOREIGN.fullmatch(name)
    if match is None:
        return None
    return Place(match["symbol"] or symbol, timeframe_ms(match["timeframe"]), match["name"])


@dataclass(frozen=True, slots=True)
class Need:
    """Indicators wanted on the bars of one symbol and timeframe.

    Profiles decide on these bars when `decides`; they then also read `foreign`, values of other bars by full name.
    """

    symbol: str
    timeframe: int
    names: tuple[str, ...]
    decides: bool = True
    foreign: Mapping[str, Place] = field(default_factory=dict)

    @property
    def bars(self) -> int:
        """Closed bars needed before every value is warm."""
        return warmup_bars(self.names)

    @property
    def rows(self) -> int:
        """Closed bars to begin with, so that the first decision sees what a backtest would show it."""
        return rows_wanted(self.names, self.timeframe)


@dataclass(slots=True)
class _Wanted:
    names: dict[str, None] = field(default_factory=dict)
    foreign: dict[str, Place] = field(default_factory=dict)
    decides: bool = False


def needs(account: Account, strategies: Mapping[str, Strategy]) -> tuple[Need, ...]:
    """Return what all profiles together need, each indicator once; bars that are decided on come first."""
    wanted: dict[tuple[str, int], _Wanted] = {}
    for profile in account.profiles:
        for symbol in profile.symbols:
            part = wanted.setdefault((symbol, profile.timeframe), _Wanted())
            part.decides = True
            found = {name: place(name, symbol) for name in strategies[profile.name].needs}
            part.names.update(dict.fromkeys((*(name for name, there in found.items() if there is None), *ALWAYS)))
            part.foreign.update({name: there for name, there in found.items() if there is not None})
    for there in [there for part in wanted.values() for there in part.foreign.values()]:
        wanted.setdefault((there.symbol, there.timeframe), _Wanted()).names[there.name] = None
    return tuple(
        Need(symbol, timeframe, tuple(part.names), part.decides, part.foreign)
        for (symbol, timeframe), part in wanted.items()
    )


def timeframes(profile: Profile, strategy: Strategy) -> tuple[int, ...]:
    """Return the lengths of all candles that a profile decides on or reads."""
    read = (place(name, "") for name in strategy.needs)
    return (profile.timeframe, *(there.timeframe for there in read if there is not None))


def check_needs(strategy: Strategy) -> None:
    """Raise ValueError for a value that a strategy asks for and nobody can compute, such as an EMA of one bar."""
    for name in strategy.needs:
        there = place(name, "BTCUSDT")
        parse(there.name if there is not None else name)


def symbols(account: Account, strategies: Mapping[str, Strategy]) -> tuple[str, ...]:
    """Return every symbol that is traded or only read, the traded ones first."""
    return tuple(dict.fromkeys(need.symbol for need in needs(account, strategies)))


@dataclass(frozen=True, slots=True)
class Foreign:
    """A column of other bars: values and the close times they belong to, ascending."""

    timeframe: int
    closes: memoryview
    values: memoryview

    def at(self, close_ms: int, back: int) -> float | None:
        """Return the value of the last bar that is over at an instant, or `back` bars before it; None when that bar or
        one in between is missing or not warm. An older bar never stands in for the last one.
        """
        last = close_ms - close_ms % self.timeframe
        newest = bisect_left(self.closes, last)
        row = newest - back
        if newest == len(self.closes) or row < 0 or self.closes[newest] != last:
            return None
        if self.closes[row] != last - back * self.timeframe:
            return None
        value: float = self.values[row]
        return value if value == value else None  # noqa: PLR0124  # NaN is the one value that differs from itself


def foreign(there: Place, columns: Columns | None, indicators: IndicatorColumns | None) -> Foreign:
    """Return a column as others read it; an empty one where there are no candles."""
    if columns is None or indicators is None:
        return Foreign(there.timeframe, memoryview(np.empty(0, np.int64)), memoryview(np.empty(0)))
    closes = np.ascontiguousarray(columns.time + there.timeframe)
    values = np.ascontiguousarray(indicators[there.name].values)
    return Foreign(there.timeframe, memoryview(closes), memoryview(values))


class Row:
    """Values of one bar, as strategies see them. Reusable: move it with `at`."""

    __slots__ = ("_columns", "_foreign", "close_ms", "row")

    def __init__(
        self,
        columns: Mapping[str, memoryview],
        row: int,
        close_ms: int,
        foreign: Mapping[str, Foreign] | None = None,
    ) -> None:
        self._columns = columns
        self._foreign = foreign or {}
        self.at(row, close_ms)

    def at(self, row: int, close_ms: int) -> None:
        """Point at another bar."""
        self.row = row
        self.close_ms = close_ms

    def get(self, name: str, back: int = 0) -> float | None:
        """Return a value `back` bars ago; None when absent (before the first bar, not warm, after a gap). Raises
        ValueError for what lies ahead, or further back than a live desk keeps.
        """
        if not 0 <= back <= LOOK_BACK:
            raise out_of_reach(name, back)
        column = self._columns.get(name)
        if column is None:
            return self._foreign[name].at(self.close_ms, back)
        row = self.row - back
        if row < 0:
            return None
        value: float = column[row]
        return value if value == value else None  # noqa: PLR0124  # NaN is the one value that differs from itself


def readable(columns: Columns, indicators: IndicatorColumns) -> dict[str, memoryview]:
    """Return candle and indicator columns as views that yield Python floats, by name."""
    views = {name: memoryview(np.ascontiguousarray(getattr(columns, name))) for name in CANDLE}
    return views | {name: memoryview(np.ascontiguousarray(values.values)) for name, values in indicators.items()}


def arrays(columns: Columns, indicators: IndicatorColumns, wanted: Sequence[str]) -> dict[str, np.ndarray]:
    """Return columns for `Strategy.candidates`: by name, and `name@1` one bar earlier. `aligned` adds foreign ones."""
    out: dict[str, np.ndarray] = {name: getattr(columns, name) for name in CANDLE}
    out |= {name: indicators[name].values for name in wanted}
    for name in list(out):
        earlier = np.empty_like(out[name])
        earlier[:1], earlier[1:] = np.nan, out[name][:-1]
        out[f"{name}@1"] = earlier
    return out


def aligned(values: Foreign, closes: np.ndarray) -> np.ndarray:
    """Return a foreign column row for row beside bars that close at these times, NaN where it has no value."""
    wanted = closes - closes % values.timeframe
    there, column = np.asarray(values.closes), np.asarray(values.values)
    if not len(there):
        return np.full(len(closes), np.nan)
    row = np.minimum(np.searchsorted(there, wanted), len(there) - 1)
    return np.where(there[row] == wanted, column[row], np.nan)
