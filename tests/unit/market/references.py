"""Slow, plain definitions of the indicators, written from the textbook formulas with TA-Lib's starting values."""

import itertools
import math
from collections.abc import Callable, Sequence

type Row = float | None


def sma(values: Sequence[float], period: int) -> list[Row]:
    return [_mean(values, row, period) for row in range(len(values))]


def mean_of_previous(values: Sequence[float], period: int) -> list[Row]:
    return [None, *sma(values, period)[:-1]]


def ema(values: Sequence[float], period: int, *, first: int | None = None) -> list[Row]:
    """Start from the simple mean of the `period` values that end at row `first`."""
    first = period - 1 if first is None else first
    result: list[Row] = [None] * len(values)
    previous = math.fsum(values[first - period + 1 : first + 1]) / period
    result[first] = previous
    for row in range(first + 1, len(values)):
        previous += 2 / (period + 1) * (values[row] - previous)
        result[row] = previous
    return result


def macd(closes: Sequence[float], fast: int, slow: int, smooth: int) -> tuple[list[Row], list[Row]]:
    """Return the line and its signal, both shown from the signal's first value on.

    Both averages of the line start at the slow one's first row.
    """
    quick, lazy = ema(closes, fast, first=slow - 1), ema(closes, slow)
    line = [a - b for a, b in zip(quick, lazy, strict=True) if a is not None and b is not None]
    absent: list[Row] = [None] * (slow - 1)
    signal = ema(line, smooth)
    shown: list[Row] = [None if value is None else number for number, value in zip(line, signal, strict=True)]
    return absent + shown, absent + signal


def rsi(closes: Sequence[float], period: int) -> list[Row]:
    changes = [after - before for before, after in itertools.pairwise(closes)]
    gains = wilder([max(change, 0.0) for change in changes], period)
    losses = wilder([max(-change, 0.0) for change in changes], period)
    values = [
        None if gain is None or loss is None else 100 * gain / (gain + loss)
        for gain, loss in zip(gains, losses, strict=True)
    ]
    return [None, *values]


def atr(high: Sequence[float], low: Sequence[float], close: Sequence[float], period: int) -> list[Row]:
    return [None, *wilder(_true_ranges(high, low, close), period)]


def adx(high: Sequence[float], low: Sequence[float], close: Sequence[float], period: int) -> list[Row]:
    up = [b - a for a, b in itertools.pairwise(high)]
    down = [a - b for a, b in itertools.pairwise(low)]
    rising = wilder_sum([u if u > d and u > 0 else 0.0 for u, d in zip(up, down, strict=True)], period)
    falling = wilder_sum([d if d > u and d > 0 else 0.0 for u, d in zip(up, down, strict=True)], period)
    direction = [100 * abs(plus - minus) / (plus + minus) for plus, minus in zip(rising, falling, strict=True)]
    return [None] * (len(high) - len(direction)) + wilder(direction, period)


def bollinger(closes: Sequence[float], period: int, deviations: float) -> tuple[list[Row], list[Row]]:
    """Return the upper and the lower band, with the population's standard deviation."""
    upper: list[Row] = [None] * (period - 1)
    lower: list[Row] = [None] * (period - 1)
    for end in range(period, len(closes) + 1):
        window = closes[end - period : end]
        mean = math.fsum(window) / period
        reach = deviations * math.sqrt(math.fsum((value - mean) ** 2 for value in window) / period)
        upper.append(mean + reach)
        lower.append(mean - reach)
    return upper, lower


def extreme(values: Sequence[float], period: int, choose: Callable[[Sequence[float]], float]) -> list[Row]:
    return [choose(values[row - period + 1 : row + 1]) if row >= period - 1 else None for row in range(len(values))]


def wilder(values: Sequence[float], period: int) -> list[Row]:
    """Start from a simple mean, then each value moves the average by one period-th."""
    result: list[Row] = [None] * (period - 1)
    average = math.fsum(values[:period]) / period
    result.append(average)
    for value in values[period:]:
        average += (value - average) / period
        result.append(average)
    return result


def wilder_sum(values: Sequence[float], period: int) -> list[float]:
    """Start from the sum of one value less than the period, then each value comes on top of what is left."""
    total = math.fsum(values[: period - 1])
    result = []
    for value in values[period - 1 :]:
        total += value - total / period
        result.append(total)
    return result


def _true_ranges(high: Sequence[float], low: Sequence[float], close: Sequence[float]) -> list[float]:
    rows = range(1, len(close))
    return [max(high[row], close[row - 1]) - min(low[row], close[row - 1]) for row in rows]


def _mean(values: Sequence[float], row: int, period: int) -> Row:
    return math.fsum(values[row - period + 1 : row + 1]) / period if row >= period - 1 else None
