"""Recorded candles and ticks of several sources as one stream in order of time."""

import sys
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from engine.candles import Bar, Columns
from engine.datafiles_ticks import Book, Trades
from engine.validate import Times

_CHUNK = 8_192


class TradeTick(NamedTuple):
    """One public trade: price in quote, quantity in base coin; `bought` when a buyer was the taker."""

    symbol: str
    time_ms: int
    price: float
    quantity: float
    bought: bool


class BookTick(NamedTuple):
    """Best bid and ask after one update, sizes in base coin."""

    symbol: str
    time_ms: int
    bid: float
    bid_size: float
    ask: float
    ask_size: float


def replay(candles: Sequence[Columns], *, start_ms: int | None = None, stop_ms: int | None = None) -> Iterator[Bar]:
    """Yield bars by close time, those that close in (start, stop]; at one instant the finer timeframe comes first.

    Bars of one instant and timeframe follow the order of the given columns: the configured order of symbols. Raises
    ValueError when a symbol and timeframe is given twice.
    """
    kinds = [(columns.symbol, columns.timeframe_ms) for columns in candles]
    if len(set(kinds)) != len(kinds):
        raise ValueError(f"the same symbol and timeframe is given twice: {sorted(kinds)}")
    closes = [columns.time + columns.timeframe_ms for columns in candles]
    ranks = [_rank(columns) for columns in candles]
    keep = [_between(close, start_ms, stop_ms) for close in closes]
    for source, row in _merged(closes, ranks, keep):
        yield from _bars(candles, source, row)


def replay_ticks(
    sources: Sequence[Columns | Trades | Book], *, start_ms: int | None = None, stop_ms: int | None = None
) -> Iterator[Bar | TradeTick | BookTick]:
    """Yield bars by close time, and trades and quotes by their time, in (start, stop].

    At one instant bars come first (a trade at the very close belongs to the next candle), then quotes, then trades.
    """
    times = [source.time + source.timeframe_ms if isinstance(source, Columns) else source.time for source in sources]
    ranks = [_rank(source) for source in sources]
    keep = [_between(time, start_ms, stop_ms) for time in times]
    for chosen, rows in _merged(times, ranks, keep):
        for source, row in zip(chosen.tolist(), rows.tolist(), strict=True):
            yield _event(sources[source], row)


def _rank(source: Columns | Trades | Book) -> int:
    if isinstance(source, Columns):
        return source.timeframe_ms
    return sys.maxsize if isinstance(source, Trades) else sys.maxsize - 1


def _between(time: Times, start_ms: int | None, stop_ms: int | None) -> slice:
    first = 0 if start_ms is None else int(np.searchsorted(time, start_ms, side="right"))
    end = len(time) if stop_ms is None else int(np.searchsorted(time, stop_ms, side="right"))
    return slice(first, max(first, end))


def _merged(times: Sequence[Times], ranks: Sequence[int], keep: Sequence[slice]) -> Iterator[tuple[Times, Times]]:
    if not times:
        return
    counts = [part.stop - part.start for part in keep]
    source = np.repeat(np.arange(len(times)), counts)
    row = np.concatenate([np.arange(part.start, part.stop) for part in keep])
    when = np.concatenate([time[part] for time, part in zip(times, keep, strict=True)])
    order = np.lexsort((row, source, np.array(ranks)[source], when))
    for first in range(0, len(order), _CHUNK):
        part = order[first : first + _CHUNK]
        yield source[part], row[part]


def _bars(candles: Sequence[Columns], source: Times, row: Times) -> Iterator[Bar]:
    # Whole chunks become Python numbers at once: one by one it would take ten times as long.
    streams = {}
    for number in np.unique(source).tolist():
        columns, rows = candles[number], row[source == number]
        values = [column[rows].tolist() for column in columns.raw().columns()]
        streams[number] = (columns.symbol, columns.timeframe_ms, zip(*values, strict=True))
    for number in source.tolist():
        symbol, timeframe_ms, values_of = streams[number]
        yield Bar(symbol, timeframe_ms, *next(values_of))


def _event(source: Columns | Trades | Book, row: int) -> Bar | TradeTick | BookTick:
    if isinstance(source, Columns):
        return source.bar(row)
    time_ms = int(source.time[row])
    if isinstance(source, Trades):
        price, quantity = float(source.price[row]), float(source.quantity[row])
        return TradeTick(source.symbol, time_ms, price, quantity, bool(source.bought[row]))
    values = (float(column[row]) for column in (source.bid, source.bid_size, source.ask, source.ask_size))
    return BookTick(source.symbol, time_ms, *values)
