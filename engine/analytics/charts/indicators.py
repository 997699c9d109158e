"""Words such as `ema50` or `bbands20,2` -> indicator lines computed by pandas-ta-classic on TA-Lib."""

import difflib
import functools
import inspect
import re
import typing
import warnings
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from engine.analytics.charts.requests import Candles
from engine.analytics.series import Values
from engine.indicators_kernels import with_series

with_series()
with warnings.catch_warnings():
    # The library warns about its own use of pandas while it is loaded.
    warnings.simplefilter("ignore")
    import pandas_ta_classic as ta

_ALIASES = {
    "bb": "bbands",
    "bollinger": "bbands",
    "boll": "bbands",
    "st": "supertrend",
    "keltner": "kc",
    "dc": "donchian",
    "sar": "psar",
}
_OVERLAYS = frozenset(
    {
        "accbands",
        "bbands",
        "ce",
        "cksp",
        "cpr",
        "donchian",
        "ha",
        "hwc",
        "kc",
        "median",
        "pmax",
        "psar",
        "quantile",
        "sarext",
    }
)
# Columns that belong to an overlay but are not prices: direction flags, band width, acceleration.
_NOT_PRICES = re.compile(r"^(SUPERTd?_|BBB_|BBP_|PSARaf|PSARr|PMAXd|ISC|ICS)")
_PRICES = frozenset({"open_", "open", "high", "low", "close", "volume"})
_TUNING = frozenset({"offset", "drift", "ddof"})
_NUMBERS = re.compile(r"[_,:]?(\d+(?:\.\d+)?(?:[_,:]\d+(?:\.\d+)?)*)?")
_LONGEST = 2_000


@dataclass(frozen=True, slots=True)
class UnknownIndicator:
    """A word that names no indicator, or that cannot be computed: why, and the names that come close."""

    reason: str
    matches: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Indicator:
    """A parsed word: the library's name, its numbers by parameter, the label of the legend."""

    name: str
    numbers: tuple[tuple[str, float], ...]
    label: str


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Lines:
    """Values of an indicator by column name, one a candle; not a number while warming up."""

    label: str
    overlay: bool
    columns: tuple[tuple[str, Values], ...]


def names() -> tuple[str, ...]:
    """All indicators that need nothing but candles."""
    return tuple(_functions())


def parse(word: str) -> Indicator | UnknownIndicator:
    """The indicator a word means. Numbers go to the numeric parameters in their order: `macd12,26,9`, `bbands20_2`."""
    text = word.strip().lower()
    known = (*names(), *_ALIASES)
    fitting = [name for name in known if text.startswith(name) and _NUMBERS.fullmatch(text[len(name) :])]
    if not fitting:
        stem = re.sub(r"[\d.,:_-]+$", "", text) or text
        matches = tuple(difflib.get_close_matches(stem, known, n=4, cutoff=0.55))
        hint = (
            f"Did you mean {', '.join(matches)}?"
            if matches
            else "Examples: ema50, bbands20, supertrend, rsi14, macd, vwap."
        )
        return UnknownIndicator(f"There is no indicator {word[:40]!r}. {hint}", matches)
    found = max(fitting, key=len)
    name = _ALIASES.get(found, found)
    numbers = [float(number) for number in re.findall(r"\d+(?:\.\d+)?", text[len(found) :])]
    return _with_numbers(name, numbers)


def compute(indicator: Indicator, candles: Candles) -> Lines | UnknownIndicator:
    """The indicator's lines over all candles; a value that explains what is missing when the library has no result."""
    function, frame = _functions()[indicator.name], _frame(candles)
    columns: dict[str, typing.Any] = {name: frame[name.rstrip("_")] for name in _needed(function)}
    if "talib" in inspect.signature(function).parameters:
        columns["talib"] = True
    whole = {name: int(number) if number == int(number) else number for name, number in indicator.numbers}
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found = function(**columns, **whole)
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
        return UnknownIndicator(f"{indicator.label} cannot be computed on these candles: {error}")
    table = _table(found)
    if table is None or not np.isfinite(table.to_numpy(dtype=np.float64)).any():
        return UnknownIndicator(f"{indicator.label} needs more candles than the {len(frame)} there are.")
    return _lines(indicator, table, candles)


def _with_numbers(name: str, numbers: list[float]) -> Indicator | UnknownIndicator:
    slots = _numeric(_functions()[name])
    if len(numbers) > len(slots):
        takes = ", ".join(slots) or "none"
        return UnknownIndicator(f"{name} takes {len(slots)} numbers ({takes}), not {len(numbers)}.")
    for (slot, whole), number in zip(slots.items(), numbers, strict=False):
        if number > _LONGEST or (whole and (number != int(number) or number < 1)):
            kind = "a whole number from 1" if whole else "from 0"
            return UnknownIndicator(f"{name}: {slot} must be {kind} to {_LONGEST}, not {number:g}.")
    label = " ".join([name.upper(), *(f"{number:g}" for number in numbers)])
    return Indicator(name=name, numbers=tuple(zip(slots, numbers, strict=False)), label=label)


@functools.cache
def _functions() -> dict[str, Callable[..., typing.Any]]:
    found = {name: getattr(ta, name, None) for group in ta.Category.values() for name in group}
    return {
        name: function
        for name, function in sorted(found.items())
        if callable(function) and _needed(function) <= _PRICES
    }


def _needed(function: Callable[..., typing.Any]) -> set[str]:
    # An optional price column (the close of psar) stays out: the library's default is meant.
    return {
        key
        for key, parameter in inspect.signature(function).parameters.items()
        if parameter.default is parameter.empty and parameter.kind is parameter.POSITIONAL_OR_KEYWORD
    }


def _numeric(function: Callable[..., typing.Any]) -> dict[str, bool]:
    found = {}
    for key, parameter in inspect.signature(function).parameters.items():
        kinds = set(typing.get_args(parameter.annotation)) or {parameter.annotation}
        if key not in _TUNING and key not in _PRICES and kinds & {int, float}:
            found[key] = float not in kinds
    return found


def _frame(candles: Candles) -> pd.DataFrame:
    index = pd.DatetimeIndex(pd.to_datetime(candles.times_ms, unit="ms"))
    prices = {
        name: np.asarray(getattr(candles, name), dtype=np.float64)
        for name in ("open", "high", "low", "close", "volume")
    }
    return pd.DataFrame(prices, index=index)


def _table(found: object) -> pd.DataFrame | None:
    first = found[0] if isinstance(found, tuple) and found else found
    if isinstance(first, pd.Series):
        return first.to_frame()
    return first if isinstance(first, pd.DataFrame) and len(first.columns) else None


def _lines(indicator: Indicator, table: pd.DataFrame, candles: Candles) -> Lines:
    # Some indicators reach into the future (the cloud of Ichimoku): rows beyond the last candle are not drawn.
    count = len(candles.times_ms)
    columns = [(str(name), table[name].to_numpy(dtype=np.float64, na_value=np.nan)[:count]) for name in table.columns]
    if indicator.name in _OVERLAYS or indicator.name in ta.Category["overlap"]:
        low, high = float(candles.low.min()) / 2, float(candles.high.max()) * 2
        prices = [(name, values) for name, values in columns if not _NOT_PRICES.match(name)]
        priced = tuple((name, values) for name, values in prices if _within(values, low, high))
        if priced:
            return Lines(label=indicator.label, overlay=True, columns=priced)
    return Lines(label=indicator.label, overlay=False, columns=tuple(columns[:4]))


def _within(values: Values, low: float, high: float) -> bool:
    known = values[np.isfinite(values)]
    return bool(len(known)) and bool((known >= low).all() and (known <= high).all())
