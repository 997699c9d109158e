"""Generated ticks of a span as recorded ones would be: trades, books and candles, for backtests and tests."""

from collections.abc import Iterator

import numpy as np

from engine.candles import Columns
from engine.core.market import MINUTE_MS
from engine.datafiles_ticks import Book, Trades
from engine.generator import Market
from engine.generator_ticks import Tick


def generated_flow(market: Market, symbol: str, *, start_ms: int, end_ms: int) -> tuple[Columns, Trades, Book]:
    """Return candles, trades and books of the minutes in [start, end). A tick's buyers come before its sellers."""
    ticks = [tick for minute in range(start_ms, end_ms, MINUTE_MS) for tick in market.ticks(symbol, minute)]
    traded = [row for tick in ticks for row in _trades(tick)]
    time, price, quantity, bought = (np.array(column) for column in zip(*traded, strict=True))
    trades = Trades(symbol=symbol, time=time.astype(np.int64), price=price, quantity=quantity, bought=bought)
    book = Book(
        symbol=symbol,
        time=np.array([tick.time_ms for tick in ticks], dtype=np.int64),
        bid=np.array([tick.bid for tick in ticks]),
        bid_size=np.array([tick.bid_size for tick in ticks]),
        ask=np.array([tick.ask for tick in ticks]),
        ask_size=np.array([tick.ask_size for tick in ticks]),
    )
    return market.candles(symbol, start_ms=start_ms, end_ms=end_ms), trades, book


def _trades(tick: Tick) -> Iterator[tuple[int, float, float, bool]]:
    for quantity, bought in ((tick.buy_volume, True), (tick.sell_volume, False)):
        if quantity:
            yield tick.time_ms, tick.last, quantity, bought
