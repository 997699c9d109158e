"""When reports are due: each UTC day exactly once, whatever the clocks do and whenever the desk is started again."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from bot.schedule import DAILY, MOST_MISSED, Due, due_at, due_reports

# Zone, and a week around each of its two changes of the clock.
CHANGES = [
    ("Europe/Berlin", date(2026, 3, 26)),
    ("Europe/Berlin", date(2026, 10, 22)),
    ("America/New_York", date(2026, 3, 5)),
    ("America/New_York", date(2026, 10, 29)),
    ("Australia/Lord_Howe", date(2026, 4, 2)),
    ("Australia/Lord_Howe", date(2026, 10, 1)),
    ("Africa/Casablanca", date(2026, 2, 12)),
    ("Africa/Casablanca", date(2026, 3, 19)),
]
TIMES = [time(0, 5), time(1, 30), time(2, 30), time(12, 0), time(23, 59)]
WEEK = timedelta(days=7)


def _start(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)


def _sent(last: date, begin: datetime, end: datetime, zone: ZoneInfo, at: time, step: timedelta) -> list[Due]:
    now, found = begin, []
    while now <= end:
        for due in due_reports({DAILY: last}, now, zone, at):
            found.append(due)
            last = due.day
        now += step
    return found


@pytest.mark.parametrize(("name", "first"), CHANGES)
@pytest.mark.parametrize("at", TIMES)
def test_each_day_is_reported_once_through_a_change_of_the_clocks(name: str, first: date, at: time) -> None:
    zone, begin = ZoneInfo(name), _start(first) + timedelta(days=3)
    sent = _sent(first, begin, begin + WEEK, zone, at, timedelta(minutes=10))
    days = [due.day for due in sent]
    assert days == sorted(set(days))
    assert len(days) in {8, 9}
    assert days[0] == first + timedelta(days=1)
    assert all(due.at >= _start(due.day + timedelta(days=1)) for due in sent)


@pytest.mark.parametrize(("name", "first"), CHANGES)
@pytest.mark.parametrize("at", TIMES)
def test_a_restart_at_any_minute_around_the_due_time_neither_repeats_nor_loses_a_report(
    name: str, first: date, at: time
) -> None:
    zone = ZoneInfo(name)
    for day in (first + timedelta(days=number) for number in range(7)):
        moment = due_at(day, zone, at)
        for minute in sorted({*range(-90, 91, 5), *range(-6, 7)}):
            restart = moment + timedelta(minutes=minute)
            before = _sent(
                day - timedelta(days=1), moment - timedelta(hours=2), restart, zone, at, timedelta(minutes=5)
            )
            last = before[-1].day if before else day - timedelta(days=1)
            after = _sent(last, restart, moment + timedelta(hours=2), zone, at, timedelta(minutes=5))
            days = [due.day for due in (*before, *after)]
            # On a day of 25 hours two days are due together.
            assert days in ([day], [day, day + timedelta(days=1)]), (restart, before, after)


def test_the_due_time_is_the_local_time_of_day_after_the_day_is_over() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    assert due_at(date(2026, 1, 10), ZoneInfo("UTC"), time(0, 5)) == datetime(2026, 1, 11, 0, 5, tzinfo=UTC)
    assert due_at(date(2026, 1, 10), berlin, time(8, 0)) == datetime(2026, 1, 11, 7, 0, tzinfo=UTC)
    # 00:05 in Berlin is before midnight UTC: the day is over only by the next 00:05.
    assert due_at(date(2026, 1, 10), berlin, time(0, 5)) == datetime(2026, 1, 11, 23, 5, tzinfo=UTC)


def test_what_was_missed_is_marked_late_and_what_is_on_time_is_not() -> None:
    zone, now = ZoneInfo("UTC"), datetime(2026, 1, 12, 0, 5, 20, tzinfo=UTC)
    found = due_reports({DAILY: date(2026, 1, 9)}, now, zone, time(0, 5))
    assert [(due.day.day, due.late) for due in found] == [(10, True), (11, False)]


def test_after_a_long_absence_the_last_seven_days_are_made_up_for() -> None:
    now = datetime(2026, 6, 1, 12, 0, tzinfo=UTC)
    found = due_reports({DAILY: date(2026, 1, 1)}, now, ZoneInfo("UTC"), time(0, 5))
    assert len(found) == MOST_MISSED
    assert found[-1].day == date(2026, 5, 31)


def test_nothing_is_due_twice_or_in_the_future() -> None:
    now = datetime(2026, 1, 12, 0, 4, 59, tzinfo=UTC)
    assert due_reports({DAILY: date(2026, 1, 10)}, now, ZoneInfo("UTC"), time(0, 5)) == ()
    later = now + timedelta(minutes=1)
    assert [due.day.day for due in due_reports({DAILY: date(2026, 1, 10)}, later, ZoneInfo("UTC"), time(0, 5))] == [11]
    assert due_reports({DAILY: date(2026, 1, 11)}, later, ZoneInfo("UTC"), time(0, 5)) == ()
