"""`python -m tests.benchmarks.load`: the real desk in a process of its own under the load of this one.

Candle to order, execution to message, longest turn of the loop, messages a second, press to closing orders. Exits 1
when a figure misses 0.8 of its aim.
"""

import argparse
import asyncio
import json
import os
import signal
import sys
import tempfile
import time
from asyncio.subprocess import PIPE, Process
from contextlib import suppress
from pathlib import Path

from aiohttp import web

from tests.benchmarks.load.chat import TOKEN, Chat
from tests.benchmarks.load.driver import USER, Driver
from tests.benchmarks.load.market import Market, MarketClock, symbols
from tests.benchmarks.load.report import Report, Row
from tests.benchmarks.load.venue import Venue

ROUND_TRIP_S = 0.02
FLOOD = 5_000
_TICK_S = os.sysconf("SC_CLK_TCK")


def options(given: list[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.load", description=__doc__)
    parser.add_argument("--symbols", type=int, default=100)
    parser.add_argument("--rate", type=int, default=5_000, help="public messages a second")
    parser.add_argument("--speed", type=float, default=24.0, help="how fast the market's time runs")
    parser.add_argument("--decisions", type=int, default=600)
    parser.add_argument("--messages", type=int, default=40, help="executions told in the chat")
    parser.add_argument("--pause", type=float, default=3.4, help="seconds between them: three in ten go at once")
    parser.add_argument("--closing", type=int, nargs="*", default=[20, 30], help="positions closed at once")
    parser.add_argument("--flood", type=int, default=40, help=f"how often {FLOOD:,} messages are sent at full speed")
    parser.add_argument("--json", action="store_true")
    return parser.parse_args(given)


class Desk:
    """The process of the desk."""

    def __init__(self, process: Process) -> None:
        self._process = process

    def check(self) -> None:
        """Raise RuntimeError when it has ended."""
        if self._process.returncode is not None:
            raise RuntimeError(f"the desk has ended with {self._process.returncode}; what it said stands above")

    @property
    def cpu_s(self) -> float:
        """Return the CPU seconds it has used."""
        parts = Path(f"/proc/{self._process.pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
        return (int(parts[11]) + int(parts[12])) / _TICK_S

    async def watched(self) -> dict[str, float | str]:
        """Return what its loop did since the last call."""
        self._process.send_signal(signal.SIGUSR1)
        if self._process.stdout is None:
            raise RuntimeError("the desk was started without a pipe")
        async with asyncio.timeout(20):
            while line := await self._process.stdout.readline():
                with suppress(json.JSONDecodeError):
                    seen: dict[str, float | str] = json.loads(line)
                    return seen
        raise RuntimeError("the desk has ended; its log says why")

    async def stop(self) -> None:
        """End it."""
        if self._process.returncode is None:
            self._process.terminate()
            try:
                await asyncio.wait_for(self._process.wait(), 20)
            except TimeoutError:
                self._process.kill()
                await self._process.wait()


async def started(folder: Path, port: int, count: int) -> Desk:
    """Start the desk against this process."""
    kept = {name: value for name, value in os.environ.items() if name in {"PATH", "HOME", "LANG"}}
    server = f"127.0.0.1:{port}"
    environment = kept | {
        "TELEGRAM_API_URL": f"http://{server}",
        "TELEGRAM_BOT_TOKEN": TOKEN,
        "TELEGRAM_ADMIN_IDS": str(USER),
        "DESK_STATE_DIR": str(folder / "state"),
        "DESK_MODE": "demo",
        "BYBIT_ENV": "demo",
        "BYBIT_API_KEY": "benchmark-key",
        "BYBIT_API_SECRET": "benchmark-secret",
        "BYBIT_REST_URL": f"http://{server}",
        "BYBIT_WS_PUBLIC_URL": f"ws://{server}/v5/public/linear",
        "BYBIT_WS_PRIVATE_URL": f"ws://{server}/v5/private",
    }
    command = (sys.executable, "-m", "tests.benchmarks.load.desk", str(count))
    return Desk(await asyncio.create_subprocess_exec(*command, env=environment, stdout=PIPE))


async def served(*parts: Venue | Chat) -> tuple[web.AppRunner, int]:
    """Serve exchange and chat on a free port of loopback."""
    application = web.Application()
    for part in parts:
        part.routes(application)
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    return runner, runner.addresses[0][1]


async def measured(asked: argparse.Namespace, folder: Path) -> Report:
    """Run the whole course and return the report."""
    clock = MarketClock(int(time.time() * 1000), asked.speed)
    market = Market(symbols(asked.symbols), clock.now_ms, seed=1)
    venue, chat = Venue(market), Chat()
    driver = Driver(market, venue, chat, rate=asked.rate, speed=asked.speed)
    runner, port = await served(venue, chat)
    desk = await started(folder, port, asked.symbols)
    pouring = None
    try:
        async with asyncio.timeout(120):
            while len(venue.subscribed) < 4 * asked.symbols or not chat.polled.is_set():
                desk.check()
                await asyncio.sleep(0.1)
        pouring = asyncio.create_task(driver.pour())
        await driver.minute({})
        await asyncio.sleep(2)
        return await course(asked, driver, desk, pouring)
    finally:
        if pouring is not None:
            pouring.cancel()
        await desk.stop()
        await runner.cleanup()


async def course(asked: argparse.Namespace, driver: Driver, desk: Desk, pouring: asyncio.Task[None]) -> Report:
    """Go through the parts of the run, one after the other."""
    report, venue = Report(), driver.venue
    await desk.watched()
    cpu_s, began, sent = desk.cpu_s, time.monotonic(), driver.sent
    await driver.decide(asked.decisions)
    passed_s = time.monotonic() - began
    load = (driver.sent - sent) / passed_s
    report.rows.append(Row(name="messages sent a second", value=load, unit="/s", aim=asked.rate, least=True))
    report.rows.append(Row(name="CPU of the desk meanwhile", value=(desk.cpu_s - cpu_s) / passed_s * 100, unit="%"))
    report.latencies("candle sent to order received", driver.candle_to_order, aim=25)
    # What was told of these fills must be out of the chat's window.
    await asyncio.sleep(3.5 * asked.pause)
    await driver.notify(asked.messages, asked.pause)
    report.latencies("execution sent to sendMessage received", driver.fill_to_message, aim=50)
    seen = await desk.watched()
    report.rows.append(Row(name="longest turn of the loop", value=float(seen["own_ms"]), unit="ms", aim=20))
    longest = f"  with waiting for a core, by {seen['by']}"[:52]
    report.rows.append(Row(name=longest, value=float(seen["wall_ms"]), unit="ms"))
    await closing(asked.closing, driver, report)
    pouring.cancel()
    await flooding(asked.flood, driver, desk, report)
    if driver.missed:
        report.wrong.append(f"{driver.missed} decisions or messages did not come")
    report.rows.append(Row(name="most orders in a second on one endpoint", value=venue.counter.most, unit=""))
    if venue.counter.refused:
        report.wrong.append(f"{venue.counter.refused} orders were above the exchange's limit")
    return report


async def closing(counts: list[int], driver: Driver, report: Report) -> None:
    """Close many positions at once, with requests that travel 20 ms."""
    aims = {20: 300.0, 30: 1_200.0}
    names = iter(driver.market.names)
    driver.venue.pause_s = ROUND_TRIP_S
    for count in counts:
        await driver.hold([next(names) for _ in range(count)])
        await asyncio.sleep(2)
        took_ms = await driver.close_all(count)
        name = f"press to {count} closing orders, {ROUND_TRIP_S * 1000:g} ms round trip"
        report.rows.append(Row(name=name, value=took_ms, unit="ms", aim=aims.get(count)))
        await driver.resume()
    driver.venue.pause_s = 0.0


async def flooding(times: int, driver: Driver, desk: Desk, report: Report) -> None:
    """Send as fast as the desk reads."""
    frames = driver.frames(FLOOD)
    await driver.venue.flood(frames, 2)
    cpu_s = desk.cpu_s
    took_s = await driver.venue.flood(frames, times)
    used_s = desk.cpu_s - cpu_s
    rate = times * FLOOD / used_s
    report.rows.append(Row(name="messages for a second of one core", value=rate, unit="/s", aim=20_000, least=True))
    report.rows.append(Row(name="  for a second of this machine", value=times * FLOOD / took_s, unit="/s"))


def main() -> int:
    """Measure, print, judge."""
    asked = options()
    with tempfile.TemporaryDirectory() as folder:
        report = asyncio.run(measured(asked, Path(folder)))
    print(report.json() if asked.json else report.text())
    return 0 if report.passed else 1


if __name__ == "__main__":
    sys.exit(main())
