"""A request whose answer never comes: one order on the exchange, its exposure reserved, the symbol blocked."""

import pytest

from engine.core.alerts import OrderAlert
from engine.core.orders import OrderStatus
from tests.scenarios.rig import SEEDS, Rig, assert_sound, desk, venue_entries
from tests.support.desk import BTC, ETH
from tests.support.virtual import run, until


def unknown(rig: Rig) -> bool:
    return any(order.status is OrderStatus.UNKNOWN for order in rig.state.book.open(BTC))


async def lose_the_line(rig: Rig) -> None:
    """Send an entry that arrives, and cut the line before its answer comes back."""

    async def go_deaf() -> None:
        rig.faults.muted = True

    async def cut() -> None:
        rig.faults.down, rig.faults.muted = True, False

    rig.faults.on_the_way, rig.faults.on_the_way_back = go_deaf, cut
    rig.signal()
    await until(lambda: unknown(rig))


def mend(rig: Rig) -> None:
    """Let everything work again."""
    rig.world.faults.down = rig.world.faults.muted = False
    rig.world.faults.on_the_way = rig.world.faults.on_the_way_back = nothing


async def nothing() -> None:
    """Do nothing."""


@pytest.mark.parametrize("seed", SEEDS)
def test_a_lost_reply_never_places_a_second_order(seed: int) -> None:
    async def main() -> None:
        async with desk() as rig:
            rig.faults.lose_replies = 1
            rig.signal()
            await until(lambda: BTC in rig.positions)
            await rig.quiet()
            assert [ticket.link_id for ticket in rig.world.requests] == venue_entries(rig)
            assert len(rig.world.requests) == 1
            assert_sound(rig)

    run(main(), seed)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_lost_request_is_given_up_on_evidence_and_frees_the_symbol(seed: int) -> None:
    async def main() -> None:
        async with desk() as rig:
            rig.faults.lose_requests = 1
            rig.signal()
            await until(lambda: bool(rig.told(OrderAlert)))
            await rig.quiet()
            assert not rig.positions
            assert rig.told(OrderAlert)[0].what == "unknown"
            await rig.enter()
            assert len(venue_entries(rig)) == 1
            assert_sound(rig)

    run(main(), seed)


@pytest.mark.parametrize("seed", SEEDS)
def test_an_unknown_order_blocks_its_symbol_until_there_is_evidence(seed: int) -> None:
    async def main() -> None:
        async with desk() as rig:
            await lose_the_line(rig)
            for _ in range(3):
                await rig.clock.sleep(5)
                rig.signal()
            await rig.clock.sleep(1)
            assert [outcome for outcome, _ in rig.outcomes()] == ["traded", "refused", "refused", "refused"]
            assert len(rig.world.requests) == 1
            mend(rig)
            await rig.quiet()
            assert rig.positions[BTC].qty == rig.world.requests[0].qty
            assert_sound(rig)

    run(main(), seed)


@pytest.mark.parametrize("seed", SEEDS)
def test_an_unknown_order_counts_at_full_size_beside_other_symbols(seed: int) -> None:
    async def main() -> None:
        async with desk() as rig:
            await lose_the_line(rig)
            reserved = sum(order.open_qty for order in rig.state.book.open(BTC))
            assert reserved == rig.world.requests[0].qty
            await rig.clock.sleep(3)
            mend(rig)
            # The order itself is asked about every two seconds, long before the next look at the whole account.
            await until(lambda: not unknown(rig), timeout_s=3)
            await rig.enter(symbol=ETH)
            await rig.quiet()
            assert set(rig.positions) == {BTC, ETH}
            assert_sound(rig)

    run(main(), seed)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_close_whose_reply_is_lost_ends_flat_and_never_sells_twice(seed: int) -> None:
    async def main() -> None:
        async with desk() as rig:
            await rig.enter()
            rig.faults.lose_replies = 1
            rig.faults.muted = True
            await rig.close()
            await rig.clock.sleep(1)
            rig.faults.muted = False
            await rig.quiet()
            assert not rig.world.truth.positions()
            assert_sound(rig)

    run(main(), seed)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_close_whose_request_is_lost_is_sent_again(seed: int) -> None:
    async def main() -> None:
        async with desk() as rig:
            await rig.enter()
            rig.faults.lose_requests = 2
            await rig.close()
            await until(lambda: BTC not in rig.positions, timeout_s=20)
            await rig.quiet()
            assert_sound(rig)

    run(main(), seed)
