"""A whole desk on the local venue: trader, shell, adapter and feed, over real HTTP and WebSocket in real time."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from decimal import Decimal
from typing import Any

import aiohttp

from bot.localvenue import LocalVenue, LocalVenueConfig
from engine.clock import SystemClock
from engine.core.alerts import Alert
from engine.core.effects import QueryAccount
from engine.core.events import BarClosed, InstrumentChanged
from engine.core.market import HOUR_MS
from engine.core.money import to_money
from engine.core.portfolio import Position
from engine.core.profile import Protection, SizeMode, Sizing
from engine.core.strategy import Enter
from engine.core.trader import Trader
from engine.exchanges.bybit.adapter import BybitExchange
from engine.exchanges.bybit.codes import Action
from engine.exchanges.bybit.connection import Connection, ConnectionTerms, Credentials
from engine.exchanges.bybit.endpoints import CREATE
from engine.exchanges.bybit.feed import BybitFeed, Outlets
from engine.exchanges.bybit.hosts import Hosts
from engine.journal import MemoryJournal
from engine.limiter import Lane
from engine.live import Desk
from engine.marketdata import LiveCandles
from engine.plan import Need
from engine.recovery import restore
from tests.integration.bybit.test_venue import TERMS
from tests.support.desk import BTC, ETH, Scripted, Values, account, profile

SYMBOLS = (BTC, ETH)
TAG = "pd00"
NO_RULES = Protection()


class DeskStage:
    """One process of the desk on a venue that may outlive it. `compare_s` is how often it compares itself, as the
    schedule does every minute.
    """

    compare_s = 0.5
    # What makes bars close by themselves; without any, only `signal` closes them.
    needs: tuple[Need, ...] = ()

    def __init__(
        self,
        venue: LocalVenue,
        http: aiohttp.ClientSession,
        journal: MemoryJournal,
        protection: Protection = NO_RULES,
    ) -> None:
        self.venue, self.http, self.journal = venue, http, journal
        self.protection = protection
        self.clock = SystemClock()
        self.script = Scripted()
        hosts = Hosts(rest=venue.url, public=venue.public_url, private=venue.private_url)
        key, secret = venue.credentials()
        self.connection = Connection(
            hosts, self.clock, Credentials(key=key, secret=secret), ConnectionTerms(timeout_s=1.0)
        )
        self.feed = BybitFeed(self.connection, SYMBOLS)
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """Start as the process does: by recovery."""
        instruments = await self.feed.load()
        sizing = Sizing(mode=SizeMode.NOTIONAL, amount=to_money(1_500))
        terms = account(profile(symbols=SYMBOLS, sizing=sizing, protection=self.protection), max_exposure=50)
        self.trader = Trader(terms, {"alpha": self.script}, await restore(self.journal))
        self.exchange = BybitExchange(self.connection, SYMBOLS, tag=TAG, stream_terms=TERMS)
        self.desk = Desk(self.trader, self.exchange, self.journal, self.clock)
        self.journal.on_state = self.desk.on_store
        self.connection.instruments.remember(self.state.held_instruments())
        book = self.connection.instruments
        known = {symbol: book[symbol] for symbol in SYMBOLS if symbol in book}
        for one in known.values():
            self.desk.put(InstrumentChanged(one, self.clock.wall_ms()))
        candles = LiveCandles(self.needs, known, base_ms=60_000)
        if self.needs:
            candles.seed(await self.feed.history(2 * HOUR_MS))
        await self.desk.start()
        market = self.feed.run(Outlets(put=self.desk.put, candles=candles, held=lambda: tuple(self.positions)))
        works = (self.desk.consume(), self.desk.tick(), market, self._compare())
        self._tasks = [asyncio.create_task(work) for work in works]
        ws = self.trader.workspace
        await self.until(lambda: ws.compared and ws.venue == "up" and ws.marks.keys() >= instruments.keys())

    async def _compare(self) -> None:
        while True:
            await asyncio.sleep(self.compare_s)
            self.desk.courier.carry(QueryAccount("schedule"), None)

    async def stop(self) -> None:
        """End this process."""
        await self.fall_silent()
        await self.desk.close()
        await self.connection.close()

    async def fall_silent(self) -> None:
        """Do and hear nothing any more."""
        tasks, self._tasks = self._tasks, []
        for task in tasks:
            task.cancel()
        for result in await asyncio.gather(*tasks, return_exceptions=True):
            if isinstance(result, Exception):
                raise result
        await self.exchange.close()

    async def sim(self, call: str, **body: Any) -> Any:
        """Use the venue's control API."""
        async with self.http.post(f"{self.venue.url}/sim/{call}", json=body) as response:
            assert response.status == 200, await response.text()
            return await response.json()

    async def owner(self, deed: str, **body: Any) -> None:
        """Let the account's owner do something by hand."""
        await self.sim(f"accounts/{self.venue.credentials()[0]}/{deed}", **body)

    async def work_an_order(self, **body: Any) -> None:
        """Place an order with the same key and no tag of ours, as another program does."""
        ask = {"category": "linear", "symbol": BTC, "side": "Buy", "qty": "0.001", "positionIdx": 0} | body
        said = await self.connection.caller.ask(Action.PLACE, CREATE, ask, Lane.ENTRY)
        assert said.reply.answer.code == 0, said.why

    async def clear_faults(self) -> None:
        """Let everything go well again."""
        async with self.http.delete(f"{self.venue.url}/sim/faults") as response:
            assert response.status == 200

    async def truth(self, what: str) -> list[dict[str, Any]]:
        """Return the account's orders, executions or positions as the venue has them."""
        async with self.http.get(f"{self.venue.url}/sim/accounts/{self.venue.credentials()[0]}/{what}") as response:
            return list(await response.json())

    async def agrees(self) -> None:
        """Fail unless sizes, stops and wallet in the books are the venue's."""
        report = await self.exchange.account(0)
        theirs = {row.symbol: (row.qty, row.stop) for row in report.positions}
        assert theirs == {symbol: (one.qty, one.held_stop) for symbol, one in self.positions.items()}
        assert report.wallet == self.state.portfolio.wallet

    async def requests(self, path: str) -> list[dict[str, Any]]:
        """Return what the venue was asked for at a path."""
        async with self.http.get(f"{self.venue.url}/sim/requests") as response:
            return [row for row in await response.json() if row["path"] == path]

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait for something; TimeoutError when it does not come."""
        async with asyncio.timeout(20):
            while not condition():  # noqa: ASYNC110  # conditions of every kind, over a real network
                await asyncio.sleep(0.005)
        # The step that made it true may have ended in this very turn; what it recorded is durable in the next.
        await asyncio.sleep(0)

    @property
    def state(self) -> Any:
        """The desk's durable state."""
        return self.trader.workspace.state

    @property
    def positions(self) -> dict[str, Position]:
        """Open positions in the books."""
        return self.trader.workspace.positions

    def told[A: Alert](self, kind: type[A]) -> list[A]:
        """Return the alerts of a kind that are durable."""
        return [alert for alert in self.journal.alerts if isinstance(alert, kind)]

    def recorded[F](self, kind: type[F]) -> list[F]:
        """Return the durable facts of a kind."""
        return [fact for fact in self.journal.facts if isinstance(fact, kind)]

    def signal(self, symbol: str = BTC, *, long: bool = True) -> None:
        """Close a bar on which the strategy enters."""
        self.script.following = Enter(long, "go")
        now, price = self.connection.time.now_ms(), self.trader.workspace.prices[symbol].last
        self.desk.put(BarClosed(symbol, 60_000, now, price, Values(now)))

    async def enter(self, symbol: str = BTC, *, long: bool = True) -> Position:
        """Open a position and wait until its stop is confirmed."""
        self.signal(symbol, long=long)
        await self.until(lambda: symbol in self.positions and self.positions[symbol].held_stop != 0)
        await self.until(lambda: not list(self.state.book.open()))
        return self.positions[symbol]

    async def theirs(self, symbol: str = BTC) -> dict[str, Decimal]:
        """Return size, stop and trailing distance of a position as the venue has them."""
        key = self.venue.credentials()[0]
        async with self.http.get(f"{self.venue.url}/sim/accounts/{key}/positions") as response:
            rows = {row["symbol"]: row for row in await response.json()}
        row = rows.get(symbol, {})
        return {name: Decimal(row.get(name) or 0) for name in ("size", "stopLoss", "trailingStop")}


@asynccontextmanager
async def desk_stage(protection: Protection = NO_RULES, **settings: Any) -> AsyncIterator[DeskStage]:
    """A running desk on a venue of its own."""
    venue = LocalVenue(LocalVenueConfig(**({"symbols": SYMBOLS} | settings)))
    await venue.start()
    async with aiohttp.ClientSession() as http:
        stage = DeskStage(venue, http, MemoryJournal(), protection)
        try:
            await stage.start()
            yield stage
        finally:
            await stage.stop()
            await venue.stop()
