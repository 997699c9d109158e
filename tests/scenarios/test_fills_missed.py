"""News that never arrived: fills, stops and endings are learned by asking, and booked as what they were."""

import pytest

from engine.core.alerts import DifferenceAlert
from engine.core.events import ExecKind, Executed
from engine.core.facts import PositionAdopted, TradeClosed, WalletCorrected
from engine.live import RECONCILE_S
from tests.scenarios.rig import SEEDS, Rig, assert_sound, desk
from tests.support.desk import BTC, ETH, PRICE
from tests.support.virtual import run, until


def assert_explained(rig: Rig) -> None:
    """Fail when a difference was adopted that the exchange's executions explain."""
    assert not rig.recorded(PositionAdopted)
    assert not rig.recorded(WalletCorrected)
    assert not rig.told(DifferenceAlert)
    assert_sound(rig)


async def hit_the_stop(rig: Rig, symbol: str) -> None:
    rig.world.prices[symbol] = PRICE * 99 // 100
    await until(lambda: symbol not in rig.world.truth.positions())


@pytest.mark.parametrize("seed", SEEDS)
def test_a_stop_that_fired_during_an_outage_is_booked_when_the_line_is_back(seed: int) -> None:
    async def main() -> None:
        async with desk() as rig:
            await rig.enter()
            rig.paper.set_down(True, "cut")
            await hit_the_stop(rig, BTC)
            await rig.clock.sleep(20)
            assert BTC in rig.positions
            rig.paper.set_down(False, "back")
            await until(lambda: BTC not in rig.positions, timeout_s=5)
            await rig.quiet()
            assert rig.recorded(Executed)[-1].kind is ExecKind.STOP
            assert rig.recorded(TradeClosed)[0].trade.reason == "stop"
            assert_explained(rig)

    run(main(), seed)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_stream_that_is_silently_dead_is_noticed_within_a_minute(seed: int) -> None:
    async def main() -> None:
        async with desk() as rig:
            await rig.enter()
            rig.faults.muted = True
            await hit_the_stop(rig, BTC)
            await until(lambda: BTC not in rig.positions, timeout_s=RECONCILE_S + 1)
            assert_explained(rig)

    run(main(), seed)


@pytest.mark.parametrize("seed", SEEDS)
def test_an_entry_whose_fill_was_never_told_is_learned_with_its_stop(seed: int) -> None:
    async def main() -> None:
        async with desk() as rig:
            rig.faults.muted = True
            rig.signal()
            await until(lambda: BTC in rig.world.truth.positions())
            await until(lambda: BTC in rig.positions, timeout_s=RECONCILE_S + 1)
            await rig.quiet()
            assert rig.positions[BTC].held_stop == rig.positions[BTC].stop
            assert_explained(rig)

    run(main(), seed)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_fill_missed_before_a_newer_one_that_arrived_is_still_asked_for(seed: int) -> None:
    async def main() -> None:
        async with desk() as rig:
            await rig.enter()
            await rig.enter(symbol=ETH)
            rig.faults.down = True
            await hit_the_stop(rig, BTC)
            await rig.clock.sleep(100)
            # The newer fill comes first, the question after it.
            rig.faults.down = False
            await hit_the_stop(rig, ETH)
            await rig.quiet()
            assert not rig.positions
            assert len(rig.recorded(TradeClosed)) == 2
            assert_explained(rig)

    run(main(), seed)
