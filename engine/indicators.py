"""Indicator values over candle columns: named, computed once, absent until warm and after every gap."""

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from engine.candles import Columns
from engine.indicators_kernels import Outputs, check, run
from engine.indicators_names import Spec, parse, warmup_bars
from engine.validate import Floats, Times

__all__ = ["Indicator", "IndicatorColumns", "compute", "parse", "warmup_bars"]


@dataclass(frozen=True, slots=True, eq=False)
class Indicator:
    """One value for each candle.

    `values` is read-only float64 and holds NaN exactly where the value is absent; `warm` is the first row that has one
    (the number of rows when none has). After a gap in the candles the value is absent again until it is warm anew.
    """

    name: str
    values: Floats
    warm: int

    def at(self, row: int) -> float | None:
        """Return the value of a row (not negative), None when absent. Raises IndexError outside the candles."""
        if row < 0:
            raise IndexError(f"{self.name}: row {row} is before the first candle")
        value = float(self.values[row])
        return None if math.isnan(value) else value


@dataclass(frozen=True, slots=True, eq=False)
class IndicatorColumns(Mapping[str, Indicator]):
    """Indicators by name, row for row beside the candles with these open times (ms UTC)."""

    symbol: str
    timeframe_ms: int
    time: Times
    indicators: Mapping[str, Indicator]

    def __getitem__(self, name: str) -> Indicator:
        return self.indicators[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.indicators)

    def __len__(self) -> int:
        return len(self.indicators)

    def at(self, name: str, row: int) -> float | None:
        """Return one value, None when absent; raises KeyError for a name that was not computed."""
        return self.indicators[name].at(row)

    def warm(self) -> int:
        """Return the first row at which every indicator has been warm."""
        return max((indicator.warm for indicator in self.indicators.values()), default=0)


def compute(columns: Columns, names: Iterable[str]) -> IndicatorColumns:
    """Compute the named indicators; the value at a row depends on rows up to it and on nothing later.

    Values of one family (the bands of one Bollinger) come out of one pass. Definitions and exceptions: see the kernels.
    Raises ValueError for an unknown name.
    """
    specs = {name: parse(name) for name in names}
    values: dict[str, Floats] = {}
    warm = dict.fromkeys(specs, len(columns))
    for first, end in columns.segments():
        whole = end - first == len(columns)
        for name, outputs in _families(columns if whole else columns.rows(first, end), specs):
            spec = specs[name]
            column, usable = outputs[spec.output], spec.bars - 1
            warm[name] = min(warm[name], first + usable)
            if whole and column.flags.writeable:
                # Nobody else has it: no copy is needed.
                column[:usable] = np.nan
                values[name] = column
            else:
                into = values.setdefault(name, np.full(len(columns), np.nan))
                into[first + usable : end] = column[usable:]
    for name in specs.keys() - values.keys():
        values[name] = np.full(len(columns), np.nan)
    for column in values.values():
        column.flags.writeable = False
    indicators = {name: Indicator(name, values[name], warm[name]) for name in specs}
    return IndicatorColumns(columns.symbol, columns.timeframe_ms, columns.time, indicators)


def _families(part: Columns, specs: Mapping[str, Spec]) -> Iterator[tuple[str, Outputs]]:
    done: dict[tuple[str, tuple[float, ...]], Outputs] = {}
    known = {name: spec for name, spec in specs.items() if len(part) >= spec.bars}
    check(known.values(), part)
    for name, spec in known.items():
        if spec.family not in done:
            done[spec.family] = run(spec, part)
        yield name, done[spec.family]
