"""The exchange is away: nothing is concluded from silence, and people are told when it goes and when it is back."""

import pytest

from engine.core.alerts import SystemAlert
from engine.core.facts import SignalRecorded
from tests.scenarios.rig import SEEDS, Rig, assert_sound, desk
from tests.support.desk import BTC, ETH
from tests.support.virtual import run, until


def without_signals(rig: Rig) -> int:
    return sum(not isinstance(fact, SignalRecorded) for fact in rig.facts)


@pytest.mark.parametrize("seed", SEEDS)
def test_an_outage_changes_no_state_and_is_told_twice(seed: int) -> None:
    async def main() -> None:
        async with desk() as rig:
            await rig.enter()
            # Price extremes of an open position are facts of the market, written on a grid of two minutes.
            before, alerts = without_signals(rig), len(rig.journal.alerts)
            rig.paper.set_down(True, "maintenance")
            for _ in range(6):
                await rig.clock.sleep(10)
                rig.signal(symbol=ETH)
            assert without_signals(rig) == before
            rig.paper.set_down(False, "maintenance is over")
            await rig.clock.sleep(3)
            assert without_signals(rig) == before
            new = rig.journal.alerts[alerts:]
            assert [type(alert) for alert in new] == [SystemAlert, SystemAlert]
            assert [alert.topic for alert in rig.told(SystemAlert)[-2:]] == ["exchange", "exchange"]
            assert len(rig.world.requests) == 1
            assert_sound(rig)

    run(main(), seed)


@pytest.mark.parametrize("seed", SEEDS)
def test_nothing_is_entered_before_the_comparison_after_an_outage(seed: int) -> None:
    async def main() -> None:
        async with desk() as rig:
            rig.paper.set_down(True, "cut")
            # The stream is back, while questions still fail.
            rig.paper.set_down(False, "back")
            rig.faults.down = True
            rig.signal()
            await rig.clock.sleep(5)
            assert rig.outcomes()[0][0] == "refused"
            assert not rig.world.requests
            rig.faults.down = False
            await until(lambda: rig.trader.workspace.compared, timeout_s=5)
            await rig.enter()
            assert_sound(rig)

    run(main(), seed)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_close_asked_for_during_an_outage_is_carried_out_when_it_is_over(seed: int) -> None:
    async def main() -> None:
        async with desk() as rig:
            await rig.enter()
            rig.paper.set_down(True, "cut")
            await rig.close()
            await rig.clock.sleep(30)
            assert BTC in rig.positions
            rig.paper.set_down(False, "back")
            await until(lambda: BTC not in rig.positions, timeout_s=10)
            await rig.quiet()
            assert_sound(rig)

    run(main(), seed)
