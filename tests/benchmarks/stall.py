"""How long the loop of a desk is held: sixteen generated symbols at speed 600 on a real database file.

    python -m tests.benchmarks.stall [seconds] [speed]

Prints the longest single turn of the loop for every task, and how far the market clock fell behind.
"""

import asyncio
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

from bot.market import MarketPlan
from engine import presets
from engine.clock import SystemClock
from engine.core.events import InstrumentChanged
from engine.core.market import DAY_MS, MINUTE_MS
from engine.core.money import to_money
from engine.core.trader import Trader
from engine.exchanges.paper import open_paper
from engine.exchanges.simulated import Terms
from engine.feeds import Parts
from engine.live import Desk
from engine.marketdata import LiveCandles
from engine.plan import needs
from engine.recovery import restore
from engine.strategies.registry import build
from storage.store import Store

START_MS = 20_000 * DAY_MS


class Turns:
    """The lengths of the loop's turns by the name of the task that took them: wall time, and the thread's own time,
    which a busy machine does not stretch.
    """

    def __init__(self) -> None:
        self.longest: dict[str, float] = defaultdict(float)
        self.busiest: dict[str, float] = defaultdict(float)
        self.count: dict[str, int] = defaultdict(int)
        self.total: dict[str, float] = defaultdict(float)

    def watch(self) -> None:
        """Time every callback of every loop from now on."""
        run = asyncio.Handle._run  # the only place through which every turn passes

        def timed(handle: asyncio.Handle) -> None:
            began, working = time.perf_counter(), time.thread_time()
            run(handle)
            self._note(handle, time.perf_counter() - began, time.thread_time() - working)

        asyncio.Handle._run = timed  # type: ignore[method-assign]

    def _note(self, handle: asyncio.Handle, took: float, worked: float) -> None:
        owner = getattr(getattr(handle, "_callback", None), "__self__", None)
        name = owner.get_name() if isinstance(owner, asyncio.Task) else "callbacks"
        name = "requests" if name.startswith("Task-") else name
        self.longest[name] = max(self.longest[name], took)
        self.busiest[name] = max(self.busiest[name], worked)
        self.count[name] += 1
        self.total[name] += took


async def session(folder: Path, seconds: float, speed: float, turns: Turns) -> None:
    """Run a desk with every shipped profile for some seconds and print what was measured."""
    source = MarketPlan(seed=1, speed=speed).open()
    account = presets.account()
    strategies = {profile.name: build(profile.strategy, {}) for profile in account.profiles}
    store = await Store.open(f"sqlite:///{folder / 'desk.sqlite3'}", mode="paper", account="main", state_dir=folder)
    paper = open_paper(folder / "paper", source.instruments.values(), wallet=to_money(5_000), terms=Terms())
    clock = SystemClock()
    desk = Desk(Trader(account, strategies, await restore(store.journal)), paper, store.journal, clock)
    candles = LiveCandles(needs(account, strategies), source.instruments, base_ms=source.base_ms)
    candles.seed(source.history(START_MS, candles.history_ms()))
    for instrument in source.instruments.values():
        desk.put(InstrumentChanged(instrument, START_MS))
    tasks = [asyncio.create_task(desk.consume(), name="desk")]
    await desk.start()
    feed = source.feed(Parts(desk, paper, candles, source.instruments, clock), START_MS)
    work: dict[str, Callable[[], Coroutine[Any, Any, None]]] = {"market": feed.run, "clock": desk.tick}
    turns.watch()
    tasks += [asyncio.create_task(run(), name=name) for name, run in work.items()]
    await asyncio.sleep(seconds)
    report(desk, turns, seconds, speed)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    await desk.close()
    await store.close()


def report(desk: Desk, turns: Turns, seconds: float, speed: float) -> None:
    """Print the longest turn of every task, and how far the market is behind."""
    print(f"{'task':<20}{'turns':>10}{'longest ms':>12}{'working ms':>12}{'share %':>9}")
    for name in sorted(turns.longest, key=lambda key: -turns.longest[key]):
        share = turns.total[name] / seconds * 100
        times = f"{turns.longest[name] * 1000:>12.1f}{turns.busiest[name] * 1000:>12.1f}"
        print(f"{name:<20}{turns.count[name]:>10}{times}{share:>9.1f}")
    played = desk.trader.workspace.now_ms - START_MS
    behind = seconds * speed * 1000 - played
    print(f"market: {played / MINUTE_MS:.0f} minutes played, {behind / 1000 / speed:.2f} s of wall time behind")
    print(f"desk: {desk.steps} steps, {len(desk.trader.workspace.state.executions)} executions")


def main() -> None:
    """Run with the given seconds (10) and speed (600)."""
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 10.0
    speed = float(sys.argv[2]) if len(sys.argv) > 2 else 600.0
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(session(Path(folder), seconds, speed, Turns()))


if __name__ == "__main__":
    main()
