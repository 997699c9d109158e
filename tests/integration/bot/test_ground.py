"""A desk stands on what its settings ask for: a paper account on live prices, and keys only where they belong."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import cast

import aiohttp
import pytest
from pydantic import SecretStr

from bot.accounts import trading
from bot.ground import Ground, GroundError, open_ground
from bot.localvenue import LocalVenue, LocalVenueConfig
from config import BybitEnv, DeskMode, Settings
from engine.clock import SystemClock
from engine.core.events import Event, ExecKind, Executed, PriceMoved, VenueChanged, VenueState
from engine.core.market import DAY_MS
from engine.core.orders import Purpose, Ticket
from engine.core.trader import Trader
from engine.exchanges.base import Accepted
from engine.live import Desk
from engine.marketdata import LiveCandles

SYMBOL = "BTCUSDT"


class Ear:
    """Stands where the desk does and keeps what it hears."""

    def __init__(self, state: Settings) -> None:
        self.heard: list[Event] = []
        what = trading(state, tag="test")
        self.trader = Trader(what.account, what.strategies)

    def put(self, event: Event) -> None:
        self.heard.append(event)

    async def hear[E: Event](self, kind: type[E], after: int = 0) -> E:
        """Wait for an event of a kind."""
        async with asyncio.timeout(20):
            while True:
                found = [event for event in self.heard[after:] if isinstance(event, kind)]
                if found:
                    return found[0]
                await asyncio.sleep(0.01)


def settings(venue: LocalVenue, state: Path) -> Settings:
    return Settings(
        desk_name="main", desk_state_dir=state, bybit_rest_url=venue.url, bybit_ws_public_url=venue.public_url
    )


@asynccontextmanager
async def running(ground: Ground, state: Settings, ear: Ear) -> AsyncIterator[None]:
    """A ground whose account and market are heard."""
    candles = LiveCandles((), ground.instruments, base_ms=ground.base_ms)
    desk = cast("Desk", ear)  # of a desk only `put` and its trader are used
    market = asyncio.create_task(ground.run(desk, candles, ground.begin_ms(0), lambda: None))
    try:
        yield
    finally:
        market.cancel()
        await asyncio.gather(market, return_exceptions=True)
        await ground.close()


@asynccontextmanager
async def local_venue() -> AsyncIterator[LocalVenue]:
    venue = LocalVenue(LocalVenueConfig(symbols=(SYMBOL,)))
    await venue.start()
    try:
        yield venue
    finally:
        await venue.stop()


def entry(price: PriceMoved) -> Ticket:
    return Ticket(
        link_id="t-1",
        position_id="t",
        profile="cft",
        symbol=SYMBOL,
        buy=True,
        qty=50,
        purpose=Purpose.ENTRY,
        expected=price.last,
        reason="test",
        decided_ms=price.at_ms,
        leverage=2,
        stop=price.last - 1_000,
    )


async def fell(venue: LocalVenue, by: int) -> None:
    """Let the market's price fall."""
    last = venue.core.board.last(SYMBOL)
    body = {"symbol": SYMBOL, "last": f"{last - by:f}"}
    async with aiohttp.ClientSession() as session, session.post(f"{venue.url}/sim/prices", json=body) as done:
        assert done.status == 200, await done.text()


def test_a_paper_account_fills_and_is_stopped_at_the_public_prices(tmp_path: Path) -> None:
    async def main() -> None:
        async with local_venue() as venue:
            state = settings(venue, tmp_path)
            ground = await open_ground(state, None, (SYMBOL,), SystemClock())
            ear = Ear(state)
            exchange = ground.account(trading(state, tag="test").account, state)
            await exchange.connect(ear.put)
            async with running(ground, state, ear):
                price = await ear.hear(PriceMoved)
                assert isinstance(await exchange.place(entry(price)), Accepted)
                bought = await ear.hear(Executed)
                assert (bought.link_id, bought.buy) == ("t-1", True)
                assert bought.price in {moved.ask for moved in ear.heard if isinstance(moved, PriceMoved)}
                after = len(ear.heard)
                await fell(venue, 500)
                stopped = await ear.hear(Executed, after)
                assert (stopped.kind, stopped.buy) == (ExecKind.STOP, False)
            await exchange.close()
            assert venue.core.accounts[venue.credentials()[0]].book.executions == []

    asyncio.run(main())


def test_silent_public_streams_are_told_to_a_paper_desk(tmp_path: Path) -> None:
    async def main() -> None:
        async with local_venue() as venue:
            state = settings(venue, tmp_path)
            ground = await open_ground(state, None, (SYMBOL,), SystemClock())
            ear = Ear(state)
            exchange = ground.account(trading(state, tag="test").account, state)
            async with running(ground, state, ear):
                await ear.hear(PriceMoved)
                await venue.stop()
                changed = await ear.hear(VenueChanged)
                assert changed.state is not VenueState.UP
                # Whichever notices first: the silent stream, or the next question.
                assert "market data" in changed.why or "does not answer" in changed.why
            await exchange.close()

    asyncio.run(main())


def test_a_key_of_the_live_world_is_sent_to_a_strange_host_only_where_that_is_allowed(tmp_path: Path) -> None:
    async def main() -> None:
        async with local_venue() as venue:
            key, secret = venue.credentials()
            changes = {
                "desk_mode": DeskMode.DEMO,
                "bybit_env": BybitEnv.LIVE,
                "bybit_api_key": SecretStr(key),
                "bybit_api_secret": SecretStr(secret),
                "bybit_ws_private_url": venue.private_url,
            }
            state = settings(venue, tmp_path).model_copy(update=changes)
            with pytest.raises(GroundError, match="ALLOW_CUSTOM_HOSTS"):
                await open_ground(state, None, (SYMBOL,), SystemClock())
            assert venue.core.log.after(0) == []
            allowed = state.model_copy(update={"allow_custom_hosts": True})
            ground = await open_ground(allowed, None, (SYMBOL,), SystemClock())
            await ground.close()
            assert list(ground.instruments) == [SYMBOL]

    asyncio.run(main())


def test_live_is_refused_unless_it_is_asked_for_twice(tmp_path: Path) -> None:
    state = Settings(desk_name="main", desk_state_dir=tmp_path, desk_mode=DeskMode.LIVE, allow_custom_hosts=True)
    with pytest.raises(GroundError, match="live is refused without ALLOW_LIVE=1"):
        asyncio.run(open_ground(state, None, (SYMBOL,), SystemClock()))
    allowed = state.model_copy(update={"allow_live": True})
    with pytest.raises(GroundError, match="BYBIT_API_KEY"):
        asyncio.run(open_ground(allowed, None, (SYMBOL,), SystemClock()))


def test_a_live_desk_uses_no_strange_host_unless_that_is_allowed(tmp_path: Path) -> None:
    key = {"bybit_api_key": SecretStr("k" * 10), "bybit_api_secret": SecretStr("s" * 10)}
    state = Settings(desk_name="main", desk_state_dir=tmp_path, desk_mode=DeskMode.LIVE, allow_live=True)
    for host in ({"bybit_rest_url": "https://bybit.com.example.org"}, {"bybit_rest_url": "http://api.bybit.com"}):
        with pytest.raises(GroundError, match="ALLOW_CUSTOM_HOSTS"):
            asyncio.run(open_ground(state.model_copy(update={**key, **host}), None, (SYMBOL,), SystemClock()))


def test_a_second_start_asks_only_for_candles_it_does_not_know(tmp_path: Path) -> None:
    async def start(venue: LocalVenue) -> tuple[list[float], int]:
        before = len(asked(venue))
        ground = await open_ground(settings(venue, tmp_path), None, (SYMBOL,), SystemClock())
        try:
            (found,) = await ground.history(ground.begin_ms(0), 3 * DAY_MS, (SYMBOL,))
        finally:
            await ground.close()
        return found.close.tolist(), len(asked(venue)) - before

    def asked(venue: LocalVenue) -> list[str]:
        return [row["path"] for row in venue.core.log.after(0) if row["path"] == "/v5/market/kline"]

    async def main() -> None:
        async with local_venue() as venue:
            first, pages = await start(venue)
            assert pages == 5
            async with aiohttp.ClientSession() as session:
                await session.post(f"{venue.url}/sim/clock", json={"advance_s": 600})
            second, pages = await start(venue)
            assert pages == 1
            assert second[:-10] == first[10:]
            (tmp_path / "candles-live.npz").unlink()
            assert (await start(venue))[0] == second

    asyncio.run(main())
