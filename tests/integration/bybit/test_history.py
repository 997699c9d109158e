"""How far back candles reach, asked of the exchange: for the configuration check, and in every timeframe it keeps."""

import asyncio

from bot.check_exchange import history_findings
from bot.check_findings import Grade
from bot.localvenue import LocalVenue, LocalVenueConfig
from engine.clock import SystemClock
from engine.core.market import DAY_MS, HOUR_MS, MINUTE_MS, timeframe_name
from engine.exchanges.bybit.connection import Connection
from engine.exchanges.bybit.feed import BybitFeed
from engine.exchanges.bybit.frames import FRAMES
from engine.exchanges.bybit.hosts import Hosts
from engine.plan import Need

START_MS = 1_790_000_040_000
SYMBOL = "BTCUSDT"


def hosts_of(venue: LocalVenue) -> Hosts:
    return Hosts(rest=venue.url, public=venue.public_url, private=venue.private_url)


def test_a_symbol_younger_than_its_indicators_is_named_with_the_days_they_need() -> None:
    # The venue's market began 2021-01-01, 2,090 days before: 2,000 days are there, 2,200 are not.
    fits = Need(SYMBOL, DAY_MS, ("sma2000",))
    young = Need(SYMBOL, DAY_MS, ("sma2200",))

    async def main() -> None:
        venue = LocalVenue(LocalVenueConfig(start_ms=START_MS, paused=True, symbols=(SYMBOL,)))
        await venue.start()
        connection = Connection(hosts_of(venue), SystemClock(), None)
        (fine,) = await history_findings(connection.caller, [fits, Need(SYMBOL, HOUR_MS, ("close",))], START_MS)
        (warned,) = await history_findings(connection.caller, [fits, young], START_MS)
        await connection.close()
        await venue.stop()
        assert fine.grade is Grade.OK
        assert warned.grade is Grade.WARNING
        assert warned.what == "listed for a shorter time than the indicators need: BTCUSDT (1d: 2200 days)"

    asyncio.run(main())


def test_every_timeframe_that_the_exchange_keeps_comes_whole_and_closed() -> None:
    async def main() -> None:
        venue = LocalVenue(LocalVenueConfig(start_ms=START_MS, paused=True, symbols=(SYMBOL,)))
        await venue.start()
        connection = Connection(hosts_of(venue), SystemClock(), None)
        feed = BybitFeed(connection, (SYMBOL,))
        await feed.load()
        for frame in sorted(FRAMES):
            (columns,) = await feed.history(10 * frame, timeframe=frame)
            assert columns.timeframe_ms == frame, timeframe_name(frame)
            assert int(columns.time[-1]) == START_MS // frame * frame - frame
            assert columns.gaps() == ()
            assert 9 <= len(columns) <= 10
        (minutes,) = await feed.history(10 * MINUTE_MS)
        assert minutes.timeframe_ms == MINUTE_MS
        await connection.close()
        await venue.stop()

    asyncio.run(main())
