"""Drawdown: how far equity stood below its highest point so far."""

from dataclasses import dataclass

import numpy as np

from engine.analytics.series import EquitySeries, Times, Values


@dataclass(frozen=True, slots=True, kw_only=True)
class Episode:
    """One fall below a peak: times of the peak, the lowest point and the return (absent while under water).

    `money` is the depth in quote currency, `percent` the depth in percent of the peak (0 where the peak was not
    positive).
    """

    start_ms: int
    trough_ms: int
    recovery_ms: int | None
    money: float
    percent: float


def under_water(equity: Values) -> tuple[Values, Values]:
    """Depth at every point (>= 0), in money and in percent of the running peak (0 while that is not positive)."""
    peak = np.maximum.accumulate(equity)
    money = peak - equity
    percent = np.divide(100.0 * money, peak, out=np.zeros_like(money), where=peak > 0)
    return money, percent


def episodes(times_ms: Times, equity: Values) -> list[Episode]:
    """All falls in time order. A fall starts at the last point on the peak and ends at the first point back on it."""
    money, percent = under_water(equity)
    wet = np.concatenate(([False], money > 0, [False]))
    firsts = np.flatnonzero(~wet[:-1] & wet[1:])
    ends = np.flatnonzero(wet[:-1] & ~wet[1:])
    found = []
    for first, end in zip(firsts, ends, strict=True):
        trough = first + int(np.argmax(money[first:end]))
        found.append(
            Episode(
                start_ms=int(times_ms[first - 1]),
                trough_ms=int(times_ms[trough]),
                recovery_ms=int(times_ms[end]) if end < len(times_ms) else None,
                money=float(money[trough]),
                percent=float(percent[trough]),
            )
        )
    return found


def within(series: EquitySeries, *, initial_balance: float, start_ms: int, end_ms: int) -> EquitySeries:
    """The points of a period, the first one at its start: the last known equity there, else the initial balance.

    So a first losing trade is a drawdown too.
    """
    first = int(np.searchsorted(series.times_ms, start_ms, side="right"))
    last = int(np.searchsorted(series.times_ms, end_ms, side="right"))
    opening = float(series.equity[first - 1]) if first else initial_balance
    return EquitySeries(
        times_ms=np.concatenate((np.array([start_ms], dtype=np.int64), series.times_ms[first:last])),
        equity=np.concatenate((np.array([opening]), series.equity[first:last])),
    )
