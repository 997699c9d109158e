"""Time axes: ticks on round local times, labelled in the reader's zone."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
from matplotlib.axes import Axes

from engine.analytics.charts.words import MONTHS, day
from engine.analytics.series import Times, Values

_MINUTES = (1, 2, 5, 10, 15, 30, 60, 120, 180, 240, 360, 720, 1440, 2880, 4320, 10080, 20160)
_MONTH_STEPS = (1, 2, 3, 6, 12, 24, 60, 120)
_MONTH_MINUTES = 43_830


def seconds(times_ms: Times) -> Values:
    """Milliseconds as the float seconds used on every time axis."""
    return times_ms.astype(np.float64) / 1000


def local(time_ms: int, zone: str) -> datetime:
    """Moment in an IANA zone. Raises ZoneInfoNotFoundError for an unknown one."""
    return datetime.fromtimestamp(time_ms / 1000, UTC).astimezone(ZoneInfo(zone))


def ticks(start_ms: int, end_ms: int, *, zone: str, most: int = 5) -> list[tuple[int, str]]:
    """At most `most` round local times in the span, each with its label."""
    minutes = (end_ms - start_ms) / 60_000
    step = next((step for step in _MINUTES if minutes / step <= most), None)
    if step is None or step > 2 * 10080:
        months = next((count for count in _MONTH_STEPS if minutes / (count * _MONTH_MINUTES) <= most), _MONTH_STEPS[-1])
        moments, form = _months(local(start_ms, zone), months), _month_label
    else:
        moments, form = _steps(local(start_ms, zone), step), _day_label if step >= 1440 else _clock_label
    found: list[tuple[int, str]] = []
    for moment in moments:
        time_ms = round(moment.timestamp() * 1000)
        if time_ms > end_ms:
            break
        if time_ms >= start_ms:
            found.append((time_ms, form(moment, not found)))
    return found[-most:]


def label(ax: Axes, *, start_ms: int, end_ms: int, zone: str, shown: bool = True) -> None:
    """Set limits and ticks of a time axis; without `shown` only the grid remains."""
    span = max(end_ms - start_ms, 60_000)
    ax.set_xlim((start_ms - 0.01 * span) / 1000, (end_ms + 0.02 * span) / 1000)
    found = ticks(start_ms, max(end_ms, start_ms + 60_000), zone=zone)
    ax.set_xticks([time_ms / 1000 for time_ms, _ in found], [words if shown else "" for _, words in found])


def _steps(first: datetime, minutes: int) -> Iterator[datetime]:
    # Wall time is stepped, so that ticks stay on round local hours across a change of the clock.
    moment = first.replace(hour=0, minute=0, second=0, microsecond=0)
    if minutes > 1440:
        moment = moment.replace(day=1)
    while True:
        yield moment
        moment = moment + timedelta(minutes=minutes)


def _months(first: datetime, count: int) -> Iterator[datetime]:
    moment = first.replace(month=1, day=1, hour=0, minute=0, second=0, microsecond=0)
    while True:
        yield moment
        following = moment.year * 12 + moment.month - 1 + count
        moment = moment.replace(year=following // 12, month=following % 12 + 1)


def _month_label(moment: datetime, first: bool) -> str:
    return f"{MONTHS[moment.month - 1]}\n{moment.year}" if first or moment.month == 1 else MONTHS[moment.month - 1]


def _day_label(moment: datetime, first: bool) -> str:
    return f"{day(moment, year=False)}\n{moment.year}" if first else day(moment, year=False)


def _clock_label(moment: datetime, first: bool) -> str:
    new_day = first or (moment.hour == 0 and moment.minute == 0)
    return f"{moment:%H:%M}\n{day(moment, year=False)}" if new_day else f"{moment:%H:%M}"
