"""Recorded trades and best quotes played again, with the minute candles that the trades make."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from engine.candles import Bar, Columns
from engine.core.events import PriceMoved, TimePassed
from engine.core.market import MINUTE_MS
from engine.datafiles_layout import DataFileError
from engine.datafiles_ticks import Book, Trades, load_book, load_trades
from engine.feeds import Beat, Parts, no_beat
from engine.flow import Flow
from engine.live import TICK_S
from engine.marketdata import nearest_tick
from engine.replay import BookTick, TradeTick, replay_ticks
from engine.validate import RawCandles

_SUFFIXES = frozenset({".parquet", ".csv", ".feather"})


def load_ticks(path: Path) -> tuple[Trades | Book, ...]:
    """Load trades and best quotes from a file, or from every file of a folder; raises DataFileError."""
    files = sorted(p for p in path.iterdir() if p.suffix in _SUFFIXES) if path.is_dir() else [path]
    if not files:
        raise DataFileError(f"{path}: no file of trades or quotes in it")
    return tuple(_ticks(file) for file in files)


def _ticks(file: Path) -> Trades | Book:
    try:
        return load_trades(file)
    except DataFileError as no_trades:
        try:
            return load_book(file)
        except DataFileError as no_book:
            raise DataFileError(f"neither trades ({no_trades}) nor best quotes ({no_book})") from None


def minutes(trades: Trades) -> Columns | None:
    """Return the one-minute candles of the whole minutes between the first and the last trade; None when there is none.

    A minute without a trade is a gap.
    """
    minute = trades.time // MINUTE_MS
    whole = (minute > minute[0]) & (minute < minute[-1])
    if not whole.any():
        return None
    price, quantity, minute = trades.price[whole], trades.quantity[whole], minute[whole]
    opens, starts = np.unique(minute, return_index=True)
    ends = np.append(starts[1:], len(minute)) - 1
    raw = RawCandles(
        opens * MINUTE_MS,
        price[starts],
        np.maximum.reduceat(price, starts),
        np.minimum.reduceat(price, starts),
        price[ends],
        np.add.reduceat(quantity, starts),
    )
    return Columns.from_raw(raw, symbol=trades.symbol, timeframe_ms=MINUTE_MS)


@dataclass(slots=True)
class _Seen:
    last: int = 0
    bid: int = 0
    ask: int = 0


class QuoteFeed:
    """Recorded ticks in order of time, `speed` times faster than they came; None waits for the desk after each."""

    def __init__(
        self, parts: Parts, sources: Sequence[Trades | Book], *, start_ms: int | None, speed: float | None
    ) -> None:
        self._parts = parts
        self._speed = speed
        self._seen: dict[str, _Seen] = {}
        workspace = parts.desk.trader.workspace
        self._flow = Flow(parts.candles, workspace.account, workspace.strategies)
        candles = [made for source in sources if isinstance(source, Trades) and (made := minutes(source)) is not None]
        self._rows: Iterable[Bar | TradeTick | BookTick] = replay_ticks([*candles, *sources], start_ms=start_ms)
        self.ended = False

    async def run(self, beat: Beat = no_beat) -> None:
        """Play every tick, then go on telling the time."""
        began, first_ms = self._parts.clock.monotonic(), 0
        for row in self._rows:
            beat()
            at_ms = row.close_ms if isinstance(row, Bar) else row.time_ms
            first_ms = first_ms or at_ms
            await self._until(began, at_ms - first_ms)
            self._play(row)
            if self._speed is None:
                self._tell_time(at_ms)
                await self._parts.desk.settle()
        self.ended = True
        while True:
            beat()
            self._tell_time(0)
            await self._parts.clock.sleep(TICK_S)

    async def _until(self, began: float, passed_ms: int) -> None:
        if self._speed is None:
            return
        clock = self._parts.clock
        due = began + passed_ms / 1000 / self._speed
        while (left := due - clock.monotonic()) > 0:
            self._tell_time(0)
            await clock.sleep(min(left, TICK_S))

    def _play(self, row: Bar | TradeTick | BookTick) -> None:
        if isinstance(row, Bar):
            for told in self._parts.candles.on_bar(row):
                self._parts.desk.put(told)
            return
        for told in self._parts.candles.release():
            self._parts.desk.put(told)
        instrument = self._parts.instruments[row.symbol]
        seen = self._seen.setdefault(row.symbol, _Seen())
        if isinstance(row, TradeTick):
            seen.last = nearest_tick(row.price, instrument)
        else:
            seen.bid, seen.ask = nearest_tick(row.bid, instrument), nearest_tick(row.ask, instrument)
        last = seen.last or seen.bid
        self._parts.paper.on_quote(row.symbol, row.time_ms, last, bid=seen.bid, ask=seen.ask)
        self._parts.desk.put(PriceMoved(row.symbol, last, last, row.time_ms, seen.bid, seen.ask))
        if row.symbol in self._flow and (event := self._flow.tick(row)) is not None:
            self._parts.desk.put(event)

    def _tell_time(self, market_ms: int) -> None:
        desk = self._parts.desk
        desk.put(TimePassed(market_ms or desk.trader.workspace.now_ms, self._parts.clock.wall_ms()))


def first_ms(sources: Iterable[Trades | Book]) -> int:
    """Return the time of the first tick."""
    return min(int(source.time[0]) for source in sources)


def known(sources: Sequence[Trades | Book], symbols: Sequence[str], start_ms: int, length_ms: int) -> Iterator[Columns]:
    """Yield the minute candles of the time before a start."""
    for source in sources:
        made = minutes(source) if isinstance(source, Trades) and source.symbol in symbols else None
        part = made.slice(start_ms=start_ms - length_ms, end_ms=start_ms) if made is not None else None
        if part is not None and len(part):
            yield part
