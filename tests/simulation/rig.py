"""One process of the desk in the simulation, and the world that outlives it."""

import asyncio
from dataclasses import dataclass, field
from random import Random
from typing import Any

from engine.core.commands import CloseAll, ClosePosition, Command, Resume
from engine.core.events import PriceMoved
from engine.core.profile import Protection
from engine.core.state import State
from engine.core.trader import Trader
from engine.journal import MemoryJournal
from engine.live import Desk
from tests.scenarios.rig import Rig, World
from tests.simulation.venue import Line, LossyExchange
from tests.support.desk import PRICE, Scripted, account, profile
from tests.support.virtual import VirtualClock

QUOTE_S = 1.0


class GatedJournal(MemoryJournal):
    """A journal whose checkpoints can be stopped half-way."""

    line: Line

    async def checkpoint(self, state: bytes, seq: int) -> None:
        """Write a checkpoint, unless stopped."""
        await self.line.gate("checkpoint")
        await super().checkpoint(state, seq)


@dataclass(slots=True)
class SimWorld(World):
    """The exchange's truth, the journal's survivors, prices that wander, and the line between."""

    seed: int = 0
    line: Line = field(default_factory=Line)
    random: Random = field(default_factory=Random)
    skew_ms: int = 0
    violations: list[str] = field(default_factory=list)
    commands: int = 0

    def wander(self) -> None:
        """Move every price a little: a tenth of a percent at most in a second."""
        for symbol, price in self.prices.items():
            self.prices[symbol] = min(max(price + self.random.randint(-9, 9), PRICE * 3 // 4), PRICE * 5 // 4)


class SkewedClock(VirtualClock):
    """A wall clock that may be wrong."""

    def __init__(self, world: SimWorld) -> None:
        self._world = world

    def wall_ms(self) -> int:
        """Return wall time as this machine has it."""
        return super().wall_ms() + self._world.skew_ms


class SimRig(Rig):
    """A desk on the unreliable exchange."""

    world: SimWorld

    def __init__(self, world: SimWorld, state: State) -> None:
        self.world, self.faults, self.journal = world, world.faults, world.journal
        self.script = Scripted()
        self.clock = SkewedClock(world)
        self.paper = LossyExchange(  # type: ignore[assignment]
            world.truth, world.faults, world.line, world.requests, at_once=bool(world.seed % 2)
        )
        # A rest after a close by hand would end the story.
        # Three seeds of five have a trailing stop on the exchange, nearer than the stop of the profile.
        rules = Protection(exchange_trail_ppm=4_000 if world.seed % 5 < 3 else None)
        terms = account(profile(protection=rules), hand_cooldown_ms=1_000)
        self.trader = Trader(terms, {"alpha": self.script}, state)
        self.desk = Desk(self.trader, self.paper, self.journal, self.clock)
        self.journal.on_state = self.desk.on_store
        self._tasks: list[asyncio.Task[Any]] = []

    async def _market(self) -> None:
        while True:
            self.world.wander()
            size = self.world.line.slice
            for symbol, price in self.world.prices.items():
                at_ms = VirtualClock.wall_ms(self.clock)
                self.paper.on_quote(symbol, at_ms, price, bid=price, ask=price, size=size)
                self.desk.put(PriceMoved(symbol, price, price, at_ms, price, price))
            await self.clock.sleep(QUOTE_S)

    # People

    def _command(self, kind: type[Command], **fields: Any) -> Command:
        self.world.commands += 1
        return kind(command_id=f"c{self.world.commands}", by="ann", wall_ms=self.clock.wall_ms(), **fields)

    async def resume(self) -> None:
        """An admin resumes when something is held."""
        if self.state.holds:
            await self.desk.command(self._command(Resume))

    async def close_all(self) -> None:
        """Close everything, then resume."""
        await self.desk.command(self._command(CloseAll))
        await self.resume()

    def close_later(self, symbol: str) -> None:
        """Ask for a close by hand, and wait for no answer."""
        task = asyncio.ensure_future(self.desk.command(self._command(ClosePosition, symbol=symbol)))
        self._tasks.append(task)

    async def crash(self) -> SimWorld:
        """End this process as SIGKILL does."""
        await super().crash()
        survivor = GatedJournal(**_fields(self.world.journal))
        survivor.line = self.world.line
        self.world.journal = survivor
        self.world.line.open_gates()
        return self.world


def _fields(journal: MemoryJournal) -> dict[str, Any]:
    return {"facts": journal.facts, "alerts": journal.alerts, "_states": journal._states}


def new_world(seed: int) -> SimWorld:
    """Return the world of a seed, before anything happened."""
    world = SimWorld(seed=seed, random=Random(seed * 2 + 1))
    journal = GatedJournal()
    journal.line = world.line
    world.journal = journal
    return world
