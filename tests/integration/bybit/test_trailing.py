"""A whole desk whose positions trail on the local venue: set, seen, kept over a restart, triggered, owned."""

import asyncio
from collections.abc import Awaitable, Callable
from decimal import Decimal

from engine.core.alerts import TrailAlert
from engine.core.facts import TradeClosed
from engine.core.profile import Protection
from tests.integration.bybit.desk_stage import DeskStage, desk_stage
from tests.support.desk import BTC

STOPS = "/v5/position/trading-stop"
type Story = Callable[[DeskStage], Awaitable[None]]
RULES = Protection(exchange_trail_ppm=3_000)


def play(story: Story) -> None:
    async def main() -> None:
        async with desk_stage(RULES) as stage:
            await story(stage)

    asyncio.run(main())


async def trailed(stage: DeskStage) -> Decimal:
    """Enter, wait until the exchange trails, and return the distance."""
    await stage.enter()
    await stage.until(lambda: 0 < stage.positions[BTC].trail == stage.positions[BTC].held_trail)
    return stage.connection.instruments[BTC].price(stage.positions[BTC].trail)


async def price(stage: DeskStage, last: Decimal) -> None:
    await stage.sim("prices", symbol=BTC, last=str(last))


async def last_price(stage: DeskStage) -> Decimal:
    instrument = stage.connection.instruments[BTC]
    return instrument.price(stage.trader.workspace.prices[BTC].last)


def test_the_desk_sets_it_after_the_fill_a_restart_keeps_it_and_its_close_is_the_desk_s_own_trade() -> None:
    async def story(stage: DeskStage) -> None:
        distance = await trailed(stage)
        assert (await stage.theirs())["trailingStop"] == distance
        top = await last_price(stage) + 2 * distance
        await price(stage, top)
        await stage.fall_silent()
        again = DeskStage(stage.venue, stage.http, stage.journal, RULES)
        await again.start()
        position = again.positions[BTC]
        await again.until(lambda: position.held_trail == position.trail != 0)
        await price(again, top - distance)
        await again.until(lambda: BTC not in again.positions)
        (fact,) = again.recorded(TradeClosed)
        assert (fact.trade.reason, fact.trade.profile, fact.trade.gross > 0) == ("trailing", "alpha", True)
        assert len(await again.requests(STOPS)) == 1
        assert not again.told(TrailAlert)
        await again.stop()

    play(story)


def test_one_that_the_owner_removed_is_set_again_and_a_nearer_one_stays() -> None:
    async def story(stage: DeskStage) -> None:
        distance = await trailed(stage)
        assert await stage.exchange.protect(BTC, stage.positions[BTC].stop, stage.positions[BTC].target, 0)
        await stage.until(lambda: stage.positions[BTC].held_trail == 0)
        await stage.until(lambda: stage.positions[BTC].held_trail != 0)
        instrument = stage.connection.instruments[BTC]
        assert instrument.price(stage.positions[BTC].held_trail) == distance
        nearer = stage.positions[BTC].trail - 1
        await stage.exchange.protect(BTC, stage.positions[BTC].stop, stage.positions[BTC].target, nearer)
        await stage.until(lambda: stage.positions[BTC].trail == nearer == stage.positions[BTC].held_trail)

    play(story)
