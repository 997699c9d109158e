"""The equity curve: a point every market minute and after every fill, and none while equity is not known."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from bot.equity import EquityRecorder
from engine.core.market import MINUTE_MS
from engine.core.money import from_money
from engine.journal import JournalUnavailable
from storage.rows import EquityPoint
from tests.scenarios.rig import SEEDS, Rig, World
from tests.support.desk import BTC
from tests.support.virtual import run, until


class Paper:
    """Keeps points, or is away."""

    def __init__(self) -> None:
        self.points: list[EquityPoint] = []
        self.away = False

    async def add_equity(self, point: EquityPoint) -> None:
        """Keep a point."""
        if self.away:
            raise JournalUnavailable("locked")
        self.points.append(point)


def recorded(work: Callable[[Rig, Paper], Awaitable[None]], seed: int) -> None:
    async def main() -> None:
        world, paper = World(), Paper()
        world.faults.down = True
        rig = await Rig.boot(world)
        recorder = EquityRecorder(rig.desk, paper)
        task = asyncio.create_task(recorder.run(lambda: None))
        await work(rig, paper)
        task.cancel()
        await rig.stop()

    run(main(), seed)


async def opened(rig: Rig) -> None:
    rig.faults.down = False
    await until(lambda: rig.trader.workspace.compared and bool(rig.trader.workspace.marks))


@pytest.mark.parametrize("seed", SEEDS[:5])
def test_nothing_is_written_before_the_wallet_is_known(seed: int) -> None:
    async def work(rig: Rig, paper: Paper) -> None:
        await rig.clock.sleep(130)
        assert not paper.points
        await opened(rig)
        await rig.clock.sleep(1)
        assert [point.wallet for point in paper.points] == [from_money(rig.world.truth.wallet)]

    recorded(work, seed)


@pytest.mark.parametrize("seed", SEEDS[:5])
def test_a_point_is_written_every_market_minute_and_after_a_fill(seed: int) -> None:
    async def work(rig: Rig, paper: Paper) -> None:
        await opened(rig)
        await rig.clock.sleep(180)
        minutes = [point.at_ms // MINUTE_MS for point in paper.points]
        assert minutes == list(range(minutes[0], minutes[0] + len(minutes)))
        assert len(minutes) >= 3
        before = len(paper.points)
        await rig.enter()
        await rig.clock.sleep(0.5)
        assert len(paper.points) > before
        assert paper.points[-1].margin > 0

    recorded(work, seed)


@pytest.mark.parametrize("seed", SEEDS[:5])
def test_points_are_left_out_while_a_position_has_no_price(seed: int) -> None:
    async def work(rig: Rig, paper: Paper) -> None:
        await opened(rig)
        await rig.enter()
        await rig.clock.sleep(1)
        rig.trader.workspace.marks.pop(BTC)
        rig.world.prices.pop(BTC)
        before = len(paper.points)
        await rig.clock.sleep(130)
        assert len(paper.points) == before

    recorded(work, seed)


@pytest.mark.parametrize("seed", SEEDS[:5])
def test_a_database_that_is_away_costs_points_and_nothing_else(seed: int) -> None:
    async def work(rig: Rig, paper: Paper) -> None:
        await opened(rig)
        paper.away = True
        await rig.clock.sleep(120)
        assert not paper.points or paper.points[-1].at_ms < rig.clock.wall_ms() - 60_000
        paper.away = False
        before = len(paper.points)
        await rig.clock.sleep(61)
        assert len(paper.points) > before

    recorded(work, seed)
