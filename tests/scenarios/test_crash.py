"""The process dies at a named point and starts again on what is durable: the end is as without the crash."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping

import pytest

from engine.core.facts import TradeClosed
from tests.scenarios.rig import LONG, SEEDS, Rig, World, assert_sound, venue_entries
from tests.support.desk import BTC, PRICE
from tests.support.virtual import run, until


class Gate:
    """Lets nobody through, and shows when somebody has come."""

    def __init__(self) -> None:
        self.reached = False

    async def __call__(self) -> None:
        self.reached = True
        await asyncio.Event().wait()


def unbar(world: World) -> World:
    """Open every gate for the next process."""

    async def open_() -> None:
        return

    world.faults.on_the_way = world.faults.on_the_way_back = open_
    return world


type Act = Callable[[Rig], Awaitable[None]]


async def decide_entry(rig: Rig) -> None:
    rig.signal(LONG)
    await until(lambda: next(rig.state.book.open(BTC), None) is not None)


async def decide_close(rig: Rig) -> None:
    await rig.close()


async def before_the_journal(rig: Rig, act: Act) -> None:
    rig.journal.hold()
    await act(rig)


async def before_sending(rig: Rig, act: Act) -> None:
    rig.faults.on_the_way = gate = Gate()
    await act(rig)
    await until(lambda: gate.reached)


async def before_the_outcome(rig: Rig, act: Act) -> None:
    rig.faults.on_the_way_back = gate = Gate()
    await act(rig)
    await until(lambda: gate.reached)


async def before_the_fill_is_journalled(rig: Rig, act: Act) -> None:
    size = len(rig.world.truth.executions)
    await act(rig)
    await until(lambda: bool(rig.world.requests) and rig.world.requests[-1].symbol == BTC)
    rig.journal.hold()
    await until(lambda: len(rig.world.truth.executions) > size)
    await rig.clock.sleep(0.5)


async def after_everything(rig: Rig, act: Act) -> None:
    await act(rig)
    await rig.clock.sleep(3)


POINTS: Mapping[str, Callable[[Rig, Act], Awaitable[None]]] = {
    point.__name__: point
    for point in (
        before_the_journal,
        before_sending,
        before_the_outcome,
        before_the_fill_is_journalled,
        after_everything,
    )
}
# A decision that is not durable was never made; an entry that never left is not worth sending late.
NEVER_ENTERED = {"before_the_journal", "before_sending"}


def ending(rig: Rig) -> tuple[dict[str, tuple[int, int]], int, int]:
    """Return positions with their stops, the wallet and the number of trades: what must not depend on a crash."""
    positions = {symbol: (one.qty, one.held_stop) for symbol, one in rig.positions.items()}
    return positions, rig.state.portfolio.wallet, len(rig.recorded(TradeClosed))


async def undisturbed(*acts: Act) -> tuple[dict[str, tuple[int, int]], int, int]:
    rig = await Rig.start()
    for act in acts:
        await act(rig)
        await rig.quiet()
    await rig.stop()
    return ending(rig)


async def settle(rig: Rig) -> None:
    await rig.clock.sleep(20)
    await rig.quiet()
    assert_sound(rig)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("point", POINTS)
def test_an_entry_ends_as_without_the_crash_or_as_if_never_decided(point: str, seed: int) -> None:
    async def main() -> None:
        wanted = await undisturbed(*([] if point in NEVER_ENTERED else [decide_entry]))
        rig = await Rig.start()
        await POINTS[point](rig, decide_entry)
        rig = await Rig.start(unbar(await rig.crash()))
        await settle(rig)
        assert ending(rig) == wanted
        assert len(venue_entries(rig)) == (point not in NEVER_ENTERED)
        await rig.stop()

    run(main(), seed)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("point", POINTS)
def test_a_close_ends_as_without_the_crash(point: str, seed: int) -> None:
    async def main() -> None:
        wanted = await undisturbed(decide_entry, decide_close)
        rig = await Rig.start()
        await rig.enter()
        await POINTS[point](rig, decide_close)
        # A close leaves before its intent is durable; should that be lost, the exchange's executions still tell of it.
        await until(lambda: len(rig.world.requests) == 2)
        rig = await Rig.start(unbar(await rig.crash()))
        await settle(rig)
        assert ending(rig) == wanted
        await rig.stop()

    run(main(), seed)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_crash_in_the_middle_of_a_comparison_changes_nothing(seed: int) -> None:
    async def main() -> None:
        rig = await Rig.start()
        await rig.enter()
        world = await rig.crash()
        # While nobody watches, the stop fires.
        world.prices[BTC] = PRICE * 99 // 100
        for lost in (0, 1, 2):
            rig = await Rig.boot(world)
            rig.journal.hold()
            await until(lambda desk=rig.trader.workspace: desk.compared)
            await rig.clock.sleep(0.1 * lost)
            world = await rig.crash()
        rig = await Rig.start(world)
        await settle(rig)
        assert not rig.positions
        assert [fact.trade.reason for fact in rig.recorded(TradeClosed)] == ["stop"]
        await rig.stop()

    run(main(), seed)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_crash_before_the_comparison_was_answered_is_followed_by_another_comparison(seed: int) -> None:
    async def main() -> None:
        rig = await Rig.start()
        await before_the_outcome(rig, decide_entry)
        world = unbar(await rig.crash())
        world.faults.down = True
        rig = await Rig.boot(world)
        await rig.clock.sleep(5)
        assert not rig.trader.workspace.compared
        world = await rig.crash()
        world.faults.down = False
        rig = await Rig.start(world)
        await settle(rig)
        assert len(venue_entries(rig)) == 1
        assert set(rig.positions) == {BTC}
        await rig.stop()

    run(main(), seed)
