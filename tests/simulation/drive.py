"""Half an hour of a desk under one seed: signals, people, faults, a crash; the same seed gives the same half hour."""

from dataclasses import dataclass, field
from hashlib import sha256
from random import Random

from engine.core.strategy import Enter
from tests.simulation.crashes import CRASHES, reach
from tests.simulation.faults import FAULTS, Fault
from tests.simulation.invariants import Watcher, check_end
from tests.simulation.rig import SimRig, new_world
from tests.support.desk import BTC, ETH
from tests.support.virtual import run

MINUTES = 30
LEAST_ORDERS, LEAST_FAULTS = 20, 3
PAIRS = tuple((fault, crash) for fault in FAULTS for crash in CRASHES)


def pair_of(seed: int) -> tuple[str, str]:
    """Return the fault and the crash point that a seed must bring together."""
    return PAIRS[seed % len(PAIRS)]


@dataclass(slots=True)
class Story:
    """What a seed came to."""

    seed: int
    fault: str
    crash: str
    orders: int = 0
    crashes: int = 0
    seconds: float = 0.0
    faults: list[str] = field(default_factory=list)
    trace: str = ""


class Play:
    """Drives one world through its half hour."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)
        fault, crash = pair_of(seed)
        self.story = Story(seed, fault, crash)
        self.world = new_world(seed)
        self.watcher = Watcher()
        self._ends: list[tuple[float, Fault]] = []
        self._pending: list[str] = []

    async def run(self) -> Story:
        """Play it to the end and check what must hold."""
        rig = await SimRig.start(self.world)
        assert isinstance(rig, SimRig)
        others = self.random.choices(list(FAULTS), k=2)
        rig = await self._act(rig, 480)
        self._strike(rig, others[0])
        rig = await self._act(rig, 300)
        rig = await self._crash(rig)
        rig = await self._act(rig, 480)
        self._strike(rig, others[1])
        rig = await self._act(rig, 480)
        await self._end(rig)
        return self.story

    async def _act(self, rig: SimRig, seconds: float) -> SimRig:
        """Let time pass with signals and people."""
        left = seconds
        while left > 0:
            pause = self.random.uniform(8, 30)
            left -= pause
            await self._pass(rig, pause)
            await self._something(rig)
        return rig

    async def _pass(self, rig: SimRig, seconds: float) -> None:
        for _ in range(max(1, round(seconds))):
            await rig.clock.sleep(1)
            self.watcher.look(rig)
            self._mend(rig, rig.clock.monotonic())
            waiting, self._pending = self._pending, []
            for name in waiting:
                self._strike(rig, name)

    async def _something(self, rig: SimRig) -> None:
        symbol, dice = self.random.choice((BTC, ETH)), self.random.random()
        if dice < 0.6:
            await rig.resume()
            rig.signal(Enter(self.random.random() < 0.5, "go"), symbol)
        elif dice < 0.9:
            rig.close_later(symbol)
        elif dice < 0.95:
            await rig.close_all()
        else:
            self.world.prices[symbol] = self.world.prices[symbol] * self.random.choice((99, 101)) // 100

    def _strike(self, rig: SimRig, name: str) -> None:
        fault = FAULTS[name]
        if fault.begin(rig) is False:
            self._pending.append(name)
            return
        self.story.faults.append(name)
        self._ends.append((rig.clock.monotonic() + fault.lasts_s, fault))

    def _mend(self, rig: SimRig, now: float) -> None:
        for end, fault in [each for each in self._ends if each[0] <= now]:
            fault.end(rig)
            self._ends.remove((end, fault))

    async def _crash(self, rig: SimRig) -> SimRig:
        """Die at the seed's point while the seed's fault begins, and start again."""
        self._mend(rig, float("inf"))
        assert await CRASHES[self.story.crash](rig), f"{self.story.crash} was not reached"
        self._strike(rig, self.story.fault)
        self.story.crashes += 1
        world = await rig.crash()
        rig = await SimRig.boot(world)  # type: ignore[assignment]
        # A second death in the middle of the recovery, for one seed in three.
        if self.story.seed % 3 == 0:
            await self._pass(rig, self.random.choice((1, 3)))
            self.story.crashes += 1
            rig = await SimRig.boot(await rig.crash())  # type: ignore[assignment]
        await self._pass(rig, 30)
        return rig

    async def _end(self, rig: SimRig) -> None:
        """Mend everything, let the desk come to rest, and look."""
        struck = FAULTS[self.story.fault].struck(self.world) and self.story.fault in self.story.faults
        self._mend(rig, float("inf"))
        await self._pass(rig, 90)
        assert await reach(rig, lambda: not list(rig.state.book.open()) and rig.agrees(), 180), "it does not settle"
        await rig.desk.courier.idle.wait()
        await rig.clock.sleep(1)
        # A fill of this very instant may not have been read yet.
        await rig.desk.settle()
        check_end(rig)
        story = self.story
        story.orders, story.seconds = len(self.world.requests), rig.clock.monotonic()
        story.trace = trace(rig)
        await rig.stop()
        assert struck, f"{story.fault} struck nobody"
        assert story.orders >= LEAST_ORDERS, f"only {story.orders} orders"
        assert len(story.faults) >= LEAST_FAULTS
        assert story.seconds >= MINUTES * 60, f"only {story.seconds:g} s"


def trace(rig: SimRig) -> str:
    """Return a digest of everything that was decided, sent and filled, in order."""
    told = "\n".join([*map(repr, rig.facts), *map(repr, rig.world.requests), *map(repr, rig.world.truth.executions)])
    return sha256(told.encode()).hexdigest()


def play(seed: int) -> Story:
    """Run a seed in virtual time; AssertionError when something that must hold does not."""
    return run(Play(seed).run(), seed)
