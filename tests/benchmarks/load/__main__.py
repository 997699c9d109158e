"""`python -m tests.benchmarks.load`: the real desk in a process of its own under the load of this one.

Candle to order, execution to message, longest turn of the loop, messages a second, press to closing orders. Exits 1
when a figure misses 0.8 of its aim.
"""

import argparse
import asyncio
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from aiohttp import web

from tests.benchmarks.load.chat import Chat
from tests.benchmarks.load.course import FLOOD, Course, Plan
from tests.benchmarks.load.driver import Driver
from tests.benchmarks.load.floor import Disk, Floor
from tests.benchmarks.load.market import Market, MarketClock, symbols
from tests.benchmarks.load.minutes import Minutes
from tests.benchmarks.load.process import Desk, started
from tests.benchmarks.load.report import Report
from tests.benchmarks.load.venue import Venue


def options(given: list[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.load", description=__doc__)
    parser.add_argument("--symbols", type=int, default=100)
    parser.add_argument("--rate", type=int, default=5_000, help="public messages a second")
    parser.add_argument("--speed", type=float, default=17.5, help="how fast the market's time runs")
    parser.add_argument("--decisions", type=int, default=600)
    parser.add_argument("--messages", type=int, default=30, help="executions told in the chat")
    parser.add_argument("--pause", type=float, default=3.4, help="seconds between them: three in ten go at once")
    parser.add_argument("--closing", type=int, nargs="*", default=[20, 30], help="positions closed at once")
    parser.add_argument("--flood", type=int, default=40, help=f"how often {FLOOD:,} messages are sent at full speed")
    parser.add_argument("--json", action="store_true")
    return parser.parse_args(given)


@asynccontextmanager
async def served(*parts: Venue | Chat) -> AsyncIterator[int]:
    """Serve exchange and chat on a free port of loopback, meanwhile."""
    application = web.Application()
    for part in parts:
        part.routes(application)
    runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.5)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        yield runner.addresses[0][1]
    finally:
        await runner.cleanup()


async def measured(asked: argparse.Namespace, folder: Path) -> Report:
    """Run the whole course and return the report."""
    clock = MarketClock(int(time.time() * 1000), asked.speed)
    market = Market(symbols(asked.symbols), clock.now_ms, seed=1)
    venue, chat = Venue(market), Chat()
    minutes = Minutes(market, venue, asked.speed)
    driver = Driver(market, venue, chat, minutes, asked.rate)
    plan = Plan(
        decisions=asked.decisions,
        messages=asked.messages,
        pause_s=asked.pause,
        closing=tuple(asked.closing),
        flood=asked.flood,
    )
    async with served(venue, chat) as port:
        desk, floor = await started(folder, port, count=asked.symbols, speed=asked.speed), await Floor.started()
        try:
            await ready(desk, driver)
            return await Course(plan, driver, desk, floor, Disk(folder / "floor")).run()
        finally:
            await floor.stop()
            await desk.stop()


async def ready(desk: Desk, driver: Driver) -> None:
    """Wait until the desk listens to every symbol and to the chat."""
    async with asyncio.timeout(120):
        while len(driver.venue.subscribed) < 4 * len(driver.market.names) or not driver.chat.polled.is_set():
            desk.check()
            await asyncio.sleep(0.1)


def main() -> int:
    """Measure, print, judge."""
    asked = options()
    with tempfile.TemporaryDirectory() as folder:
        report = asyncio.run(measured(asked, Path(folder)))
    print(report.json() if asked.json else report.text())
    return 0 if report.passed else 1


if __name__ == "__main__":
    sys.exit(main())
