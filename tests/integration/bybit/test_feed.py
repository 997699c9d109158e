"""Market data from the local venue: history, prices and candles as they come, through gaps and broken connections."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any

import aiohttp
import pytest

from bot.localvenue import LocalVenue, LocalVenueConfig
from engine.clock import SystemClock
from engine.core.events import (
    BarClosed,
    Event,
    InstrumentChanged,
    PriceMoved,
    TurnoverReported,
    VenueChanged,
    VenueState,
)
from engine.core.market import HOUR_MS, MINUTE_MS
from engine.core.profile import Account
from engine.exchanges.bybit import feed as feed_of_bybit
from engine.exchanges.bybit.connection import Connection
from engine.exchanges.bybit.feed import BybitFeed, Outlets
from engine.exchanges.bybit.hosts import Hosts
from engine.exchanges.bybit.stream import StreamTerms
from engine.exchanges.bybit.turnovers import turnovers
from engine.flow import Flow
from engine.marketdata import LiveCandles
from engine.plan import Need
from engine.presets import ORDERFLOW
from engine.strategies.orderflow import Orderflow

SYMBOLS = ("BTCUSDT", "ETHUSDT")
START_MS = 1_790_000_040_000
TERMS = StreamTerms(backoff_s=0.02, backoff_most_s=0.1, data_silence_s=15.0)


@dataclass(slots=True)
class Stage:
    venue: LocalVenue
    feed: BybitFeed
    connection: Connection
    candles: LiveCandles
    http: aiohttp.ClientSession
    events: list[Event] = field(default_factory=list)
    quoted: list[PriceMoved] = field(default_factory=list)
    flow: "Watched | None" = None

    async def sim(self, call: str, **body: Any) -> None:
        async with self.http.post(f"{self.venue.url}/sim/{call}", json=body) as response:
            assert response.status == 200, await response.text()

    async def until(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(20):
            while not condition():  # noqa: ASYNC110  # conditions of every kind, over a real network
                await asyncio.sleep(0.005)

    def bars(self, symbol: str = SYMBOLS[0]) -> list[BarClosed]:
        return [e for e in self.events if isinstance(e, BarClosed) and e.symbol == symbol]


class Watched(Flow):
    """Counts how often it forgets."""

    resets = 0

    def reset(self) -> None:
        """Forget, and count it."""
        self.resets += 1
        super().reset()


def play(
    story: Callable[[Stage], Awaitable[None]], *, hurried: bool = False, watched: Account | None = None, **settings: Any
) -> None:
    """Run a story while the feed delivers from a venue; the market stands still unless told otherwise."""

    async def main() -> None:
        terms = {"start_ms": START_MS, "paused": True, "symbols": SYMBOLS} | settings
        venue = LocalVenue(LocalVenueConfig(**terms))
        await venue.start()
        hosts = Hosts(rest=venue.url, public=venue.public_url, private=venue.private_url)
        connection = Connection(hosts, Hurried() if hurried else SystemClock(), None)
        feed = BybitFeed(connection, SYMBOLS, terms=TERMS)
        instruments = await feed.load()
        candles = LiveCandles([Need(s, MINUTE_MS, ("close",)) for s in SYMBOLS], instruments, base_ms=MINUTE_MS)
        candles.seed(await feed.history(2 * HOUR_MS))
        async with aiohttp.ClientSession() as http:
            stage = Stage(venue, feed, connection, candles, http)
            connection.health.connect(stage.events.append)
            if watched is not None:
                stage.flow = Watched(candles, watched, {"orderflow": Orderflow()})
            outlets = Outlets(put=stage.events.append, candles=candles, quoted=stage.quoted.append, flow=stage.flow)
            running = asyncio.create_task(feed.run(outlets))
            try:
                await stage.until(lambda: {e.symbol for e in stage.events if isinstance(e, PriceMoved)} == set(SYMBOLS))
                await story(stage)
                assert not running.done(), running
            finally:
                running.cancel()
                await asyncio.gather(running, return_exceptions=True)
                await connection.close()
                await venue.stop()

    asyncio.run(main())


def test_history_is_whole_and_ends_with_the_last_closed_candle() -> None:
    async def story(stage: Stage) -> None:
        for symbol in SYMBOLS:
            columns = stage.candles.columns(symbol, MINUTE_MS, 1_000)
            assert columns is not None
            assert len(columns) == 120
            assert int(columns.time[-1]) == START_MS - START_MS % MINUTE_MS - MINUTE_MS
            assert columns.gaps() == ()

    play(story)


def test_a_price_set_on_the_exchange_arrives_whole_and_a_paper_account_hears_it_first() -> None:
    async def story(stage: Stage) -> None:
        await stage.sim("prices", symbol="BTCUSDT", last="65000.5", mark="65001")
        await stage.until(lambda: any(e.last == 650_005 for e in stage.events if isinstance(e, PriceMoved)))
        moved = [e for e in stage.events if isinstance(e, PriceMoved) and e.symbol == "BTCUSDT"][-1]
        assert (moved.last, moved.mark, moved.bid, moved.ask) == (650_005, 650_010, 650_004, 650_006)
        assert abs(moved.at_ms - START_MS) < 1_000
        assert stage.quoted == [e for e in stage.events if isinstance(e, PriceMoved)]
        assert any(isinstance(e, TurnoverReported) for e in stage.events)

    play(story)


def test_the_perpetuals_of_the_largest_turnover_are_found_and_followed() -> None:
    async def main() -> None:
        venue = LocalVenue(LocalVenueConfig(start_ms=START_MS, paused=True))
        await venue.start()
        hosts = Hosts(rest=venue.url, public=venue.public_url, private=venue.private_url)
        connection = Connection(hosts, SystemClock(), None)
        feed = BybitFeed(connection, ("XRPUSDT",), terms=TERMS)
        await feed.load()
        listed = await turnovers(connection.caller)
        found = await feed.largest(3)
        assert found == tuple(sorted(listed, key=lambda symbol: (-listed[symbol], symbol))[:3])
        assert set(await feed.load()) == {"XRPUSDT", *found}
        await connection.close()
        await venue.stop()

    asyncio.run(main())


def test_trades_and_books_reach_the_flow_of_watched_symbols_alone() -> None:
    profile = replace(ORDERFLOW, symbols=("BTCUSDT",))
    account = Account(profiles=(profile,))

    async def story(stage: Stage) -> None:
        flow = stage.flow
        assert flow is not None
        assert "ETHUSDT" not in flow
        pressure = flow.pressures["BTCUSDT"]
        await stage.until(lambda: pressure.trades > 3 and pressure.bid > 0)
        assert 0 < pressure.bid < pressure.ask
        assert pressure.bought + pressure.sold > 0
        assert flow.resets == 0
        await stage.sim("faults", path="ws:public", kind="drop", times=1)
        await stage.until(lambda: flow.resets > 0)

    play(story, watched=account, paused=False, speed=60.0)


def test_minutes_that_pass_become_bars_in_order_equal_to_the_exchange_s_own() -> None:
    async def story(stage: Stage) -> None:
        await stage.until(lambda: len(stage.bars()) >= 4)
        closes = [bar.close_ms for bar in stage.bars()]
        assert closes == sorted(set(closes))
        columns = stage.candles.columns("BTCUSDT", MINUTE_MS, len(closes) + 5)
        assert columns is not None
        assert columns.gaps() == ()
        theirs = stage.venue.core.board.minutes("BTCUSDT", int(columns.time[0]), closes[-1], closes[-1] + 1)
        assert [float(c) for c in columns.close[: len(theirs.close)]] == [float(c) for c in theirs.close]

    play(story, paused=False, speed=60.0)


def test_what_closed_while_the_stream_was_down_is_fetched_and_not_traded_on() -> None:
    async def story(stage: Stage) -> None:
        await stage.sim("faults", path="ws:public", kind="drop", times=3)
        await stage.sim("clock", advance_s=300)
        await stage.until(lambda: len(stage.bars()) >= 1)
        assert stage.bars()[0].backfilled
        columns = stage.candles.columns("BTCUSDT", MINUTE_MS, 200)
        assert columns is not None
        assert columns.gaps() == ()
        assert [e for e in stage.events if isinstance(e, VenueChanged)] == []

    play(story)


class Hurried(SystemClock):
    """A clock that runs fifty times faster."""

    def monotonic(self) -> float:
        return super().monotonic() * 50

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds / 50)


def test_market_data_that_stays_away_is_told_after_ten_seconds_and_its_return_too() -> None:
    async def story(stage: Stage) -> None:
        began = stage.connection.clock.monotonic()
        await stage.sim("faults", path="ws:public", kind="drop", times=100_000)
        await stage.until(lambda: any(isinstance(e, VenueChanged) for e in stage.events))
        assert stage.connection.clock.monotonic() - began > 8
        async with stage.http.delete(f"{stage.venue.url}/sim/faults") as response:
            assert response.status == 200
        await stage.until(lambda: [e.state for e in stage.events if isinstance(e, VenueChanged)][-1] is VenueState.UP)

    play(story, hurried=True)


def test_a_changed_instrument_is_told_at_the_next_refresh_and_prices_follow_its_grid() -> None:
    async def story(stage: Stage) -> None:
        await stage.sim("instruments/BTCUSDT", tickSize="0.5", status="Delivering", deliveryTime="1890000000000")
        await stage.feed.refresh()
        (changed,) = [e for e in stage.events if isinstance(e, InstrumentChanged)]
        assert (changed.instrument.tick, changed.instrument.delivery_ms) == (Decimal("0.5"), 1_890_000_000_000)
        await stage.sim("prices", symbol="BTCUSDT", last="65000.5")
        await stage.until(lambda: any(e.last == 130_001 for e in stage.events if isinstance(e, PriceMoved)))

    play(story)


def test_a_refresh_that_failed_is_not_put_off_for_another_hour(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feed_of_bybit, "_REFRESH_S", 0.2)
    monkeypatch.setattr(feed_of_bybit, "_REFRESH_AGAIN_S", 0.2)
    path = "/v5/market/instruments-info"

    async def story(stage: Stage) -> None:
        await stage.sim("faults", path=path, kind="status", status=500, times=100_000)

        def failed() -> int:
            return [row["status"] for row in stage.venue.core.log.after(0)].count(500)

        await stage.until(lambda: failed() > 0)
        monkeypatch.setattr(feed_of_bybit, "_REFRESH_S", 3_600.0)
        # A question is asked three times before it has failed.
        await stage.until(lambda: failed() > 3)
        await stage.sim("instruments/BTCUSDT", status="Delivering")
        async with stage.http.delete(f"{stage.venue.url}/sim/faults") as response:
            assert response.status == 200
        await stage.until(lambda: any(isinstance(e, InstrumentChanged) for e in stage.events))

    play(story)


def test_instruments_are_read_again_every_hour(monkeypatch: pytest.MonkeyPatch) -> None:
    assert feed_of_bybit._REFRESH_S == 3_600
    monkeypatch.setattr(feed_of_bybit, "_REFRESH_S", 0.2)

    async def story(stage: Stage) -> None:
        await stage.sim("instruments/BTCUSDT", deliveryTime="1890000000000")
        await stage.until(lambda: any(isinstance(e, InstrumentChanged) for e in stage.events))
        (changed,) = [e for e in stage.events if isinstance(e, InstrumentChanged)]
        assert changed.instrument.delivery_ms == 1_890_000_000_000

    play(story)
