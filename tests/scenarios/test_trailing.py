"""A trailing stop on the exchange: set after the entry, found missing and set again, alive through crashes."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest

from engine.core.alerts import ProtectionAlert, TrailAlert
from engine.core.events import ExecKind
from engine.core.facts import TradeClosed
from engine.core.profile import Account, Protection
from engine.core.strategy import Away, Enter
from engine.core.trailing import PATIENT_MS, distance
from tests.scenarios.rig import SEEDS, Rig, World, assert_sound
from tests.support.desk import BTC, PRICE, account, profile
from tests.support.virtual import run, until

TRAIL_PPM = 40_000


class TrailRig(Rig):
    """A desk whose profile trails 4 % behind on the exchange; its stop is 8 % away."""

    @classmethod
    def terms(cls) -> Account:
        rules = Protection(exchange_trail_ppm=TRAIL_PPM)
        return account(profile(stop=Away(80_000), target=None, protection=rules))


@asynccontextmanager
async def trailing(world: World | None = None) -> AsyncIterator[Rig]:
    rig = await TrailRig.start(world)
    yield rig
    await rig.stop()


def on_exchange(rig: Rig) -> int:
    held = rig.world.truth.positions().get(BTC)
    return held.trail if held else 0


async def enter(rig: Rig, *, long: bool = True) -> None:
    rig.signal(Enter(long, "go"))
    await until(lambda: BTC in rig.positions and rig.positions[BTC].held_trail != 0)
    await rig.quiet()


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("long", [True, False])
def test_it_follows_the_price_and_closes_for_the_reason_trailing(seed: int, long: bool) -> None:
    sign = 1 if long else -1

    async def main() -> None:
        async with trailing() as rig:
            await enter(rig, long=long)
            assert on_exchange(rig) == rig.positions[BTC].trail > 0
            for percent in (103, 106, 104):
                rig.world.prices[BTC] = PRICE + sign * PRICE * (percent - 100) // 100
                await rig.clock.sleep(1)
            assert BTC in rig.positions
            rig.world.prices[BTC] = PRICE + sign * PRICE * 15 // 1_000
            await rig.clock.sleep(2)
            await rig.quiet()
            (closed,) = rig.recorded(TradeClosed)
            assert (closed.trade.reason, closed.trade.profile) == (ExecKind.TRAILING.value, "alpha")
            assert closed.trade.net > 0
            assert_sound(rig)

    run(main(), seed)


@pytest.mark.parametrize("seed", SEEDS)
def test_one_that_was_refused_or_removed_by_hand_is_set_again(seed: int) -> None:
    async def main() -> None:
        async with trailing() as rig:
            rig.faults.refuse_protection = 2
            await enter(rig)
            rig.faults.muted = True
            await rig.paper.protect(BTC, rig.positions[BTC].stop, 0, 0)
            rig.faults.muted = False
            assert on_exchange(rig) == 0
            await until(lambda: on_exchange(rig) != 0, timeout_s=65)
            await rig.quiet()
            assert on_exchange(rig) == rig.positions[BTC].trail
            assert not rig.told(TrailAlert)
            assert_sound(rig)

    run(main(), seed)


@pytest.mark.parametrize("seed", SEEDS)
def test_one_that_stays_refused_is_told_once_closes_nothing_and_is_set_when_it_can_be(seed: int) -> None:
    async def main() -> None:
        async with trailing() as rig:
            rig.faults.refuse_protection = 1_000
            rig.signal(Enter(True, "go"))
            await until(lambda: bool(rig.told(TrailAlert)), timeout_s=10)
            await rig.clock.sleep(3 * PATIENT_MS / 1_000)
            assert (len(rig.told(TrailAlert)), rig.told(ProtectionAlert)) == (1, [])
            assert rig.world.truth.positions()[BTC].stop == rig.positions[BTC].stop
            rig.faults.refuse_protection = 0
            await until(lambda: on_exchange(rig) != 0, timeout_s=PATIENT_MS / 1_000 + 5)
            await rig.quiet()
            assert_sound(rig)

    run(main(), seed)


async def before_the_fill_is_journalled(rig: Rig) -> None:
    rig.signal(Enter(True, "go"))
    await until(lambda: bool(rig.world.requests))
    rig.journal.hold()
    await until(lambda: bool(rig.world.truth.positions()))
    await rig.clock.sleep(0.5)


async def before_it_was_set(rig: Rig) -> None:
    rig.faults.refuse_protection = 1_000
    rig.signal(Enter(True, "go"))
    await until(lambda: BTC in rig.positions and rig.positions[BTC].trail != 0)
    await rig.clock.sleep(0.5)
    assert on_exchange(rig) == 0
    rig.faults.refuse_protection = 0


async def on_its_way(rig: Rig) -> None:
    await enter(rig)
    rig.world.prices[BTC] = PRICE * 110 // 100
    await rig.clock.sleep(1)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("point", [before_the_fill_is_journalled, before_it_was_set, on_its_way])
def test_after_a_crash_it_is_there_with_the_same_distance_and_the_way_it_had_gone(
    point: Callable[[Rig], Awaitable[None]], seed: int
) -> None:
    async def main() -> None:
        rig = await TrailRig.start()
        await point(rig)
        ways = rig.world.truth.state()["markets"]
        world = await rig.crash()
        async with trailing(world) as rig:
            await until(lambda: on_exchange(rig) != 0 and rig.positions[BTC].held_trail != 0, timeout_s=10)
            await rig.quiet()
            assert on_exchange(rig) == rig.positions[BTC].trail == distance(rig.positions[BTC], TRAIL_PPM)
            best = {market["symbol"]: market["best"] for market in rig.world.truth.state()["markets"]}
            assert best[BTC] >= next(market["best"] for market in ways if market["symbol"] == BTC)
            assert_sound(rig)

    run(main(), seed)
