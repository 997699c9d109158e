"""The exchange contract, kept by the Bybit adapter over the local venue: real HTTP, real WebSocket, a market that moves
only when the story says so.
"""

import asyncio
from collections.abc import Iterator
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from bot.localvenue import LocalVenue, LocalVenueConfig, forced, ticking
from bot.localvenue.account import Account
from bot.localvenue.prices import Quote
from bot.localvenue.wallet import wallet_row
from engine.clock import SystemClock
from engine.core.events import Event, ExecKind, Executed, OrderAccepted, OrderEnded, WalletReported
from engine.core.market import DAY_MS, HOUR_MS, MINUTE_MS
from engine.core.money import Ticks
from engine.exchanges.base import Exchange
from engine.exchanges.bybit.adapter import BybitExchange
from engine.exchanges.bybit.connection import Connection, Credentials
from engine.exchanges.bybit.hosts import Hosts
from engine.exchanges.simulated import SimulatedExchange, Terms
from engine.universe import UNIVERSE, DemoSpec
from tests.contracts.exchange_suite import ExchangeSuite
from tests.contracts.stage import accepted, entry, fills, hold, quantity
from tests.contracts.venue import Venue
from tests.unit.exchanges.bench import INSTRUMENT, SYMBOL

START_MS = 20_700 * DAY_MS + 8 * HOUR_MS - 30 * MINUTE_MS
SPEC = DemoSpec(
    symbol=SYMBOL,
    base_price=100.0,
    tick=Decimal(1),
    step=Decimal(1),
    min_qty=Decimal(1),
    max_market_qty=Decimal(1_000),
    min_notional=Decimal(5),
    max_leverage=Decimal(50),
    turnover=1.0,
    beta=1.0,
    own=0.01,
)
# The venue's own fees differ; nobody but the venue cancels what its book cannot fill.
TERMS = Terms(taker_e8=50_000, maker_e8=20_000, slippage_ppm=0, ioc_quotes=1 << 40)


async def _still() -> None:
    return


class BybitVenue:
    """The adapter, and the local venue's inside to move its market."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.venue = LocalVenue(
            LocalVenueConfig(symbols=(SYMBOL,), start_ms=START_MS, paused=True, rate_limits=False, match_delay_s=1e6)
        )
        self.connection: Connection | None = None
        self.adapter: BybitExchange | None = None
        self.price: Ticks = 100

    @property
    def exchange(self) -> Exchange:
        assert self.adapter is not None
        return self.adapter

    @property
    def account(self) -> Account:
        return next(iter(self.venue.core.accounts.values()))

    async def connect(self) -> None:
        if self.adapter is None:
            await self.venue.start()
            core: Any = self.venue.core
            # The market is moved by the story alone.
            core.feed.catch_up, core.feed.now_ms = _still, core.clock.market_ms
            self.account.sim = SimulatedExchange([INSTRUMENT], wallet=self.account.sim.wallet, terms=TERMS)
            self._quote(100)
        hosts = Hosts(rest=self.venue.url, public=self.venue.public_url, private=self.venue.private_url)
        key, secret = self.venue.credentials()
        self.connection = Connection(hosts, SystemClock(), Credentials(key=key, secret=secret))
        self.adapter = BybitExchange(self.connection, [SYMBOL])
        await self.adapter.connect(self.events.append)

    def _later(self, to_ms: int) -> None:
        clock = self.venue.core.clock
        clock.jump(max(0, to_ms - clock.market_ms()))

    def _quote(self, last: int, *, bid: int = 0, ask: int = 0, size: int | None = None) -> None:
        core = self.venue.core
        most = 10**6 if size is None else size
        quote = Quote(
            symbol=SYMBOL,
            at_ms=core.clock.market_ms(),
            last=last,
            bid=bid or last,
            ask=ask or last,
            mark=last,
            bid_size=most,
            ask_size=most,
            bought=1,
            sold=0,
        )
        core.board.quotes[SYMBOL] = quote
        self.price = last
        ticking.on_quote(self.account, quote)

    async def bar(self, open_: int, high: int, low: int, close: int) -> None:
        now = self.venue.core.clock.market_ms()
        path = [open_, low, high, close]
        self._quote(open_)
        self._later(now + MINUTE_MS - 1)
        for start, end in pairwise(path):
            for price in range(start, end, 1 if end > start else -1):
                self._quote(price)
        self._later(now + MINUTE_MS)
        self._quote(close)
        await self._heard()

    async def quote(self, last: int, *, bid: int = 0, ask: int = 0, size: int | None = None) -> None:
        self._later(self.venue.core.clock.market_ms() + 100)
        self._quote(last, bid=bid, ask=ask, size=size)
        await self._heard()

    async def settle(self, rate_e8: int) -> None:
        due = (self.venue.core.clock.market_ms() // (8 * HOUR_MS) + 1) * 8 * HOUR_MS
        ticking.fund(self.account, SYMBOL, due, rate_e8 / 1e8)
        self._later(due)
        await self.bar(self.price, self.price, self.price, self.price)

    async def owner_trades(self, buy: bool, qty: int) -> None:
        forced.trade(self.account, SYMBOL, buy=buy, qty=Decimal(qty), at_ms=self.venue.core.clock.market_ms())
        self.account.flush()
        await self._heard()

    async def _heard(self) -> None:
        # One socket keeps its order: when this wallet has arrived, so has everything before it.
        clock = self.venue.core.clock
        clock.jump(1)
        self.account.flush()
        stamp = clock.answer_ms()
        self.account.push(self.account, [("wallet", wallet_row(self.account))])
        async with asyncio.timeout(5):
            while not any(isinstance(e, WalletReported) and e.at_ms >= stamp for e in self.events):  # noqa: ASYNC110  # a real socket
                await asyncio.sleep(0.001)

    async def restart(self) -> None:
        await self._disconnect()
        await self.connect()

    async def _disconnect(self) -> None:
        assert self.adapter is not None
        assert self.connection is not None
        await self.adapter.close()
        await self.connection.close()

    async def close(self) -> None:
        await self._disconnect()
        await self.venue.stop()


class TestBybitAdapter(ExchangeSuite):
    """Over loopback."""

    @pytest.fixture(autouse=True)
    def listed(self, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
        """The suite's symbol is listed while a story runs."""
        monkeypatch.setitem(UNIVERSE, SYMBOL, SPEC)
        yield

    def venue(self, folder: Path) -> Venue:
        return BybitVenue()

    # The contract's own words are about a desk inside the market; over a wire three of them read differently.

    def test_the_acknowledgement_comes_before_the_fill_and_the_end_after_it(self, tmp_path: Path) -> None:
        async def story(venue: Venue) -> None:
            await venue.bar(100, 100, 100, 100)
            outcome = await accepted(venue, entry("a", 3))
            await venue.bar(100, 100, 100, 100)
            orders = [e for e in venue.events if isinstance(e, OrderAccepted | Executed | OrderEnded)]
            # Between the topics of orders and of executions no order is promised.
            assert isinstance(orders[0], OrderAccepted)
            assert {type(e) for e in orders[1:]} == {Executed, OrderEnded}
            assert [e.order_id for e in orders if isinstance(e, Executed)] == [outcome.order_id]

        self.play(tmp_path, story)

    def test_a_bar_with_both_takes_the_stop_and_says_so(self, tmp_path: Path) -> None:
        async def story(venue: Venue) -> None:
            await hold(venue, 2, stop=95, target=105)
            # The market passes the stop first; the exchange tells no more than that.
            await venue.bar(100, 106, 94, 100)
            assert [(kind, qty) for kind, qty, _ in fills(venue)] == [(ExecKind.STOP, -2)]

        self.play(tmp_path, story)

    def test_a_thin_book_fills_in_parts_and_cancels_the_rest(self, tmp_path: Path) -> None:
        async def story(venue: Venue) -> None:
            await venue.quote(100)
            await accepted(venue, entry("a", 80))
            # A book of fifty levels with little on each.
            await venue.quote(101, size=2)
            ended = [e for e in venue.events if isinstance(e, OrderEnded)]
            filled = sum(qty for _, qty, _ in fills(venue))
            assert [e.filled for e in ended] == [filled]
            assert 0 < filled < 80
            assert len(fills(venue)) > 1
            assert await quantity(venue) == filled

        self.play(tmp_path, story)
