"""The owner trades the same account by hand, at every point of an order's life: the exchange's truth is taken over."""

from collections.abc import Awaitable, Callable

import pytest

from engine.core.portfolio import EXTERNAL
from tests.scenarios.rig import SEEDS, Rig, assert_sound, desk, venue_entries
from tests.support.desk import BTC
from tests.support.virtual import run, until


def trade(rig: Rig, signed: int) -> None:
    if signed:
        rig.paper.manual_trade(BTC, signed > 0, abs(signed))


def held(rig: Rig) -> int:
    row = rig.world.truth.positions().get(BTC)
    return row.qty if row else 0


HANDS: dict[str, Callable[[Rig], None]] = {
    "close": lambda rig: trade(rig, -held(rig)),
    "increase": lambda rig: trade(rig, max(held(rig), 100)),
    "halve": lambda rig: trade(rig, -(held(rig) // 2)),
    "flip": lambda rig: trade(rig, -2 * held(rig) or -100),
}


async def before_the_signal(rig: Rig, act: Callable[[Rig], None]) -> None:
    act(rig)
    rig.signal()


async def while_the_intent_is_written(rig: Rig, act: Callable[[Rig], None]) -> None:
    rig.journal.hold()
    rig.signal()
    await rig.clock.sleep(0.5)
    act(rig)
    rig.journal.release()


async def on_the_way(rig: Rig, act: Callable[[Rig], None]) -> None:
    async def meanwhile() -> None:
        await rig.clock.sleep(0.3)
        act(rig)

    rig.faults.on_the_way = meanwhile
    rig.signal()
    await until(lambda: bool(rig.world.requests))


async def on_the_way_back(rig: Rig, act: Callable[[Rig], None]) -> None:
    async def meanwhile() -> None:
        await rig.clock.sleep(0.3)
        act(rig)

    rig.faults.on_the_way_back = meanwhile
    rig.signal()
    await until(lambda: bool(rig.world.requests))


async def while_unknown(rig: Rig, act: Callable[[Rig], None]) -> None:
    rig.faults.lose_replies = 1
    rig.faults.muted = True
    rig.signal()
    await until(lambda: held(rig) != 0)
    act(rig)
    rig.faults.muted = False


async def while_held(rig: Rig, act: Callable[[Rig], None]) -> None:
    await rig.enter()
    act(rig)


async def unheard_while_held(rig: Rig, act: Callable[[Rig], None]) -> None:
    await rig.enter()
    rig.faults.muted = True
    act(rig)
    await rig.clock.sleep(2)
    rig.faults.muted = False


async def while_closing(rig: Rig, act: Callable[[Rig], None]) -> None:
    async def meanwhile() -> None:
        act(rig)

    await rig.enter()
    rig.faults.on_the_way = meanwhile
    await rig.close()


STAGES: tuple[Callable[[Rig, Callable[[Rig], None]], Awaitable[None]], ...] = (
    before_the_signal,
    while_the_intent_is_written,
    on_the_way,
    on_the_way_back,
    while_unknown,
    while_held,
    unheard_while_held,
    while_closing,
)


# Twenty seeds for each stage, shared among what the hand may do.
@pytest.mark.parametrize(("number", "hand"), list(enumerate(HANDS)))
@pytest.mark.parametrize("stage", STAGES, ids=lambda stage: stage.__name__)
def test_a_trade_by_hand_is_taken_over_and_never_answered_with_an_opening_order(
    stage: Callable[[Rig, Callable[[Rig], None]], Awaitable[None]], hand: str, number: int
) -> None:
    async def main() -> None:
        async with desk() as rig:
            await stage(rig, HANDS[hand])
            await rig.clock.sleep(5)
            await rig.quiet()
            entries = len(venue_entries(rig))
            # Long enough for a comparison, for every retry, and for any answer nobody asked for.
            await rig.clock.sleep(65)
            await rig.quiet()
            assert len(venue_entries(rig)) == entries <= 1
            assert_sound(rig)

    for seed in SEEDS[number :: len(HANDS)]:
        run(main(), seed)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_position_flipped_by_hand_is_external_and_left_alone(seed: int) -> None:
    async def main() -> None:
        async with desk() as rig:
            await while_held(rig, HANDS["flip"])
            await rig.clock.sleep(65)
            assert rig.positions[BTC].profile == EXTERNAL
            assert rig.positions[BTC].qty == held(rig) < 0
            assert_sound(rig)

    run(main(), seed)
