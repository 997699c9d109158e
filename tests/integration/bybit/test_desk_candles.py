"""Candles stop coming under a whole desk on the local venue: nothing is entered on what is old or was missed."""

import asyncio
from collections.abc import Awaitable, Callable

import aiohttp

from bot.localvenue import LocalVenue, LocalVenueConfig
from engine.core.alerts import SystemAlert
from engine.core.events import BarClosed, VenueState
from engine.core.facts import SignalRecorded
from engine.core.market import MINUTE_MS
from engine.core.strategy import Away, Enter
from engine.exchanges.bybit.feed import BybitFeed
from engine.journal import MemoryJournal
from engine.plan import Need
from tests.integration.bybit.desk_stage import SYMBOLS, DeskStage
from tests.integration.bybit.test_feed import START_MS, TERMS
from tests.support.desk import BTC, ETH, Values

CREATE = "/v5/order/create"


class Watching(DeskStage):
    """A desk whose strategy is asked at every bar of BTCUSDT, and enters whenever it is asked."""

    needs = (Need(BTC, MINUTE_MS, ("high", "low", "close", "atr14", "rsi14")),)

    async def start(self) -> None:
        """Start on a feed that reconnects quickly."""
        self.feed = BybitFeed(self.connection, SYMBOLS, terms=TERMS)
        await super().start()

    async def hold_apart(self, symbol: str) -> None:
        """Hold another symbol with a stop that an hour of this market does not reach, then enter at every bar."""
        self.script.forever, self.script.following = False, Enter(True, "go", stop=Away(50_000), target=Away(200_000))
        now, price = self.connection.time.now_ms(), self.trader.workspace.prices[symbol].last
        self.desk.put(BarClosed(symbol, MINUTE_MS, now, price, Values(now)))
        await self.until(lambda: symbol in self.positions and self.positions[symbol].held_stop != 0)
        self.script.asked.clear()
        self.script.forever, self.script.following = True, Enter(True, "go")


def play(story: Callable[[Watching], Awaitable[None]]) -> None:
    async def main() -> None:
        venue = LocalVenue(LocalVenueConfig(symbols=SYMBOLS, start_ms=START_MS))
        await venue.start()
        async with aiohttp.ClientSession() as http:
            stage = Watching(venue, http, MemoryJournal())
            try:
                await stage.start()
                await story(stage)
            finally:
                await stage.stop()
                await venue.stop()

    asyncio.run(main())


def exchange_alerts(stage: DeskStage) -> int:
    return sum(alert.topic == "exchange" for alert in stage.told(SystemAlert))


def test_after_an_hour_without_candles_nothing_is_entered_before_the_next_bar_that_closes() -> None:
    async def story(stage: Watching) -> None:
        await stage.hold_apart(ETH)
        held = await stage.theirs(ETH)
        assert not stage.script.asked
        ws = stage.trader.workspace
        await stage.sim("faults", path="ws:public", kind="drop", times=100_000)
        await stage.sim("clock", advance_s=3_600)
        await stage.until(lambda: ws.venue is not VenueState.UP)
        await stage.clear_faults()
        await stage.until(lambda: ws.venue is VenueState.UP and ws.compared)
        # Of sixty missed bars the newest alone is shown to the strategy, and as history.
        await stage.until(lambda: len(stage.recorded(SignalRecorded)) == 2)
        assert [(fact.outcome, fact.check) for fact in stage.recorded(SignalRecorded)[1:]] == [
            ("ignored", "backfilled")
        ]
        assert len(await stage.requests(CREATE)) == 1
        assert exchange_alerts(stage) == 2
        assert await stage.theirs(ETH) == held
        await stage.sim("clock", advance_s=60)
        await stage.until(lambda: BTC in stage.positions)
        assert stage.recorded(SignalRecorded)[-1].at_ms == START_MS // MINUTE_MS * MINUTE_MS + 61 * MINUTE_MS

    play(story)
