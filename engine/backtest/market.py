"""History as the loop needs it: integer columns for the exchange, computed values for the strategies, and where signals
are possible.
"""

from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from engine.candles import Columns
from engine.core.market import DAY_MS, Instrument, timeframe_name
from engine.core.profile import Account
from engine.core.strategy import Strategy
from engine.indicators import IndicatorColumns, compute
from engine.plan import Need, Row, aligned, arrays, foreign, needs, readable
from engine.resample import resample

type Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """Bars of one strategy timeframe: `row_at` maps a base row to the coarse row that closes with it (-1: none)."""

    timeframe: int
    row_at: memoryview
    views: Mapping[str, memoryview]
    row: Row


class View(NamedTuple):
    """Columns as the loop reads them, one plain integer at a time."""

    time: memoryview
    open: memoryview
    high: memoryview
    low: memoryview
    close: memoryview


@dataclass(frozen=True, slots=True, eq=False)
class Lane:
    """One symbol's history. Prices in ticks; `signals` are the base rows in [first, end) whose close may bring a
    decision.
    """

    symbol: str
    instrument: Instrument
    step: int
    time: Ints
    open: Ints
    high: Ints
    low: Ints
    close: Ints
    turnover: npt.NDArray[np.float64]
    frames: tuple[Frame, ...]
    signals: Ints
    first: int
    end: int
    view: View

    def row(self, at_ms: int) -> int:
        """Return the first row that opens at or after a time."""
        time = self.view.time
        if not len(time):
            return 0
        # Without a gap before it the row follows from the time; with gaps it lies further down.
        most = min(max(-((time[0] - at_ms) // self.step), 0), len(time))
        return most if most == 0 or time[most - 1] < at_ms else bisect_left(time, at_ms, 0, most)

    def row_time(self, row: int, otherwise: int) -> int:
        """Return when a row opens; `otherwise` past the end."""
        return self.view.time[row] if row < self.end else otherwise


def ticks(prices: npt.NDArray[np.float64], instrument: Instrument) -> Ints:
    """Return prices on the instrument's grid, to the nearest tick."""
    per_unit = float(1 / instrument.tick)
    return np.rint(prices * per_unit).astype(np.int64)


def lanes(
    account: Account,
    strategies: Mapping[str, Strategy],
    data: Mapping[str, Columns],
    instruments: Mapping[str, Instrument],
    *,
    span: tuple[int, int],
    every: bool = False,
) -> Iterator[Lane]:
    """Prepare every symbol that a profile trades, in the profiles' order; with `every` each bar may bring a decision.

    Raises ValueError where candles cannot serve a timeframe.
    """
    wanted = [need for need in needs(account, strategies) if need.symbol in data]
    charts = {(need.symbol, need.timeframe): _chart(data[need.symbol], need) for need in wanted}
    for symbol in dict.fromkeys(need.symbol for need in wanted if need.decides):
        columns = data[symbol]
        mine = [need for need in wanted if need.symbol == symbol and need.decides]
        found = [_frame(columns, need, charts, account, strategies) for need in mine]
        signals = np.arange(len(columns)) if every else _union([rows for _, rows in found])
        yield _lane(columns, instruments[symbol], tuple(frame for frame, _ in found), signals, span)


def _union(rows: Sequence[Ints]) -> Ints:
    return rows[0] if len(rows) == 1 else np.unique(np.concatenate(rows))


def _lane(
    columns: Columns, instrument: Instrument, frames: tuple[Frame, ...], signals: Ints, span: tuple[int, int]
) -> Lane:
    first, end = (int(x) for x in np.searchsorted(columns.time, span))
    inside = (signals >= first) & (signals < end)
    open_, high, low, close = (
        ticks(prices, instrument) for prices in (columns.open, columns.high, columns.low, columns.close)
    )
    return Lane(
        symbol=columns.symbol,
        instrument=instrument,
        step=columns.timeframe_ms,
        time=columns.time,
        open=open_,
        high=high,
        low=low,
        close=close,
        turnover=day_turnover(columns),
        frames=frames,
        signals=signals[inside],
        first=first,
        end=end,
        view=View(*(memoryview(column) for column in (columns.time, open_, high, low, close))),
    )


def day_turnover(columns: Columns) -> npt.NDArray[np.float64]:
    """Return the turnover of the 24 h that end with each bar (volume × close)."""
    total = np.concatenate([[0.0], np.cumsum(columns.volume * columns.close)])
    since = np.searchsorted(columns.time, columns.time + columns.timeframe_ms - DAY_MS)
    turnover: npt.NDArray[np.float64] = total[1:] - total[since]
    return turnover


class _Chart(NamedTuple):
    columns: Columns
    indicators: IndicatorColumns


type _Charts = Mapping[tuple[str, int], _Chart]


def _chart(columns: Columns, need: Need) -> _Chart:
    if need.timeframe % columns.timeframe_ms:
        have, want = timeframe_name(columns.timeframe_ms), timeframe_name(need.timeframe)
        raise ValueError(f"{columns.symbol}: {want} candles cannot be built from {have} ones; give finer data")
    coarse = columns if need.timeframe == columns.timeframe_ms else resample(columns, timeframe_ms=need.timeframe)
    return _Chart(coarse, compute(coarse, need.names))


def _frame(
    columns: Columns, need: Need, charts: _Charts, account: Account, strategies: Mapping[str, Strategy]
) -> tuple[Frame, Ints]:
    coarse, indicators = charts[need.symbol, need.timeframe]
    closes = coarse.time + need.timeframe
    mine = columns.time + columns.timeframe_ms
    found = np.searchsorted(closes, mine)
    exact = (found < len(closes)) & (closes[np.minimum(found, len(closes) - 1)] == mine) if len(closes) else found < 0
    row_at = np.where(exact, found, -1).astype(np.int64)
    nowhere = (None, None)
    others = {
        name: foreign(there, *charts.get((there.symbol, there.timeframe), nowhere))
        for name, there in need.foreign.items()
    }
    values = arrays(coarse, indicators, need.names) | {name: aligned(it, closes) for name, it in others.items()}
    possible = _possible(coarse, need, account, strategies, values)
    views = readable(coarse, indicators)
    frame = Frame(need.timeframe, memoryview(row_at), views, Row(views, 0, 0, others))
    return frame, np.flatnonzero(exact & possible[np.where(exact, found, 0)]) if len(closes) else np.empty(0, np.int64)


def _possible(
    coarse: Columns, need: Need, account: Account, strategies: Mapping[str, Strategy], values: Mapping[str, Any]
) -> npt.NDArray[np.bool_]:
    total = np.zeros(len(coarse), dtype=np.bool_)
    for profile in account.profiles:
        if profile.timeframe == need.timeframe and need.symbol in profile.symbols:
            mask = strategies[profile.name].candidates(values)
            total |= np.ones(len(coarse), dtype=np.bool_) if mask is None else np.asarray(mask, dtype=np.bool_)
    return total
