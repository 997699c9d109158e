"""What single pictures show: the right colours at the right places and the right words."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

import numpy as np
import pytest

from engine.analytics.charts import requests as ask
from engine.analytics.charts.calendar import cell_box, days_of
from engine.analytics.charts.distribution import binned
from engine.analytics.charts.downsample import kept
from engine.analytics.charts.equity import holes
from engine.analytics.charts.monthly import monthly_returns
from engine.analytics.charts.theme import DARK, LIGHT
from engine.analytics.series import EquitySeries
from tests.unit.analytics.pixels import near, pixels, sheet, words
from tests.unit.analytics.samples import DAY, HOUR, SIX, START, netting, series, walk

LOOK = ask.Look(mode="PAPER", dark=False)


def test_the_equity_curve_stands_higher_where_equity_is_higher() -> None:
    image = pixels(ask.EquityChart(look=LOOK, series=series(100, 120, 110)))
    line = near(image[280:860], LIGHT.accent)
    columns = np.flatnonzero(line.any(axis=0))
    tops = [int(np.argmax(line[:, column])) for column in (columns[5], columns[len(columns) // 2], columns[-20])]
    assert tops[1] < tops[2] < tops[0]
    assert columns[0] < 60
    assert columns[-1] > 900


def test_the_water_is_below_zero_only_while_equity_is_below_its_peak() -> None:
    image = pixels(ask.EquityChart(look=LOOK, series=series(100, 110, 99, 111, 112)))
    water = near(image[880:1200], LIGHT.down).any(axis=0)
    shown = image[880:1200]
    deepest = np.flatnonzero(near(shown, LIGHT.down)[200:].any(axis=0))
    assert water.any()
    assert 350 < deepest.mean() < 600
    assert "−10.00%" in words(sheet(ask.EquityChart(look=LOOK, series=series(100, 110, 99, 111, 112))))


def test_downsampling_keeps_every_extreme_and_both_ends() -> None:
    values = walk(100_000).equity.copy()
    values[33_333], values[77_777] = 20_000, 1
    keep = kept(values, columns=500)
    assert len(keep) <= 2000
    assert {0, 33_333, 77_777, 99_999} <= set(keep.tolist())
    assert (np.diff(keep) > 0).all()
    assert kept(values[:7], columns=500).tolist() == list(range(7))


def test_a_hole_in_a_regular_series_is_found_and_irregular_trading_is_not_a_hole() -> None:
    regular = walk(1000).times_ms.copy()
    regular[400:] += DAY
    assert holes(regular) == [399]
    irregular = np.cumsum(np.random.default_rng(1).exponential(HOUR, 400)).astype(np.int64)
    assert holes(irregular) == []


def test_losses_lie_left_of_zero_and_wins_right_of_it() -> None:
    nets = np.array([-5.0, -5.0, -0.1, 0.0, 0.1, 7.5])
    bins = binned(nets)
    left = bins.edges[:-1] < -1e-9
    assert bins.counts[left].sum() == 3
    assert bins.counts[~left].sum() == 2
    assert (bins.even, bins.beyond) == (1, 0)
    image = pixels(ask.DistributionChart(look=LOOK, trades=SIX))[300:1120]
    red, green = near(image, LIGHT.down).any(axis=0), near(image, LIGHT.up).any(axis=0)
    assert np.flatnonzero(red).max() < np.flatnonzero(green).min()


def test_outliers_share_the_outermost_bars() -> None:
    nets = np.concatenate((np.random.default_rng(2).normal(0, 1, 1000), [5000.0]))
    bins = binned(nets)
    assert bins.edges[-1] < 10
    assert bins.counts.sum() == 1001
    assert bins.beyond >= 1


def test_every_trade_is_marked_on_the_cumulated_result() -> None:
    image = pixels(ask.PnlChart(look=LOOK, trades=SIX))[300:1140]
    won, lost = near(image, LIGHT.up), near(image, LIGHT.down)
    assert runs(won.any(axis=0)) == 3
    assert runs(lost.any(axis=0)) == 2
    # Without the air at its ends the axis runs from the first entry (0 h) to the last exit (125 h).
    first = np.flatnonzero(won.any(axis=0))[0]
    assert first == pytest.approx(44 + 886 * (12 / 125 + 0.01) / 1.03, abs=14)


def runs(found: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> int:
    return int((np.diff(np.concatenate(([False], found)).astype(np.int64)) == 1).sum())


def test_calendar_days_follow_the_zone_and_the_chosen_date() -> None:
    late = (netting("5", exit_ms=START + 23 * HOUR),)
    in_utc = days_of(late, year=2025, month=5, zone="UTC", by_entry=False)
    in_tokyo = days_of(late, year=2025, month=5, zone="Asia/Tokyo", by_entry=False)
    assert (list(in_utc), list(in_tokyo)) == ([date(2025, 5, 1)], [date(2025, 5, 2)])
    by_entry = days_of((replace(late[0], entry_ms=START - 1),), year=2025, month=4, zone="UTC", by_entry=True)
    assert list(by_entry) == [date(2025, 4, 30)]


@pytest.mark.parametrize("palette", [DARK, LIGHT])
def test_calendar_cells_are_green_for_won_and_red_for_lost_days(palette: object) -> None:
    look = ask.Look(mode="PAPER", dark=palette is DARK)
    image = pixels(ask.CalendarChart(look=look, trades=SIX, year=2025, month=5))
    colours = {}
    for day in range(1, 32):
        place = day + 2  # 1 May 2025 is a Thursday
        left, top, width, _ = cell_box(column=place % 7, row=place // 7, rows=5)
        red, green, _ = image[int(top) + 12, int(left + width) - 12]
        colours[day] = "green" if green - red > 20 else "red" if red - green > 20 else "none"
    assert [day for day, colour in colours.items() if colour == "green"] == [1, 5, 6]
    assert [day for day, colour in colours.items() if colour == "red"] == [2, 3]


def test_calendar_cells_say_result_trades_wins_and_losses_and_the_month_its_total() -> None:
    seen = words(sheet(ask.CalendarChart(look=LOOK, trades=SIX, year=2025, month=5)))
    for expected in ("+19.25", "+18.50", "−2.25", "2 trades", "1W 0L", "0W 1L", "3 / 2", "May 2025", "exit date"):
        assert expected in seen


def test_attribution_draws_profit_right_and_loss_left_of_zero() -> None:
    trades = (netting("30"), replace(netting("-10"), symbol="ETHUSDT"))
    image = pixels(ask.AttributionChart(look=LOOK, trades=trades))[310:]
    green, red = near(image, LIGHT.up).any(axis=0), near(image, LIGHT.down).any(axis=0)
    long_green, long_red = near(image, LIGHT.up).sum(axis=0), near(image, LIGHT.down).sum(axis=0)
    zero = 44 + 992 / 4
    assert np.flatnonzero(long_green > 30).min() == pytest.approx(zero, abs=3)
    assert np.flatnonzero(long_red > 30).max() == pytest.approx(zero, abs=3)
    assert green.any()
    assert red.any()


def test_attribution_folds_what_does_not_fit_and_the_parts_still_add_up() -> None:
    trades = tuple(replace(netting(str(place)), symbol=f"S{place:02}") for place in range(1, 21))
    seen = words(sheet(ask.AttributionChart(look=LOOK, trades=trades)))
    assert "12 others" in seen
    assert f"+{sum(range(5, 17))}.00" in seen
    assert "S20" in seen
    assert "S01" in seen


def test_exposure_and_margin_are_shares_of_equity() -> None:
    times = START + np.arange(3, dtype=np.int64) * DAY
    found = EquitySeries(
        times_ms=times,
        equity=np.array([1000.0, 2000.0, 1000.0]),
        exposure=np.array([500.0, 2000.0, 250.0]),
        margin=np.array([50.0, 50.0, 50.0]),
    )
    seen = words(sheet(ask.ExposureChart(look=LOOK, series=found)))
    for expected in ("25.0%", "100.0%", "5.0%", "average 75.0%"):
        assert expected in seen
    alone = words(sheet(ask.ExposureChart(look=LOOK, series=replace(found, exposure=None))))
    assert "Exposure now" not in alone


def test_monthly_returns_chain_to_the_year_and_skip_months_without_points() -> None:
    times = np.array([0, 20, 40, 130, 250], dtype=np.int64) * DAY + START
    found = monthly_returns(EquitySeries(times_ms=times, equity=np.array([100, 110, 99, 198, 198.0])), zone="UTC")
    assert found[2025, 5] == pytest.approx(10)
    assert found[2025, 6] == pytest.approx(-10)
    assert (2025, 7) not in found
    assert found[2025, 9] == pytest.approx(100)
    assert found[2025, 13] == pytest.approx(98)
    assert found[2026, 13] == pytest.approx(0)


def test_months_are_those_of_the_zone() -> None:
    times = np.array([START - HOUR, START + HOUR], dtype=np.int64)
    found = EquitySeries(times_ms=times, equity=np.array([100.0, 101.0]))
    assert (2025, 4) in monthly_returns(found, zone="UTC")
    assert (2025, 4) not in monthly_returns(found, zone="Europe/Berlin")


def test_the_largest_result_of_a_calendar_is_shortened_but_never_loses_its_sign() -> None:
    trades = (netting("-1234567.89"),)
    seen = words(sheet(ask.CalendarChart(look=LOOK, trades=trades, year=2025, month=5)))
    assert "−1.2M" in seen
    assert f"−{Decimal('1234567.89'):,.2f}" in seen
