"""Recorded ticks drive the paper account and the desk in order of time, and make the minute candles."""

import asyncio
from pathlib import Path

import numpy as np
import pytest

from engine.core.events import Event, InstrumentChanged, PriceMoved
from engine.core.trader import Trader
from engine.datafiles_layout import DataFileError
from engine.datafiles_ticks import Book, Trades
from engine.exchanges.paper import PaperExchange
from engine.exchanges.simulated import SimulatedExchange, Terms
from engine.feed_ticks import QuoteFeed, first_ms, load_ticks, minutes
from engine.feeds import Parts
from engine.journal import MemoryJournal
from engine.live import Desk
from engine.marketdata import LiveCandles
from engine.presets import account
from engine.universe import UNIVERSE
from tests.support.virtual import VirtualClock, run, until

SYMBOL = "BTCUSDT"
T0 = 1_704_272_400_000


def trades(*rows: tuple[int, float, float]) -> Trades:
    """Rows of seconds after T0, price, quantity."""
    at, price, quantity = zip(*rows, strict=True)
    return Trades(
        symbol=SYMBOL,
        time=T0 + np.array(at, dtype=np.int64) * 1_000,
        price=np.array(price),
        quantity=np.array(quantity),
        bought=np.ones(len(rows), dtype=np.bool_),
    )


def book(*rows: tuple[int, float, float]) -> Book:
    """Rows of seconds after T0, bid, ask."""
    at, bid, ask = zip(*rows, strict=True)
    ones = np.ones(len(rows))
    time = T0 + np.array(at, dtype=np.int64) * 1_000
    return Book(symbol=SYMBOL, time=time, bid=np.array(bid), bid_size=ones, ask=np.array(ask), ask_size=ones)


class Hearing(Desk):
    """Notes the prices it is told."""

    moves: list[PriceMoved]

    def put(self, event: Event) -> None:
        """Note a price."""
        if isinstance(event, PriceMoved):
            self.moves.append(event)
        super().put(event)


async def _played(sources: tuple[Trades | Book, ...]) -> tuple[list[PriceMoved], PaperExchange, LiveCandles]:
    instruments = {SYMBOL: UNIVERSE[SYMBOL].instrument()}
    paper = PaperExchange(SimulatedExchange(instruments.values(), wallet=10**12, terms=Terms()))
    desk = Hearing(Trader(account(()), {}), paper, MemoryJournal(), VirtualClock())
    desk.moves = []
    desk.put(InstrumentChanged(instruments[SYMBOL], T0))
    candles = LiveCandles((), instruments, base_ms=60_000)
    consumer = asyncio.create_task(desk.consume())
    await desk.start()
    feed = QuoteFeed(Parts(desk, paper, candles, instruments, VirtualClock()), sources, start_ms=None, speed=None)
    player = asyncio.create_task(feed.run())
    await until(lambda: feed.ended, 20)
    for task in (player, consumer):
        task.cancel()
    await asyncio.gather(player, consumer, return_exceptions=True)
    return desk.moves, paper, candles


TRADES = trades((30, 100.0, 1), (61, 101.0, 2), (70, 99.0, 1), (119, 100.5, 3), (125, 102.0, 1), (190, 103.0, 1))
BOOK = book((29, 99.9, 100.1), (62, 100.9, 101.1))


def test_prices_reach_exchange_and_desk_in_order_of_time_with_the_book_of_that_moment() -> None:
    moves, paper, _ = run(_played((TRADES, BOOK)), 1)
    assert [(m.at_ms - T0) // 1_000 for m in moves] == [29, 30, 61, 62, 70, 119, 125, 190]
    assert [(m.last, m.bid, m.ask) for m in moves[:4]] == [
        (999, 999, 1001),
        (1000, 999, 1001),
        (1010, 999, 1001),
        (1010, 1009, 1011),
    ]
    assert paper.truth.last(SYMBOL) == 1030


def test_the_whole_minutes_between_the_ends_become_candles() -> None:
    made = minutes(TRADES)
    assert made is not None
    assert [made.bar(row)[2:] for row in range(len(made))] == [
        (T0 + 60_000, 101.0, 101.0, 99.0, 100.5, 6.0),
        (T0 + 120_000, 102.0, 102.0, 102.0, 102.0, 1.0),
    ]
    _, _, candles = run(_played((TRADES, BOOK)), 1)
    kept = candles.columns(SYMBOL, 60_000, 10)
    assert kept is not None
    assert kept.time.tolist() == made.time.tolist()


def test_trades_within_one_minute_make_no_candle() -> None:
    assert minutes(trades((1, 100.0, 1), (2, 101.0, 1))) is None
    assert first_ms((BOOK, TRADES)) == T0 + 29_000


def test_a_file_that_holds_no_ticks_is_refused_with_both_reasons(tmp_path: Path) -> None:
    file = tmp_path / "BTCUSDT.csv"
    file.write_text("time,colour\n1704272400000,red\n", encoding="utf-8")
    with pytest.raises(DataFileError, match=r"neither trades .* nor best quotes"):
        load_ticks(tmp_path)
    with pytest.raises(DataFileError, match="no file of trades or quotes"):
        load_ticks(_empty(tmp_path))


def _empty(folder: Path) -> Path:
    inner = folder / "none"
    inner.mkdir()
    return inner


def test_real_ticks_load_and_make_their_minutes(market_data: Path) -> None:
    sources = load_ticks(market_data / "ticks")
    assert {type(source) for source in sources} == {Trades, Book}
    made = next(minutes(source) for source in sources if isinstance(source, Trades))
    assert made is not None
    assert len(made) == 4
