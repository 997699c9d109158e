"""The points at which a process may die: each leads a running desk there, within bounds, and says whether it came."""

from collections.abc import Awaitable, Callable, Mapping

from engine.core.effects import QueryAccount
from tests.scenarios.rig import LONG
from tests.simulation.rig import SimRig
from tests.support.desk import BTC, ETH

PATIENCE_S = 90.0


async def reach(rig: SimRig, condition: Callable[[], bool], seconds: float = PATIENCE_S) -> bool:
    """Let virtual time pass until a condition holds, in steps of a quarter of a second."""
    for _ in range(round(seconds * 4)):
        if condition():
            return True
        await rig.clock.sleep(0.25)
    return condition()


async def _flat(rig: SimRig) -> None:
    """Close everything, so that signals are free to become orders."""
    for _ in range(6):
        await rig.close_all()
        if await reach(rig, lambda: not rig.positions and not list(rig.state.book.open()), 30):
            return


async def _order(rig: SimRig, condition: Callable[[], bool]) -> bool:
    """Send signals until one has led to where the condition looks."""
    for number in range(40):
        rig.signal(LONG, (BTC, ETH)[number % 2])
        if await reach(rig, condition, 3):
            return True
        await rig.resume()
    return False


async def before_the_journal(rig: SimRig) -> bool:
    """A decision is queued for the journal, and not on disk."""
    await _flat(rig)
    rig.journal.hold()
    return await _order(rig, lambda: bool(list(rig.state.book.open())))


async def before_sending(rig: SimRig) -> bool:
    """The intent is on disk, the order at the door."""
    await _flat(rig)
    rig.world.line.gates.add("on the way")
    return await _order(rig, lambda: "on the way" in rig.world.line.reached)


async def before_the_outcome(rig: SimRig) -> bool:
    """The exchange has the order; its answer does not come."""
    await _flat(rig)
    rig.world.line.gates.add("on the way back")
    return await _order(rig, lambda: "on the way back" in rig.world.line.reached)


async def before_the_fill_is_journalled(rig: SimRig) -> bool:
    """The exchange has filled; the journal holds still."""
    await _flat(rig)
    size, requests = len(rig.world.truth.executions), len(rig.world.requests)
    if not await _order(rig, lambda: len(rig.world.requests) > requests):
        return False
    rig.journal.hold()
    return await reach(rig, lambda: len(rig.world.truth.executions) > size)


async def while_comparing(rig: SimRig) -> bool:
    """The whole account was asked for; the answer is on its way."""
    rig.world.line.gates.add("comparing")
    rig.desk.courier.carry(QueryAccount("simulation"), None)
    return await reach(rig, lambda: "comparing" in rig.world.line.reached)


async def while_closing_all(rig: SimRig) -> bool:
    """Some closing orders of a close-all have left."""
    if not rig.positions and not await _order(rig, lambda: bool(rig.positions)):
        return False
    requests = len(rig.world.requests)
    await rig.close_all()
    return await reach(rig, lambda: len(rig.world.requests) > requests or not rig.positions)


async def while_protecting(rig: SimRig) -> bool:
    """A missing stop is being set."""
    await _flat(rig)
    rig.world.faults.drop_stops = 5
    rig.world.line.gates.add("protecting")
    came = await _order(rig, lambda: "protecting" in rig.world.line.reached)
    rig.world.faults.drop_stops = 0
    return came


async def while_checkpointing(rig: SimRig) -> bool:
    """A checkpoint is half written."""
    rig.world.line.gates.add("checkpoint")
    for number in range(60):
        rig.signal(LONG, (BTC, ETH)[number % 2])
        if await reach(rig, lambda: "checkpoint" in rig.world.line.reached, 3):
            return True
        await rig.close_all()
        await rig.resume()
    return False


async def at_rest(rig: SimRig) -> bool:
    """Nothing is under way."""
    return await reach(rig, lambda: not list(rig.state.book.open()))


CRASHES: Mapping[str, Callable[[SimRig], Awaitable[bool]]] = {
    point.__name__.replace("_", " "): point
    for point in (
        before_the_journal,
        before_sending,
        before_the_outcome,
        before_the_fill_is_journalled,
        while_comparing,
        while_closing_all,
        while_protecting,
        while_checkpointing,
        at_rest,
    )
}
