"""The parts of a run, one after the other, and what each adds to the report."""

import asyncio
import time
from dataclasses import dataclass, field

from tests.benchmarks.load.driver import Driver
from tests.benchmarks.load.floor import Disk, Floor
from tests.benchmarks.load.machine import Meter, cpu_s
from tests.benchmarks.load.process import Desk
from tests.benchmarks.load.report import Report, Row
from tests.benchmarks.load.said import why_missed

FLOOD = 5_000
ROUND_TRIP_S = 0.02
_CLOSING_AIMS_MS = {20: 300.0, 30: 1_200.0}


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How much of everything: decisions, executions told in the chat and the pause between them, positions closed at
    once, and how often `FLOOD` messages are sent at full speed.
    """

    decisions: int
    messages: int
    pause_s: float
    closing: tuple[int, ...]
    flood: int


@dataclass(slots=True)
class Course:
    """One run against one desk."""

    plan: Plan
    driver: Driver
    desk: Desk
    floor: Floor
    disk: Disk
    report: Report = field(default_factory=Report)

    async def run(self) -> Report:
        """Go through all parts."""
        async with asyncio.TaskGroup() as group:
            candles = group.create_task(self.driver.minutes.run())
            pouring = group.create_task(self.driver.pour())
            await self._begun()
            await self._latencies(group)
            await self._closing()
            pouring.cancel()
            await self._flooding()
            candles.cancel()
        self._judged()
        return self.report

    async def _begun(self) -> None:
        # Two minutes: the first may have been under way when the load began.
        for _ in range(2):
            await self.driver.minutes.next({})
        await self.desk.watched()

    async def _latencies(self, group: asyncio.TaskGroup) -> None:
        driver, report, meter = self.driver, self.report, Meter(self.desk.number)
        asking, writing = group.create_task(self.floor.measure()), group.create_task(self.disk.measure())
        # First, while the chat has been told nothing yet and has all its tokens.
        await driver.notify(self.plan.messages, self.plan.pause_s)
        began, sent = time.monotonic(), driver.sent
        await driver.decide(self.plan.decisions)
        rate = (driver.sent - sent) / (time.monotonic() - began)
        asking.cancel()
        writing.cancel()
        report.rows.append(Row(name="messages sent a second", value=rate, unit="/s", aim=driver.rate, least=True))
        report.latencies("candle sent to order received", driver.entries + driver.exits, aim=25)
        report.latencies("  entries, which wait until they are on record", driver.entries)
        report.latencies("  exits, which do not", driver.exits)
        report.latencies("execution sent to sendMessage received", driver.fill_to_message, aim=50)
        report.latencies("floor: there and back, a process that only answers", self.floor.took_ms)
        report.latencies("floor: 4 KiB put on record by this machine's disk", self.disk.took_ms)
        await self._turns()
        report.rows.extend(meter.rows())

    async def _turns(self) -> None:
        seen, rows = await self.desk.watched(), self.report.rows
        rows.append(Row(name="longest turn of the loop", value=float(seen["own_ms"]), unit="ms", aim=20))
        longest = f"  with waiting for a core, by {seen['by']}"[:52]
        rows.append(Row(name=longest, value=float(seen["wall_ms"]), unit="ms"))
        rows.append(Row(name="  longest collection of garbage", value=float(seen["collected_ms"]), unit="ms"))

    async def _closing(self) -> None:
        driver, names = self.driver, iter(self.driver.market.names)
        driver.venue.pause_s = ROUND_TRIP_S
        for count in self.plan.closing:
            await driver.hold([next(names) for _ in range(count)])
            await asyncio.sleep(1)
            took_ms = await driver.close_all(count)
            name = f"press to {count} closing orders, {ROUND_TRIP_S * 1000:g} ms round trip"
            self.report.rows.append(Row(name=name, value=took_ms, unit="ms", aim=_CLOSING_AIMS_MS.get(count)))
            await driver.resume()
        driver.venue.pause_s = 0.0

    async def _flooding(self) -> None:
        frames, venue = self.driver.frames(FLOOD), self.driver.venue
        await venue.flood(frames, 2)
        used_s = cpu_s(self.desk.number)
        took_s = await venue.flood(frames, self.plan.flood)
        used_s = cpu_s(self.desk.number) - used_s
        count = self.plan.flood * FLOOD
        rows = self.report.rows
        rows.append(
            Row(name="messages for a second of one core", value=count / used_s, unit="/s", aim=20_000, least=True)
        )
        rows.append(Row(name="  for a second of this machine", value=count / took_s, unit="/s"))

    def _judged(self) -> None:
        driver, counter = self.driver, self.driver.venue.counter
        for why in why_missed(self.desk.database, driver.missed):
            self.report.wrong.append(f"decisions without an order: {why}")
        if driver.untold:
            self.report.wrong.append(f"fills without a message: {', '.join(driver.untold)}")
        self.report.rows.append(Row(name="most orders in a second on one endpoint", value=counter.most, unit=""))
        if counter.refused:
            self.report.wrong.append(f"{counter.refused} orders were above the exchange's limit")
