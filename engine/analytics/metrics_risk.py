"""Risk: how rough the way was."""

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from decimal import Decimal
from itertools import groupby

import numpy as np

from engine.analytics.drawdown import Episode, episodes, under_water, within
from engine.analytics.metrics_profitability import YEAR_DAYS, growth_a_year
from engine.analytics.numbers import exact_sum, finite
from engine.analytics.series import DAY_MS, EquitySeries, Values, closing_order
from engine.core.trades import Trade


@dataclass(frozen=True, slots=True, kw_only=True)
class Risk:
    """Drawdown, daily returns and streaks; equity includes open positions and starts at the initial balance.

    - max_drawdown: deepest fall in money; max_drawdown_pct: deepest fall in percent of its peak. Start (peak), trough
      and recovery times are those of the deepest in percent; recovery is absent while under water. Without a fall the
      depths are 0 and the times absent.
    - longest_under_water_ms: longest time from a peak to the return to it, or to the end of the period.
    - average_drawdown_pct: mean depth of all falls. recovery_factor: net profit / max_drawdown.
    - Daily returns: equity at the end of each UTC day (a point exactly at midnight closes the day before) against the
      day before. sharpe: mean / sample deviation x sqrt(365). sortino: mean / root mean square of the negative
      returns (over all days) x sqrt(365). calmar: compound growth of the daily returns a year / max_drawdown_pct.
      volatility_pct: sample deviation x sqrt(365). Risk-free rate 0; two days are needed.
    - var_95_pct: loss that 95 % of days stayed within (5th percentile of daily returns, linear interpolation, sign
      turned); cvar_95_pct: mean loss of the days at or beyond it.
    - ulcer_index: root mean square of the daily percentage drawdown (Peter Martin).
    - exposure_pct: share of the period in which a closed trade was open.
    - max_consecutive_wins, max_consecutive_losses: by closing order; a break-even trade ends a streak and belongs to
      none.
    """

    max_drawdown: float | None
    max_drawdown_pct: float | None
    max_drawdown_start_ms: int | None
    max_drawdown_trough_ms: int | None
    max_drawdown_recovery_ms: int | None
    longest_under_water_ms: int | None
    average_drawdown_pct: float | None
    recovery_factor: float | None
    sharpe: float | None
    sortino: float | None
    calmar: float | None
    volatility_pct: float | None
    var_95_pct: float | None
    cvar_95_pct: float | None
    ulcer_index: float | None
    exposure_pct: float | None
    max_consecutive_wins: int
    max_consecutive_losses: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawdowns:
    """The figures of `Risk` that come from the falls of equity."""

    max_drawdown: float | None = None
    max_drawdown_pct: float | None = None
    max_drawdown_start_ms: int | None = None
    max_drawdown_trough_ms: int | None = None
    max_drawdown_recovery_ms: int | None = None
    longest_under_water_ms: int | None = None
    average_drawdown_pct: float | None = None
    recovery_factor: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DailyRatios:
    """The figures of `Risk` that come from daily returns."""

    sharpe: float | None = None
    sortino: float | None = None
    volatility_pct: float | None = None
    var_95_pct: float | None = None
    cvar_95_pct: float | None = None
    growth: float | None = None


def daily_equity(series: EquitySeries, *, start_ms: int, end_ms: int) -> Values:
    """Equity at the start and at the end of every UTC day of the period; a day without a point keeps the last value."""
    first = start_ms // DAY_MS + 1
    last = max(first, -(-end_ms // DAY_MS))
    closes_ms = np.arange(first, last + 1, dtype=np.int64) * DAY_MS
    moments = np.concatenate((np.array([start_ms], dtype=np.int64), closes_ms))
    index = np.searchsorted(series.times_ms, moments, side="right") - 1
    return series.equity[np.maximum(index, 0)]


def daily_returns(closes: Values) -> Values | None:
    """Relative change from day to day; absent when equity was ever not positive, for then a return means nothing."""
    return closes[1:] / closes[:-1] - 1 if (closes > 0).all() else None


def _spread(returns: Values) -> float | None:
    deviation = float(np.std(returns, ddof=1))
    # Equal returns may leave a rounding residue instead of 0.
    return deviation if deviation > 1e-12 else None


def daily_ratios(closes: Values) -> DailyRatios:
    """Ratios of daily returns; all absent below two returns."""
    returns = daily_returns(closes)
    if returns is None or len(returns) < 2:
        return DailyRatios()
    mean, year = float(np.mean(returns)), math.sqrt(YEAR_DAYS)
    deviation = _spread(returns)
    downside = float(np.sqrt(np.mean(np.minimum(returns, 0.0) ** 2)))
    quantile = float(np.percentile(returns, 5))
    return DailyRatios(
        sharpe=None if deviation is None else finite(mean / deviation * year),
        sortino=finite(mean / downside * year) if downside > 0 else None,
        volatility_pct=float(np.std(returns, ddof=1)) * year * 100,
        var_95_pct=-quantile * 100,
        cvar_95_pct=-float(np.mean(returns[returns <= quantile])) * 100,
        growth=growth_a_year(float(closes[-1] / closes[0]) - 1, days=len(returns)),
    )


def exposure_pct(trades: Sequence[Trade], *, start_ms: int, end_ms: int) -> float | None:
    """Share of the period in which at least one of the trades was open, in percent; absent without a period."""
    if end_ms <= start_ms:
        return None
    covered, reached = 0, start_ms
    for trade in sorted(trades, key=lambda trade: trade.entry_ms):
        first, last = max(trade.entry_ms, reached), min(trade.exit_ms, end_ms)
        covered += max(0, last - first)
        reached = max(reached, last)
    return 100 * covered / (end_ms - start_ms)


def longest_streak(trades: Sequence[Trade], *, winning: bool) -> int:
    """Most wins (or losses) in a row by closing order."""
    wanted = [trade.net > 0 if winning else trade.net < 0 for trade in closing_order(trades)]
    return max((sum(1 for _ in run) for hit, run in groupby(wanted) if hit), default=0)


def risk(
    trades: Sequence[Trade], equity: EquitySeries, *, initial_balance: Decimal, start_ms: int, end_ms: int
) -> Risk:
    """Risk over a period; without any equity point the figures of equity are absent."""
    series = within(equity, initial_balance=float(initial_balance), start_ms=start_ms, end_ms=end_ms)
    closes = daily_equity(series, start_ms=start_ms, end_ms=end_ms)
    if len(equity):
        net = float(exact_sum(trade.net for trade in trades))
        fallen = _drawdowns(episodes(series.times_ms, series.equity), net=net, end_ms=end_ms)
        ratios = daily_ratios(closes)
    else:
        fallen, ratios = Drawdowns(), DailyRatios()
    depth = fallen.max_drawdown_pct or 0.0
    return Risk(
        **asdict(fallen),
        **{name: value for name, value in asdict(ratios).items() if name != "growth"},
        calmar=finite(ratios.growth * 100 / depth) if ratios.growth is not None and depth > 0 else None,
        ulcer_index=float(np.sqrt(np.mean(under_water(closes)[1] ** 2))) if len(equity) else None,
        exposure_pct=exposure_pct(trades, start_ms=start_ms, end_ms=end_ms) if trades else None,
        max_consecutive_wins=longest_streak(trades, winning=True),
        max_consecutive_losses=longest_streak(trades, winning=False),
    )


def _drawdowns(falls: Sequence[Episode], *, net: float, end_ms: int) -> Drawdowns:
    if not falls:
        return Drawdowns(max_drawdown=0.0, max_drawdown_pct=0.0, longest_under_water_ms=0)
    deepest, money = max(falls, key=lambda fall: fall.percent), max(fall.money for fall in falls)
    lengths = [(end_ms if fall.recovery_ms is None else fall.recovery_ms) - fall.start_ms for fall in falls]
    return Drawdowns(
        max_drawdown=money,
        max_drawdown_pct=deepest.percent,
        max_drawdown_start_ms=deepest.start_ms,
        max_drawdown_trough_ms=deepest.trough_ms,
        max_drawdown_recovery_ms=deepest.recovery_ms,
        longest_under_water_ms=max(lengths),
        average_drawdown_pct=float(np.mean([fall.percent for fall in falls])),
        recovery_factor=finite(net / money),
    )
