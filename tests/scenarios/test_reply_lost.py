"""A request whose answer never comes: one order on the exchange, its exposure reserved, the symbol blocked."""

import pytest

from engine.core.orders import OrderStatus
from tests.scenarios.rig import SEEDS, assert_sound, desk, venue_entries
from tests.support.desk import BTC
from tests.support.virtual import run, until


@pytest.mark.parametrize("seed", SEEDS)
def test_a_lost_reply_never_places_a_second_order(seed: int) -> None:
    async def main() -> None:
        async with desk() as rig:
            rig.faults.lose_replies = 1
            rig.signal()
            await until(lambda: BTC in rig.positions)
            await rig.quiet()
            assert len(venue_entries(rig)) == 1
            assert_sound(rig)

    run(main(), seed)
