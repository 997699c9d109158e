"""Risk metrics against numbers computed by hand or with the standard library."""

import math
import statistics
from decimal import Decimal
from itertools import pairwise

import numpy as np
import pytest

from engine.analytics.metrics_risk import Risk, daily_equity, exposure_pct, longest_streak, risk
from engine.analytics.series import EquitySeries, equity_of_trades
from tests.unit.analytics.samples import DAY, HOUR, SIX, START, netting, series

# Two falls: 1010 -> 980 (three days), then 1020 -> 1000 (not recovered).
DAILY = (1000.0, 1010.0, 990.0, 980.0, 1020.0, 1020.0, 1000.0)
RETURNS = [after / before - 1 for before, after in pairwise(DAILY)]


def six_days() -> Risk:
    return risk(SIX, series(*DAILY), initial_balance=Decimal(1000), start_ms=START, end_ms=START + 6 * DAY)


def test_the_deepest_fall_has_its_money_percent_and_three_times() -> None:
    found = six_days()
    assert found.max_drawdown == pytest.approx(30)
    assert found.max_drawdown_pct == pytest.approx(100 * 30 / 1010)
    assert found.max_drawdown_start_ms == START + DAY
    assert found.max_drawdown_trough_ms == START + 3 * DAY
    assert found.max_drawdown_recovery_ms == START + 4 * DAY


def test_time_under_water_runs_from_the_last_moment_on_the_peak_to_the_return() -> None:
    assert six_days().longest_under_water_ms == 3 * DAY
    open_fall = risk((), series(100, 90), initial_balance=Decimal(100), start_ms=START, end_ms=START + 5 * DAY)
    assert open_fall.longest_under_water_ms == 5 * DAY
    assert open_fall.max_drawdown_recovery_ms is None


def test_average_drawdown_and_recovery_factor() -> None:
    found = six_days()
    assert found.average_drawdown_pct == pytest.approx((100 * 30 / 1010 + 100 * 20 / 1020) / 2)
    assert found.recovery_factor == pytest.approx(19.25 / 30)


def test_sharpe_sortino_and_volatility_annualise_daily_returns_by_the_root_of_365() -> None:
    found, mean = six_days(), statistics.fmean(RETURNS)
    assert found.sharpe == pytest.approx(mean / statistics.stdev(RETURNS) * math.sqrt(365))
    downside = math.sqrt(sum(min(value, 0.0) ** 2 for value in RETURNS) / 6)
    assert found.sortino == pytest.approx(mean / downside * math.sqrt(365))
    assert found.volatility_pct == pytest.approx(statistics.stdev(RETURNS) * math.sqrt(365) * 100)


def test_calmar_is_growth_of_the_daily_returns_over_the_deepest_fall() -> None:
    found = risk((), series(1000, 990, 1020), initial_balance=Decimal(1000), start_ms=START, end_ms=START + 2 * DAY)
    assert found.calmar == pytest.approx((1.02 ** (365 / 2) - 1) / 0.01)


def test_value_at_risk_is_the_loss_that_95_percent_of_days_stayed_within() -> None:
    # 21 returns: the 5th percentile is exactly the second worst.
    equity = 1000 * np.cumprod([1.0, *(1 + (place - 10) / 1000 for place in range(21))])
    found = risk((), series(*equity), initial_balance=Decimal(1000), start_ms=START, end_ms=START + 21 * DAY)
    assert found.var_95_pct == pytest.approx(0.9)
    assert found.cvar_95_pct == pytest.approx(0.95)


def test_ulcer_index_is_the_root_mean_square_of_daily_drawdowns() -> None:
    depths = (0, 0, 100 * 20 / 1010, 100 * 30 / 1010, 0, 0, 100 * 20 / 1020)
    assert six_days().ulcer_index == pytest.approx(math.sqrt(sum(depth**2 for depth in depths) / 7))


def test_overlapping_trades_count_once_in_exposure() -> None:
    assert exposure_pct(SIX, start_ms=START, end_ms=START + 10 * DAY) == pytest.approx(100 * 46 / 240)
    assert exposure_pct(SIX, start_ms=START + 6 * HOUR, end_ms=START + 12 * HOUR) == pytest.approx(100)
    assert exposure_pct(SIX, start_ms=START, end_ms=START) is None


def test_a_break_even_trade_ends_a_streak_and_belongs_to_none() -> None:
    assert longest_streak(SIX, winning=True) == 2
    assert longest_streak(SIX, winning=False) == 2
    broken = [netting(net, exit_ms=START + place * HOUR) for place, net in enumerate(("1", "1", "0", "1"))]
    assert longest_streak(broken, winning=True) == 2
    assert longest_streak(broken[2:3], winning=True) == 0


def test_a_first_losing_trade_is_a_drawdown_from_the_initial_balance() -> None:
    lost = [netting("-100")]
    equity = equity_of_trades(lost, initial_balance=Decimal(1000), start_ms=START)
    found = risk(lost, equity, initial_balance=Decimal(1000), start_ms=START, end_ms=START + DAY)
    assert found.max_drawdown == pytest.approx(100)
    assert found.max_drawdown_pct == pytest.approx(10)


def test_equity_outside_the_period_does_not_count() -> None:
    wide = series(5000, 1000, 900, 1100, 10)
    found = risk((), wide, initial_balance=Decimal(7), start_ms=START + DAY, end_ms=START + 3 * DAY)
    assert found.max_drawdown == pytest.approx(100)


def test_a_point_at_midnight_closes_the_day_before_and_days_without_points_keep_the_value() -> None:
    times = np.array([START, START + DAY, START + DAY + 1, START + 4 * DAY - 1], dtype=np.int64)
    equity = EquitySeries(times_ms=times, equity=np.array([1.0, 2.0, 3.0, 4.0]))
    closes = daily_equity(equity, start_ms=START, end_ms=START + 4 * DAY)
    assert closes.tolist() == [1, 2, 3, 3, 4]


def test_figures_that_need_two_days_or_a_spread_are_absent_otherwise() -> None:
    one = risk((), series(1000, 1010), initial_balance=Decimal(1000), start_ms=START, end_ms=START + DAY)
    assert (one.sharpe, one.sortino, one.calmar, one.var_95_pct) == (None, None, None, None)
    flat = risk((), series(1000, 1000, 1000), initial_balance=Decimal(1000), start_ms=START, end_ms=START + 2 * DAY)
    assert (flat.sharpe, flat.sortino, flat.recovery_factor) == (None, None, None)
    assert (flat.volatility_pct, flat.max_drawdown) == (0, 0)
    ruined = risk((), series(10, -5, 8), initial_balance=Decimal(10), start_ms=START, end_ms=START + 2 * DAY)
    assert ruined.sharpe is None
    assert ruined.max_drawdown_pct == pytest.approx(150)
