"""News that never arrived: fills, stops and endings are learned by asking, and booked as what they were."""

from random import Random

import pytest

from engine.core.alerts import DifferenceAlert
from engine.core.events import ExecKind, Executed, VenueChanged, VenueState
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


def happen(rig: Rig, random: Random) -> None:
    """Something fills while nobody hears it."""
    symbol = random.choice((BTC, ETH))
    held = rig.world.truth.positions().get(symbol)
    match random.choice(("stop", "part", "add", "thin")):
        case "stop":
            rig.world.prices[symbol] = PRICE * 99 // 100
        case "part" if held is not None and abs(held.qty) > 1:
            rig.paper.manual_trade(symbol, held.qty < 0, abs(held.qty) // 2)
        case "add":
            rig.paper.manual_trade(symbol, True, random.randint(1, 40))
        case _:
            at_ms, price = rig.clock.wall_ms(), rig.world.prices[symbol]
            rig.paper.on_quote(symbol, at_ms, price, bid=price, ask=price, size=random.randint(1, 60))


@pytest.mark.parametrize("seed", SEEDS)
def test_whatever_filled_while_the_stream_was_gone_is_in_the_books_when_it_is_back(seed: int) -> None:
    async def main() -> None:
        random = Random(seed)
        async with desk() as rig:
            await rig.enter()
            # An entry on its way, so that it may fill, whole or in parts, in the dark.
            rig.signal(symbol=ETH)
            await rig.clock.sleep(random.choice((0.0, 0.1, 2.0)))
            rig.faults.muted = True
            rig.desk.put(VenueChanged(VenueState.DEGRADED, "the stream was lost", rig.world.truth.now_ms))
            for _ in range(random.randint(1, 5)):
                happen(rig, random)
                await rig.clock.sleep(random.uniform(0.1, 5))
            rig.signal(symbol=BTC)
            await rig.clock.sleep(0.5)
            assert rig.outcomes()[-1][0] == "refused"
            rig.faults.muted = False
            rig.desk.put(VenueChanged(VenueState.UP, "back", rig.world.truth.now_ms))
            await until(lambda: rig.trader.workspace.compared, timeout_s=3)
            await rig.quiet(timeout_s=5)
            assert_explained(rig)

    run(main(), seed)
