"""What happens at a time of day: the daily summary, upkeep of the store, the ping of the dead man's switch.

APScheduler only wakes; what is due is worked out here, from the clock and from what was done before.
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any, Protocol
from zoneinfo import ZoneInfo

from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.cron import CronTrigger
from apscheduler.triggers.interval import IntervalTrigger

from bot.clock import Clock
from config.logging import get_logger
from engine.core.market import DAY_MS
from engine.core.snapshot import Snapshot
from engine.core.trades import Trade
from engine.journal import JournalUnavailable
from handlers.views.summary import Point, render_daily

_log = get_logger(__name__)
DAILY = "daily"
LATE_AFTER = timedelta(minutes=10)
MOST_MISSED = 7
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """A report to be sent now: its name, the UTC day it is about, when it was due, and whether that is long past."""

    report: str
    day: date
    at: datetime
    late: bool


def due_reports(last_dates: Mapping[str, date], now: datetime, zone: ZoneInfo, at: time) -> tuple[Due, ...]:
    """Reports that are due and not sent, oldest first; at most seven of each are made up for.

    `last_dates` are the last days reported, by report. A UTC day is due at the first local `at` after it is over, so
    each day is due exactly once, through changes of the clocks too: a local time that does not exist counts with the
    offset before the change, one that happens twice counts the first time.
    """
    found = []
    for report, last in last_dates.items():
        newest = now.astimezone(UTC).date() - _DAY
        day = max(last + _DAY, newest - _DAY * (MOST_MISSED - 1))
        while day <= newest:
            moment = due_at(day, zone, at)
            if moment <= now:
                found.append(Due(report=report, day=day, at=moment, late=now - moment > LATE_AFTER))
            day += _DAY
    return tuple(sorted(found, key=lambda due: due.at))


def due_at(day: date, zone: ZoneInfo, at: time) -> datetime:
    """When the report about a UTC day is due, in UTC."""
    over = datetime.combine(day + _DAY, time(), UTC)
    local = over.astimezone(zone).date() - _DAY
    while (moment := datetime.combine(local, at, zone).astimezone(UTC)) < over:
        local += _DAY
    return moment


class Reports(Protocol):
    """Which reports were sent."""

    async def claim(self, report: str, day: date | str) -> bool: ...

    async def mark_sent(self, report: str, day: date | str, at_ms: int) -> None: ...

    async def unsent(self) -> list[tuple[str, str]]: ...


class Results(Protocol):
    """Stored trades and equity."""

    async def trades(self, *, since_ms: int, until_ms: int, newest_first: bool) -> list[Trade]: ...

    async def equity(self, since_ms: int, until_ms: int) -> Sequence[Point]: ...


class Values(Protocol):
    """Small values of the desk."""

    async def get(self, key: str) -> Any: ...

    async def set(self, key: str, value: Any) -> None: ...


class ScheduleStore(Protocol):
    """The part of the store that the schedule uses."""

    @property
    def reports(self) -> Reports: ...
    @property
    def queries(self) -> Results: ...
    @property
    def settings(self) -> Values: ...

    async def prune(self, now_ms: int) -> dict[str, int]: ...

    async def daily_backup(self, now_ms: int) -> Path | None: ...


class Say(Protocol):
    """Sends a text to chats, once under a name."""

    def __call__(self, chat_ids: Collection[int], text: str, *, once: str) -> Awaitable[None]: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """When and to whom: the zone and time of day of reports, the chats that get them, the desk they are about."""

    zone: ZoneInfo
    at: time
    recipients: Callable[[], Collection[int]]
    desk: str
    mode: str


class Daily:
    """Sends each daily summary once: a day is claimed before it is sent, and one claimed by a process that died before
    sending is sent by the next.
    """

    def __init__(
        self, store: ScheduleStore, snapshot: Callable[[], Snapshot], say: Say, clock: Clock, plan: Plan
    ) -> None:
        self._store, self._snapshot, self._say, self._clock, self._plan = store, snapshot, say, clock, plan
        self._last: date | None = None
        self._turn = asyncio.Lock()

    async def look(self) -> None:
        """Send what is due; raises JournalUnavailable."""
        async with self._turn:
            await self._send_due()

    async def _send_due(self) -> None:
        if self._last is None:
            await self._begin()
        for due in due_reports({DAILY: self._last or self._now().date()}, self._now(), self._plan.zone, self._plan.at):
            if await self._store.reports.claim(due.report, due.day):
                await self._send(due)
            self._last = due.day

    async def _begin(self) -> None:
        key = f"reported.{DAILY}.{self._plan.mode}.{self._plan.desk}"
        known = await self._store.settings.get(key)
        if not isinstance(known, str):
            # A desk that has just been set up has nothing to report about the days before.
            known = str(self._now().date() - _DAY)
            await self._store.settings.set(key, known)
        for report, day in await self._store.reports.unsent():
            if report == DAILY:
                await self._send(Due(report=DAILY, day=date.fromisoformat(day), at=self._now(), late=True))
        self._last = date.fromisoformat(known)

    async def _send(self, due: Due) -> None:
        start = int(datetime.combine(due.day, time(), UTC).timestamp()) * 1000
        end = start + DAY_MS
        trades = await self._store.queries.trades(since_ms=start, until_ms=end, newest_first=False)
        equity = await self._store.queries.equity(start, end)
        text = render_daily(trades, equity, self._snapshot(), day_ms=start, late=due.late)
        await self._say(self._plan.recipients(), text, once=f"{due.report}.{due.day}")
        await self._store.reports.mark_sent(due.report, due.day, self._clock.wall_ms())

    def _now(self) -> datetime:
        return datetime.fromtimestamp(self._clock.wall_ms() / 1000, UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Upkeep:
    """What else is done by the clock. `healthy` decides about the ping, `rotate` lets logs turn their page."""

    healthy: Callable[[], bool]
    pulse: Callable[[], Awaitable[bool]]
    rotate: Callable[[], None] = lambda: None


class Schedule:
    """Starts and stops the jobs, for one store and one daily summary an account.

    A job that fails because the database is away is tried again at its next turn.
    """

    def __init__(self, stores: Sequence[ScheduleStore], dailies: Sequence[Daily], upkeep: Upkeep, clock: Clock) -> None:
        self._stores, self._dailies, self._upkeep, self._clock = stores, dailies, upkeep, clock
        self._scheduler: AsyncIOScheduler | None = None

    def start(self) -> None:
        """Begin; needs a running loop."""
        scheduler = AsyncIOScheduler(
            timezone=UTC, job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None}
        )
        now = datetime.now(UTC)
        scheduler.add_job(self.reports, IntervalTrigger(seconds=30, timezone=UTC), next_run_time=now)
        scheduler.add_job(self.pulse, IntervalTrigger(seconds=60, timezone=UTC), next_run_time=now)
        scheduler.add_job(self.upkeep, CronTrigger(hour=3, minute=17, timezone=UTC))
        scheduler.start()
        self._scheduler = scheduler

    def stop(self) -> None:
        """End; a job under way is left to finish or to be cancelled with the loop."""
        scheduler, self._scheduler = self._scheduler, None
        if scheduler is not None:
            scheduler.shutdown(wait=False)

    async def reports(self) -> None:
        """Send what is due."""
        try:
            for daily in self._dailies:
                await daily.look()
        except JournalUnavailable as error:
            _log.warning("reports wait for the database", why=str(error))

    async def pulse(self) -> None:
        """Say outside that the desk is well, only while it is."""
        if self._upkeep.healthy():
            await self._upkeep.pulse()

    async def upkeep(self) -> None:
        """Copy the database, forget what has had its time, turn the page of the log."""
        now = self._clock.wall_ms()
        try:
            # They share one database.
            await self._stores[0].daily_backup(now)
        except ValueError:
            _log.info("no daily backup of a database server")
        except JournalUnavailable as error:
            _log.error("daily backup failed", why=str(error))
        try:
            for store in self._stores:
                _log.info("pruned", **await store.prune(now))
        except JournalUnavailable as error:
            _log.error("pruning failed", why=str(error))
        self._upkeep.rotate()
