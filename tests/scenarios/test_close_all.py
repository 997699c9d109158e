"""Closing everything while an entry is under way: it does not open a position behind the back of whoever asked."""

import pytest

from engine.core.commands import CloseAll, Done
from tests.scenarios.rig import SEEDS, Rig, assert_sound, desk
from tests.support.desk import BTC, ETH
from tests.support.virtual import run, until


async def close_all(rig: Rig) -> None:
    answer = await rig.desk.command(CloseAll(command_id="all", by="ann", wall_ms=rig.clock.wall_ms()))
    assert isinstance(answer, Done)


async def assert_flat(rig: Rig) -> None:
    await rig.clock.sleep(20)
    await rig.quiet()
    assert not rig.world.truth.positions()
    rig.signal()
    await rig.clock.sleep(1)
    assert rig.outcomes()[-1][0] == "refused"
    assert_sound(rig)


@pytest.mark.parametrize("seed", SEEDS)
def test_an_entry_on_its_way_is_called_back(seed: int) -> None:
    async def main() -> None:
        async with desk() as rig:
            await rig.enter(symbol=ETH)

            async def slowly() -> None:
                await rig.clock.sleep(0.5)

            rig.faults.on_the_way = slowly
            rig.signal()
            await until(lambda: any(ticket.symbol == BTC for ticket in rig.world.requests))
            await close_all(rig)
            await assert_flat(rig)

    run(main(), seed)


@pytest.mark.parametrize("seed", SEEDS)
def test_an_entry_that_waits_for_the_journal_is_never_sent(seed: int) -> None:
    async def main() -> None:
        async with desk() as rig:
            rig.journal.hold()
            rig.signal()
            await until(lambda: next(rig.state.book.open(BTC), None) is not None)
            await close_all(rig)
            rig.journal.release()
            await assert_flat(rig)
            assert not rig.world.requests

    run(main(), seed)
