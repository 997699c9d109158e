"""The journal cannot be written: entries are not sent, exits leave at once, and nothing decided is forgotten."""

import pytest

from engine.core.alerts import SystemAlert
from engine.core.facts import OrderIntended, TradeClosed
from tests.scenarios.rig import SEEDS, assert_sound, desk, venue_entries
from tests.support.desk import BTC, ETH
from tests.support.virtual import run, until

FOREVER = 10_000


@pytest.mark.parametrize("seed", SEEDS)
def test_a_signal_while_the_journal_is_locked_sends_nothing(seed: int) -> None:
    async def main() -> None:
        async with desk() as rig:
            rig.journal.fail_next = FOREVER
            rig.signal()
            await rig.clock.sleep(5)
            rig.signal(symbol=ETH)
            await rig.clock.sleep(5)
            assert not rig.world.requests
            rig.journal.fail_next = 0
            rig.signal(symbol=ETH)
            await rig.clock.sleep(5)
            assert [outcome for outcome, _ in rig.outcomes()] == ["traded", "refused", "refused"]
            await rig.enter()
            assert [alert.topic for alert in rig.told(SystemAlert) if alert.topic == "storage"] == ["storage"] * 2
            assert_sound(rig)

    run(main(), seed)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_close_still_goes_out_while_the_journal_is_locked(seed: int) -> None:
    async def main() -> None:
        async with desk() as rig:
            await rig.enter()
            rig.journal.fail_next = FOREVER
            await rig.close()
            await until(lambda: not rig.world.truth.positions(), timeout_s=1)
            assert not rig.recorded(TradeClosed)
            rig.journal.fail_next = 0
            # Any fact brings the waiting ones along, in order.
            rig.signal(symbol=ETH)
            await rig.quiet()
            assert len(rig.recorded(TradeClosed)) == 1
            assert_sound(rig)

    run(main(), seed)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_close_still_goes_out_while_the_journal_hangs(seed: int) -> None:
    async def main() -> None:
        async with desk() as rig:
            await rig.enter()
            rig.journal.hold()
            await rig.close()
            await until(lambda: not rig.world.truth.positions(), timeout_s=1)
            rig.journal.release()
            await rig.quiet()
            assert_sound(rig)

    run(main(), seed)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("hang_s", [3.0, 15.0])
def test_an_entry_whose_intent_becomes_durable_too_late_is_not_sent(seed: int, hang_s: float) -> None:
    async def main() -> None:
        async with desk() as rig:
            rig.journal.hold()
            rig.signal()
            await rig.clock.sleep(hang_s)
            assert not rig.world.requests
            rig.journal.release()
            await rig.quiet()
            sent = hang_s < 10
            assert len(venue_entries(rig)) == int(sent)
            assert (BTC in rig.positions) is sent
            assert len(rig.recorded(OrderIntended)) == 1
            assert_sound(rig)

    run(main(), seed)
