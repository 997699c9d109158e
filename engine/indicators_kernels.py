"""The indicator formulas over one unbroken run of candles: TA-Lib's, except the plain means of previous bars.

TA-Lib is imported at the first use, and without pandas: its package would pull pandas in only to accept its series,
which costs the desk 70 MB and a second.
"""

import importlib
import sys
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from types import ModuleType

import numpy as np

from engine.candles import Columns
from engine.core.market import DAY_MS
from engine.indicators_names import EMA_SPANS, WILDER_PERIODS, Spec
from engine.validate import Floats

type Outputs = Mapping[str, Floats]

# Rows whose windows are compared at once: memory stays at some megabytes.
_CHUNK = 2_048


@cache
def library() -> ModuleType:
    """Return TA-Lib for numpy arrays, importing it on the first call.

    Where pandas is loaded already TA-Lib gets to know it; where not, it is told that there is none. Whoever wants
    series afterwards calls `with_series`.
    """
    absent = [name for name in ("pandas", "polars") if name not in sys.modules]
    # None makes an import fail as if the package were not installed: Python's own way to say so.
    sys.modules.update(dict.fromkeys(absent))  # type: ignore[arg-type]  # None is what the import system looks for
    try:
        import talib
    finally:
        for name in absent:
            del sys.modules[name]
    return talib


def with_series() -> ModuleType:
    """Return TA-Lib that accepts pandas series, for chart overlays in a process of their own."""
    import pandas as pd

    talib = library()
    # The package wraps its functions for series while it is imported: once more, now that pandas is there.
    return talib if getattr(talib, "_pd_Series", None) is pd.Series else importlib.reload(talib)


def run(spec: Spec, columns: Columns) -> Outputs:
    """Compute a family over candles without gaps: output name -> column, as long as the candles, NaN at its beginning.

    Expects finite values (`check`): TA-Lib would turn one NaN into wrong numbers for the rest of the run.
    """
    return _KERNELS[spec.kind](columns, spec.parameters)


def check(specs: Iterable[Spec], columns: Columns) -> None:
    """Raise ValueError when a value that one of these reads is not finite."""
    readers = {name: spec.kind for spec in specs for name in _INPUTS.get(spec.kind, ("close",))}
    for name, kind in readers.items():
        if not np.isfinite(getattr(columns, name)).all():
            raise ValueError(f"{columns.symbol}: {name} holds a value that is not finite; {kind} needs whole data")


def _candle(columns: Columns, _: tuple[float, ...]) -> Outputs:
    return {name: getattr(columns, name) for name in _INPUTS["candle"]}


def _sma(columns: Columns, parameters: tuple[float, ...]) -> Outputs:
    return {"value": library().SMA(columns.close, int(parameters[0]))}


def _ema(columns: Columns, parameters: tuple[float, ...]) -> Outputs:
    return {"value": library().EMA(columns.close, int(parameters[0]))}


def _rsi(columns: Columns, parameters: tuple[float, ...]) -> Outputs:
    values = library().RSI(columns.close, int(parameters[0]))
    # Without any move RSI is 0/0, for which TA-Lib says 0, the most oversold of all: absent is the honest answer.
    rows = WILDER_PERIODS * int(parameters[0])
    if (columns.close[rows:] == columns.close[:-rows]).any():
        values = np.where(_unchanged(columns.close) >= rows, np.nan, values)
    return {"value": values}


def _atr(columns: Columns, parameters: tuple[float, ...]) -> Outputs:
    return {"value": library().ATR(columns.high, columns.low, columns.close, int(parameters[0]))}


def _adx(columns: Columns, parameters: tuple[float, ...]) -> Outputs:
    return {"value": library().ADX(columns.high, columns.low, columns.close, int(parameters[0]))}


def _bollinger(columns: Columns, parameters: tuple[float, ...]) -> Outputs:
    period, deviations = int(parameters[0]), parameters[1]
    upper, middle, lower = library().BBANDS(columns.close, period, deviations, deviations)
    return {"upper": upper, "middle": middle, "lower": lower, "width": (upper - lower) / middle}


def _macd(columns: Columns, parameters: tuple[float, ...]) -> Outputs:
    macd, signal, hist = library().MACD(columns.close, *(int(period) for period in parameters))
    return {"macd": macd, "signal": signal, "hist": hist}


def _band_rank(columns: Columns, parameters: tuple[float, ...]) -> Outputs:
    # How many of the widths before this one are smaller.
    width, count = _bollinger(columns, parameters)["width"], int(parameters[2])
    first = int(parameters[0]) - 1 + count
    smaller = np.full(len(width), np.nan)
    for start in range(first, len(width), _CHUNK):
        rows = np.arange(start, min(start + _CHUNK, len(width)))
        before = np.lib.stride_tricks.sliding_window_view(width, count)[rows - count]
        smaller[rows] = (before < width[rows, None]).sum(axis=1)
    return {"value": smaller}


def _ema_crosses(columns: Columns, parameters: tuple[float, ...]) -> Outputs:
    # How often the order of two averages changed since 00:00 UTC; absent where the day's beginning is not known.
    fast, slow = (library().EMA(columns.close, int(period)) for period in parameters)
    warm = EMA_SPANS * int(parameters[1])
    below = fast < slow
    crossed = np.zeros(len(columns), dtype=np.bool_)
    crossed[warm:] = below[warm:] != below[warm - 1 : -1]
    closes = columns.time + columns.timeframe_ms
    day = closes // DAY_MS
    begins = np.searchsorted(day, day)
    total = np.concatenate([[0], np.cumsum(crossed)])
    # The day's first bar is the one that closes at 00:00 itself.
    whole = (begins >= warm) & (closes[begins] % DAY_MS == 0)
    return {"value": np.where(whole, total[1:] - total[begins], np.nan)}


def _atr_mean(columns: Columns, parameters: tuple[float, ...]) -> Outputs:
    before = columns.close[:-1]
    high, low = np.maximum(columns.high[1:], before), np.minimum(columns.low[1:], before)
    ranges = np.concatenate([[np.nan], high - low, [0.0]])
    return {"value": _previous_mean(ranges, int(parameters[0]))[1:]}


def _lowest(columns: Columns, parameters: tuple[float, ...]) -> Outputs:
    return {"value": library().MIN(columns.low, int(parameters[0]))}


def _highest(columns: Columns, parameters: tuple[float, ...]) -> Outputs:
    return {"value": library().MAX(columns.high, int(parameters[0]))}


def _mean_previous(columns: Columns, parameters: tuple[float, ...]) -> Outputs:
    return {"value": _previous_mean(columns.close, int(parameters[0]))}


def _volume_mean_previous(columns: Columns, parameters: tuple[float, ...]) -> Outputs:
    return {"value": _previous_mean(columns.volume, int(parameters[0]))}


def _previous_mean(values: Floats, period: int) -> Floats:
    # Added up anew for every row, in one fixed order: no rounding is carried along, so a window cut out of history
    # gives the same bits as all of it.
    rows = len(values) - period
    total = np.zeros(max(rows, 0))
    for back in range(period):
        total += values[back : back + len(total)]
    means = np.full(len(values), np.nan)
    means[period:] = total / period
    return means


def _unchanged(values: Floats) -> Floats:
    rows = np.arange(len(values))
    changed = np.flatnonzero(np.diff(values, prepend=np.nan))
    latest = np.zeros(len(values), dtype=np.int64)
    latest[changed] = changed
    since: Floats = (rows - np.maximum.accumulate(latest)).astype(np.float64)
    return since


_INPUTS: dict[str, tuple[str, ...]] = {
    "candle": ("open", "high", "low", "close", "volume"),
    "atr": ("high", "low", "close"),
    "atrmean": ("high", "low", "close"),
    "adx": ("high", "low", "close"),
    "lowest": ("low",),
    "highest": ("high",),
    "volmeanprev": ("volume",),
}
_KERNELS: dict[str, Callable[[Columns, tuple[float, ...]], Outputs]] = {
    "candle": _candle,
    "sma": _sma,
    "ema": _ema,
    "rsi": _rsi,
    "atr": _atr,
    "adx": _adx,
    "atrmean": _atr_mean,
    "bb": _bollinger,
    "bbrank": _band_rank,
    "emacrosses": _ema_crosses,
    "macd": _macd,
    "lowest": _lowest,
    "highest": _highest,
    "meanprev": _mean_previous,
    "volmeanprev": _volume_mean_previous,
}
