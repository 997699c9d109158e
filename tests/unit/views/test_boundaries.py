"""Days and weeks of limits end at their instant in UTC; what people read is that instant on the clock of their zone,
also on the days on which that clock is changed.
"""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from engine.core.market import DAY_MS, day_start
from engine.core.picture import snapshot
from engine.core.profile import Action, LimitSpec, Measure
from engine.core.snapshot import Snapshot
from handlers.views.limits import render_limits
from handlers.views.risk import render_risk
from handlers.views.summary import render_daily
from tests.support.desk import PRICE, Bench, account, profile

BERLIN, NEW_YORK = ZoneInfo("Europe/Berlin"), ZoneInfo("America/New_York")
HOUR_MS = 3_600_000


def ms(text: str) -> int:
    """A UTC instant, as `2025-03-29 20:00`."""
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1000)


def limit(measure: Measure, action: Action, scope: str = "") -> LimitSpec:
    return LimitSpec(
        name=measure.value, measure=measure, threshold=-500, action=action, profile=scope, floor=-500_000, ceiling=-1
    )


def breached(at: str, *, begins_ms: int = 0) -> Snapshot:
    """A desk that breaches a daily limit of its profile and a weekly one of the account at an instant."""
    own = limit(Measure.DAILY_EQUITY, Action.NO_ENTRIES, "alpha")
    whole = [limit(Measure.DAILY_EQUITY, Action.NO_ENTRIES), limit(Measure.WEEKLY_EQUITY, Action.HALT)]
    bench = Bench(account(profile(limits=(own,)), limits=whole, day_begins_ms=begins_ms))
    bench.time(ms(at) - 600_000 - bench.now)
    bench.enter()
    bench.time(600_000 - 60_000)
    bench.price(PRICE - 100)
    bench.time(0)
    assert bench.now == ms(at)
    assert len(bench.state.holds) == 3
    return snapshot(bench.ws)


CHANGES = [
    ("2025-03-28 20:00", BERLIN, "29 Mar 01:00 CET", "31 Mar 02:00 CEST"),
    ("2025-03-29 20:00", BERLIN, "30 Mar 01:00 CET", "31 Mar 02:00 CEST"),
    ("2025-03-30 00:30", BERLIN, "31 Mar 02:00 CEST", "31 Mar 02:00 CEST"),
    ("2025-03-30 23:59", BERLIN, "31 Mar 02:00 CEST", "31 Mar 02:00 CEST"),
    ("2025-10-25 20:00", BERLIN, "26 Oct 02:00 CEST", "27 Oct 01:00 CET"),
    ("2025-10-26 00:30", BERLIN, "27 Oct 01:00 CET", "27 Oct 01:00 CET"),
    ("2025-10-26 23:59", BERLIN, "27 Oct 01:00 CET", "27 Oct 01:00 CET"),
    ("2025-03-08 20:00", NEW_YORK, "8 Mar 19:00 EST", "9 Mar 20:00 EDT"),
    ("2025-03-09 12:00", NEW_YORK, "9 Mar 20:00 EDT", "9 Mar 20:00 EDT"),
    ("2025-11-01 20:00", NEW_YORK, "1 Nov 20:00 EDT", "2 Nov 19:00 EST"),
    ("2025-11-02 12:00", NEW_YORK, "2 Nov 19:00 EST", "2 Nov 19:00 EST"),
]


@pytest.mark.parametrize(("at", "zone", "day", "week"), CHANGES)
def test_risk_and_limits_name_the_end_of_day_and_week_on_the_readers_clock(
    at: str, zone: ZoneInfo, day: str, week: str
) -> None:
    desk = breached(at)
    text = render_risk(desk, wall_ms=desk.wall_ms, zone=zone)
    assert f"no entries until {day}. Limit daily equity" in text
    assert f"alpha: no entries until {day}. Limit alpha.daily equity" in text
    assert f"halted until {week}. Limit weekly equity" in text
    assert f"Week ends {week}, day ends {day}." in render_limits(desk, zone)


def test_the_hour_that_comes_twice_is_told_apart_by_the_name_of_its_zone() -> None:
    desk = breached("2025-10-25 20:00", begins_ms=HOUR_MS)
    text = render_risk(desk, wall_ms=desk.wall_ms, zone=BERLIN)
    assert "no entries until 26 Oct 02:00 CET. Limit daily equity" in text
    assert "alpha: no entries until 26 Oct 02:00 CEST." in text
    ends = "Account day ends 26 Oct 02:00 CET, week ends 27 Oct 01:00 CET, day ends 26 Oct 02:00 CEST."
    assert ends in render_limits(desk, BERLIN)


@pytest.mark.parametrize("first", ["2025-03-28", "2025-10-24", "2025-03-07", "2025-10-31"])
def test_daily_shows_days_of_utc_each_once_over_a_change_of_the_clock(first: str) -> None:
    desk = breached(f"{first} 12:00")
    for number in range(5):
        day_ms = ms(f"{first} 00:00") + number * DAY_MS
        assert day_start(day_ms) == day_ms
        expected = f"{datetime.fromtimestamp(day_ms / 1000, UTC):%a} {datetime.fromtimestamp(day_ms / 1000, UTC).day}"
        text = render_daily((), (), desk, day_ms=day_ms)
        assert text.startswith(f"<b>{expected} ")
        assert " UTC · " in text.split("\n", 1)[0]
        assert ("so far" in text) is (number == 0)
