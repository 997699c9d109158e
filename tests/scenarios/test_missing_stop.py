"""A position without a live stop: for at most five seconds while the exchange answers, then it is closed."""

import asyncio
from contextlib import suppress

import pytest

from engine.core.alerts import ProtectionAlert
from tests.scenarios.rig import SEEDS, Rig, assert_sound, desk
from tests.support.desk import BTC, PRICE
from tests.support.virtual import run, until

DEADLINE_S = 5.0
# A tick of the desk's clock, a quote to fill the close on, and rounding.
SLACK_S = 0.5


class Naked:
    """Measures the longest time for which the exchange held a position without a stop."""

    def __init__(self, rig: Rig) -> None:
        self._rig = rig
        self._task = asyncio.create_task(self._watch())
        self.longest_s = 0.0

    async def _watch(self) -> None:
        since: float | None = None
        while True:
            now = self._rig.clock.monotonic()
            naked = any(not row.stop for row in self._rig.world.truth.positions().values())
            since = (now if since is None else since) if naked else None
            self.longest_s = max(self.longest_s, now - since) if since is not None else self.longest_s
            await asyncio.sleep(0.02)

    async def end(self) -> float:
        self._task.cancel()
        with suppress(asyncio.CancelledError):
            await self._task
        return self.longest_s


@pytest.mark.parametrize("seed", SEEDS)
def test_a_stop_the_exchange_lost_is_set_again_within_five_seconds(seed: int) -> None:
    async def main() -> None:
        async with desk() as rig:
            naked = Naked(rig)
            rig.faults.drop_stops = 1
            await rig.enter()
            assert 0 < await naked.end() <= DEADLINE_S
            assert rig.world.truth.positions()[BTC].stop == rig.positions[BTC].stop
            assert not rig.told(ProtectionAlert)
            assert_sound(rig)

    run(main(), seed)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("refused", [2, 1_000])
def test_a_position_whose_stop_stays_refused_is_closed_after_five_seconds(seed: int, refused: int) -> None:
    async def main() -> None:
        async with desk() as rig:
            naked = Naked(rig)
            rig.faults.drop_stops, rig.faults.refuse_protection = 1, refused
            rig.signal()
            await until(lambda: BTC in rig.positions)
            await rig.clock.sleep(10)
            await rig.quiet()
            assert await naked.end() <= DEADLINE_S + SLACK_S
            closed = refused > 3
            assert (BTC not in rig.positions) is closed
            assert bool(rig.told(ProtectionAlert)) is closed
            assert_sound(rig)

    run(main(), seed)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_refused_stop_closes_at_once_when_the_price_is_beyond_it(seed: int) -> None:
    async def main() -> None:
        async with desk() as rig:
            naked = Naked(rig)
            rig.faults.drop_stops, rig.faults.refuse_protection = 1, 1_000
            rig.signal()
            await until(lambda: BTC in rig.positions)
            rig.world.prices[BTC] = PRICE * 99 // 100
            await rig.clock.sleep(10)
            await rig.quiet()
            assert await naked.end() <= 1.5 + SLACK_S
            assert not rig.positions
            assert_sound(rig)

    run(main(), seed)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_stop_lost_unheard_is_found_by_comparison_and_set_again(seed: int) -> None:
    async def main() -> None:
        async with desk() as rig:
            await rig.enter()
            # The owner removes it by hand, and nobody hears of it.
            rig.faults.muted = True
            await rig.paper.protect(BTC, 0, 0)
            rig.faults.muted = False
            await until(lambda: rig.world.truth.positions()[BTC].stop != 0, timeout_s=60 + DEADLINE_S)
            await rig.quiet()
            assert_sound(rig)

    run(main(), seed)
