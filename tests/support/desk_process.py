"""A whole desk without a chat as a process of its own, made to be killed: it trades often on a fast generated market.

    python -m tests.support.desk_process <folder> trade|settle

`trade` runs for ever and gives scripted commands. `settle` pauses everything, waits until no order is open, and ends.
Lines on stdout: `state <digest>` of what was restored, `command <n>` once the n-th command is durable, `fact` as it
goes on.
"""

import asyncio
import json
import sys
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from hashlib import blake2b
from pathlib import Path
from typing import Any

from engine import presets, recovery
from engine.clock import SystemClock
from engine.core.codec import encode
from engine.core.commands import ACCOUNT, ChangeLimit, ClosePosition, Command, Pause, Resume, Scope
from engine.core.events import InstrumentChanged
from engine.core.facts import Fact
from engine.core.market import DAY_MS, HOUR_MS, MINUTE_MS
from engine.core.money import to_money
from engine.core.profile import Account, Anchor, Cooldown, Profile, Protection, SizeMode, Sizing
from engine.core.state import State
from engine.core.strategy import Away, Decision, Enter, Exit, Held, Inputs
from engine.core.trader import Trader
from engine.exchanges.paper import PaperExchange, open_paper
from engine.exchanges.simulated import Terms
from engine.feeds import Parts, TickFeed
from engine.generator import Market
from engine.live import Desk
from engine.marketdata import LiveCandles
from engine.plan import needs
from engine.universe import UNIVERSE
from storage.store import Store

SYMBOLS = ("BTCUSDT", "ETHUSDT", "SOLUSDT", "XRPUSDT")
INSTRUMENTS = {symbol: UNIVERSE[symbol].instrument() for symbol in SYMBOLS}
# Half an hour before funding, so that some is settled in every run.
BEGIN_MS = 20_000 * DAY_MS + 7 * HOUR_MS + 30 * MINUTE_MS
WALLET = to_money(100_000)
SPEED = 1_500.0
TERMS = Terms()
BTC = Scope("symbol", "BTCUSDT")
CALM = Scope("profile", "calm")


@dataclass(frozen=True, slots=True)
class Restless:
    """Enters on two bars of three, by the digits of price and time, and leaves after some minutes."""

    hold_ms: int
    needs: tuple[str, ...] = ()
    rules: tuple[str, ...] = ()
    reverses: bool = False

    def decide(self, inputs: Inputs, held: Held | None, off: Collection[str]) -> Decision:
        """Return a decision that follows from the bar alone."""
        del off
        if held is not None:
            return Exit("time") if inputs.close_ms - held.entry_ms >= self.hold_ms else None
        drawn = blake2b(f"{inputs.get('close')}/{inputs.close_ms}".encode(), digest_size=1).digest()[0] % 3
        return None if drawn == 2 else Enter(drawn == 0, "restless")

    def candidates(self, columns: Mapping[str, Any]) -> None:
        """Every bar."""


def profile(name: str, symbols: tuple[str, ...], **changes: Any) -> Profile:
    """Return a profile of small positions on one-minute bars."""
    base = Profile(
        name=name,
        code=name,
        strategy="restless",
        symbols=symbols,
        timeframe=MINUTE_MS,
        sizing=Sizing(mode=SizeMode.NOTIONAL, amount=to_money(400)),
        leverage=5,
        max_positions=4,
        stop=Away(2_000),
        target=Away(3_000),
        min_rr_ppm=None,
    )
    return replace(base, **changes)


STRATEGIES = {"quick": Restless(2 * MINUTE_MS), "calm": Restless(30 * MINUTE_MS)}


def account() -> Account:
    """Return two profiles: one leaves early and trails on the exchange, one waits for its stops and moves them."""
    quick = profile(
        "quick",
        SYMBOLS[:2],
        cooldown=Cooldown(length_ms=3 * MINUTE_MS, anchor=Anchor.ROLLING),
        protection=Protection(exchange_trail_ppm=1_500),
    )
    calm = profile(
        "calm", SYMBOLS[2:], protection=Protection(breakeven_ppm=1_000, trail_from_ppm=1_500, trail_by_ppm=500)
    )
    return Account(profiles=(quick, calm), limits=presets.ACCOUNT_LIMITS, hand_cooldown_ms=2 * MINUTE_MS)


def command(number: int) -> Command:
    """Return the n-th command that is given to the desk."""
    who: dict[str, Any] = {"command_id": f"c{number}", "by": "ann", "wall_ms": 1}
    given: list[Command] = [
        Pause(scope=BTC, **who),
        ChangeLimit(key="daily_equity", value=Decimal(5 + number % 7), **who),
        ClosePosition(symbol=SYMBOLS[2], **who),
        Resume(scope=BTC, **who),
        Pause(scope=CALM, **who),
        ChangeLimit(key="peak_drawdown", value=Decimal(20 + number % 11), **who),
        Resume(scope=CALM, **who),
        ClosePosition(symbol=SYMBOLS[0], **who),
    ]
    return given[number % len(given)]


def commanded(state: State) -> int:
    """Return how many of the scripted commands a state has handled."""
    return sum(name.startswith("c") for name in state.answers)


def digest(state: State) -> str:
    """Return a hash of what a restart must keep: books, orders, holds, limits, cooldowns, references."""
    positions = {name: replace(one, low=0, high=0) for name, one in state.portfolio.positions.items()}
    kept: list[Any] = [encode(one) for _, one in sorted(positions.items())]
    kept += [encode(hold) for _, hold in sorted(state.holds.items())]
    kept += [encode(order) for _, order in sorted(state.book.orders.items())]
    kept += [sorted(state.thresholds.items()), sorted(state.levels.items()), sorted(state.cooldowns.items())]
    kept += [sorted((scope, sorted(rows.items())) for scope, rows in state.references.items())]
    kept += [state.portfolio.wallet, sorted(state.executions), sorted(state.answers)]
    return blake2b(json.dumps(kept, default=str).encode(), digest_size=12).hexdigest()


def say(*words: object) -> None:
    """Write a line at once."""
    sys.stdout.write(" ".join(map(str, words)) + "\n")
    sys.stdout.flush()


def paper_in(folder: Path) -> PaperExchange:
    """Open the paper account of a folder."""
    return open_paper(folder / "paper", INSTRUMENTS.values(), wallet=WALLET, terms=TERMS)


async def store_in(folder: Path) -> Store:
    """Open the database of a folder."""
    url = f"sqlite:///{folder / 'desk.sqlite3'}"
    return await Store.open(url, mode="paper", account="main", instruments=INSTRUMENTS.values(), state_dir=folder)


class Process:
    """The parts of the running desk."""

    def __init__(self, store: Store, paper: PaperExchange, state: State) -> None:
        self.store, self.paper, self.clock = store, paper, SystemClock()
        self.desk = Desk(Trader(account(), STRATEGIES, state), paper, store.journal, self.clock)
        self.desk.watchers.append(self._tell)
        store.watch(self.desk.on_store)
        self.tasks: list[asyncio.Task[None]] = []

    def _tell(self, facts: Sequence[Fact]) -> None:
        for _ in facts:
            say("fact")

    async def start(self) -> None:
        """Start the desk where the market clock stopped."""
        desk, state = self.desk, self.desk.trader.workspace.state
        known_ms = max(self.paper.truth.now_ms, state.clock_ms)
        start_ms = -(-known_ms // MINUTE_MS) * MINUTE_MS if known_ms else BEGIN_MS
        candles = LiveCandles(needs(account(), STRATEGIES), INSTRUMENTS, base_ms=MINUTE_MS)
        market = Market(3)
        history = [market.candles(s, start_ms=start_ms - candles.history_ms(), end_ms=start_ms) for s in SYMBOLS]
        candles.seed(history)
        for instrument in INSTRUMENTS.values():
            desk.put(InstrumentChanged(instrument, known_ms))
        feed = TickFeed(
            Parts(desk, self.paper, candles, INSTRUMENTS, self.clock), market, start_ms=start_ms, speed=SPEED
        )
        self.tasks.append(asyncio.create_task(desk.consume()))
        await desk.start()
        self.tasks += [asyncio.create_task(work) for work in (desk.tick(), desk.reconcile(), feed.run())]

    async def give_commands(self) -> None:
        """Give command after command, each said once it is durable."""
        number = commanded(self.desk.trader.workspace.state)
        while True:
            await self.desk.command(command(number))
            # The one writer keeps the order: when this is durable, so is the command.
            await self.store.settings.set("commanded", number)
            say("command", number)
            number += 1
            await self.clock.sleep(0.05)

    async def settle(self) -> None:
        """Pause everything and wait until nothing is open any more."""
        await self.desk.command(Pause(command_id="settle", by="ann", wall_ms=1, scope=ACCOUNT))
        ws = self.desk.trader.workspace
        while not ws.compared or list(ws.state.book.open()) or any(p.closing for p in ws.positions.values()):
            await self.clock.sleep(0.02)

    async def stop(self) -> None:
        """Stop cleanly."""
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)
        await self.desk.close()
        await self.store.close()


async def main(folder: Path, mode: str) -> None:
    """Run one process of the desk."""
    # Often enough that short lives leave checkpoints too.
    recovery.CHECKPOINT_FACTS = 60
    store = await store_in(folder)
    state = await recovery.restore(store.journal)
    say("state", digest(state))
    process = Process(store, paper_in(folder), state)
    await process.start()
    work = asyncio.create_task(process.give_commands() if mode == "trade" else process.settle())
    # Nothing may die silently: whichever ends first ends the process, with its error.
    ended, _ = await asyncio.wait({work, *process.tasks}, return_when=asyncio.FIRST_COMPLETED)
    await process.stop()
    for task in ended:
        task.result()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), sys.argv[2]))
