"""A paper account that moves to the venue is the same account there."""

import asyncio
from decimal import Decimal
from pathlib import Path

import pytest

from bot.localvenue import LocalVenue, LocalVenueConfig
from bot.localvenue.config import AccountSpec
from bot.localvenue.model import TRAILING, Order
from engine.clock import SystemClock
from engine.core.events import AccountReported
from engine.core.market import DAY_MS, HOUR_MS, MINUTE_MS
from engine.core.money import to_money
from engine.exchanges.bybit.adapter import BybitExchange
from engine.exchanges.bybit.connection import Connection, Credentials
from engine.exchanges.bybit.hosts import Hosts
from engine.exchanges.paper_store import PaperStore
from engine.exchanges.simulated import Request, SimulatedExchange, Terms
from engine.generator import Market
from engine.universe import UNIVERSE

SYMBOLS = ("BTCUSDT", "SOLUSDT")
START_MS = 20_000 * DAY_MS
END_MS = START_MS + 8 * HOUR_MS


def traded(folder: Path) -> SimulatedExchange:
    """A paper account after eight hours: long BTC with a stop, short SOL with a target, funding settled."""
    instruments = [UNIVERSE[symbol].instrument() for symbol in SYMBOLS]
    paper = SimulatedExchange(instruments, wallet=to_money(10_000), terms=Terms(funding_e8=10_000))
    market, at = Market(5), START_MS - MINUTE_MS
    closes = {symbol: market.candles(symbol, start_ms=at, end_ms=START_MS).bar(0).close for symbol in SYMBOLS}
    last = {each.symbol: int(Decimal(str(closes[each.symbol])) / each.tick) for each in instruments}
    for symbol in SYMBOLS:
        paper.on_quote(symbol, START_MS, last[symbol])
    btc, sol = last["BTCUSDT"], last["SOLUSDT"]
    long = Request(link_id="a-1", symbol="BTCUSDT", buy=True, qty=20, leverage=3, stop=btc // 2)
    short = Request(link_id="a-2", symbol="SOLUSDT", buy=False, qty=30, leverage=5, target=sol // 2)
    for request in (long, short):
        paper.place(request, START_MS)
    for symbol in SYMBOLS:
        paper.on_quote(symbol, START_MS + 1, last[symbol])
    paper.protect("BTCUSDT", btc // 2, 0, START_MS + 1, trail=btc // 3)
    paper.trail("SOLUSDT", sol // 4, START_MS + 1, activation=sol // 3)
    paper.on_quote("BTCUSDT", START_MS + 2, btc + 7)
    for symbol in SYMBOLS:
        paper.on_quote(symbol, END_MS, last[symbol])
    store = PaperStore(folder)
    store.compact(paper.state())
    store.close()
    return paper


async def asked(venue: LocalVenue) -> AccountReported:
    """The account as the production adapter sees it."""
    key, secret = venue.credentials()
    hosts = Hosts(rest=venue.url, public=venue.public_url, private=venue.private_url)
    connection = Connection(hosts, SystemClock(), Credentials(key=key, secret=secret))
    exchange = BybitExchange(connection, SYMBOLS)
    try:
        await exchange.connect(lambda _: None)
        return await exchange.account(START_MS)
    finally:
        await exchange.close()
        await connection.close()


def trails(venue: LocalVenue) -> list[Order]:
    """The trailing stops at the venue."""
    account = next(iter(venue.core.accounts.values()))
    return [order for order in account.book.open.values() if order.stop_order_type == TRAILING]


def best_prices(paper: SimulatedExchange) -> dict[str, Decimal]:
    """The best price that each trailing stop has seen, 0 before its activation."""
    ticks = {market["symbol"]: market["best"] for market in paper.state()["markets"]}
    return {symbol: UNIVERSE[symbol].tick * ticks[symbol] for symbol in SYMBOLS}


def config(tmp_path: Path, paper: Path) -> LocalVenueConfig:
    return LocalVenueConfig(
        seed=5,
        symbols=SYMBOLS,
        accounts=(AccountSpec(paper=paper),),
        state_dir=tmp_path / "venue",
        start_ms=0,
        paused=True,
    )


def test_wallet_positions_stops_and_executions_are_the_same_at_the_venue(tmp_path: Path) -> None:
    paper = traded(tmp_path / "paper")
    truth = paper.account_report(0, paper.now_ms)

    async def main() -> None:
        # The second start is from the venue's own store.
        for _ in range(2):
            venue = LocalVenue(config(tmp_path, tmp_path / "paper"))
            await venue.start()
            try:
                seen = await asked(venue)
            finally:
                await venue.stop()
            assert seen.wallet == truth.wallet
            theirs = {row.symbol: (row.qty, row.stop, row.target, row.trail) for row in seen.positions}
            assert theirs == {row.symbol: (row.qty, row.stop, row.target, row.trail) for row in truth.positions}
            assert {way.symbol: way.best for way in trails(venue)} == best_prices(paper)
            assert len(theirs) == 2
            assert {event.exec_id for event in seen.executions} == {event.exec_id for event in truth.executions}
            assert len(truth.executions) == 4

    asyncio.run(main())


def test_a_folder_without_a_paper_account_is_refused_with_its_name(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="nowhere: there is no paper account"):
        asyncio.run(LocalVenue(config(tmp_path, tmp_path / "nowhere")).start())
