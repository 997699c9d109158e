"""Market data of one environment: instruments, history, and the public streams into the desk's events."""

import asyncio
import logging
from collections.abc import Callable, Coroutine, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from engine.candles import Bar, CandlesError, Columns, columns_of
from engine.core.events import Event, InstrumentChanged, PriceMoved, TurnoverReported, VenueState
from engine.core.market import HOUR_MS, MINUTE_MS, Instrument, Status
from engine.core.selection import largest
from engine.exchanges.base import QueryFailedError
from engine.exchanges.bybit.bars import Bars
from engine.exchanges.bybit.connection import Connection
from engine.exchanges.bybit.history import closed_bars, interval_of
from engine.exchanges.bybit.parse import BadData
from engine.exchanges.bybit.parse_flow import taken, top
from engine.exchanges.bybit.parse_market import Message, message, streamed_candle
from engine.exchanges.bybit.quotes import Quotes
from engine.exchanges.bybit.stream import Ears, Stream, StreamState, StreamTerms, Wire, shared_out
from engine.exchanges.bybit.turnovers import turnovers
from engine.flow import Flow
from engine.marketdata import LiveCandles

log = logging.getLogger(__name__)

# Best quotes are repeated every 3 s even when nothing happens: longer silence of all symbols is a dead stream.
PUBLIC_TERMS = StreamTerms(data_silence_s=15.0)
_CHECK_S = 1.0
_PATIENCE_S = 10.0
_REFRESH_S = HOUR_MS / 1000
_REFRESH_AGAIN_S = 60.0
_TURNOVER_MS = MINUTE_MS
_DOWNLOADS = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlets:
    """Where market data goes: events to `put`, bars through `candles`; `quoted` hears prices before `put` does (a paper
    account fills on them), `funded` hears (symbol, settlement time, rate in 1e-8), `flow` takes in trades and books,
    `held` names the symbols with a position: those that nobody wanted get a price too.
    """

    put: Callable[[Event], None]
    candles: LiveCandles
    quoted: Callable[[PriceMoved], None] | None = None
    funded: Callable[[str, int, int], None] | None = None
    flow: Flow | None = None
    held: Callable[[], Iterable[str]] = tuple


class BybitFeed:
    """Market data of some symbols. Call `load`, then `history` for the candles' warm-up, then run `run`."""

    def __init__(
        self,
        connection: Connection,
        symbols: Iterable[str],
        *,
        base_ms: int = MINUTE_MS,
        terms: StreamTerms = PUBLIC_TERMS,
    ) -> None:
        self._connection = connection
        self._wanted = tuple(dict.fromkeys(symbols))
        self._base_ms = base_ms
        self._interval = interval_of(base_ms)
        self._wire = Wire(connection.clock, connection.terms.dial, terms, connection.terms.random)
        self._quotes = Quotes(self._price)
        self._outlets: Outlets | None = None
        self._bars: Bars | None = None
        self._live: set[int] = set()
        self._streams = 0
        self._whole_s = 0.0
        self._why = "no connection yet"
        self._turnover_ms: dict[str, int] = {}
        self._complained: set[str] = set()
        self._flushing = False
        self._group: asyncio.TaskGroup | None = None

    # Before the start

    async def load(self) -> Mapping[str, Instrument]:
        """Read the instruments and the exchange's clock; return the wanted ones that exist. Raises QueryFailedError."""
        await self._connection.caller.sync_clock()
        book = self._connection.instruments
        await book.refresh()
        return {symbol: book[symbol] for symbol in self._wanted if symbol in book}

    async def largest(self, count: int) -> tuple[str, ...]:
        """Follow the `count` tradable perpetuals of the largest 24 h turnover as well, and return them; before `run`.
        Raises QueryFailedError.
        """
        book = self._connection.instruments
        trading = [symbol for symbol, each in book.items() if each.status is Status.TRADING and not each.delivery_ms]
        found = largest(await turnovers(self._connection.caller), trading, floor=0, count=count)
        self.also(found)
        return found

    def also(self, symbols: Iterable[str]) -> None:
        """Follow more symbols; before `run`."""
        self._wanted = tuple(dict.fromkeys((*self._wanted, *symbols)))

    async def history(
        self, length_ms: int, *, symbols: Iterable[str] | None = None, known_ms: Mapping[str, int] | None = None
    ) -> list[Columns]:
        """Return the closed candles of the last `length_ms` of every wanted symbol (or of some), without those before a
        hole; a symbol without any is left out. Where the opening time of the newest known candle is given, only what
        follows it is asked for. Raises QueryFailedError.
        """
        behind = known_ms or {}
        until = self._connection.time.now_ms()
        start = (until - length_ms) // self._base_ms * self._base_ms
        turn = asyncio.Semaphore(_DOWNLOADS)

        async def one(symbol: str) -> Columns | None:
            first = max(start, behind.get(symbol, 0) + self._base_ms)
            async with turn:
                return _whole(await self._closed(symbol, first, until))

        wanted = self._wanted if symbols is None else symbols
        known = [symbol for symbol in wanted if symbol in self._connection.instruments]
        loaded = await asyncio.gather(*(one(symbol) for symbol in known), return_exceptions=True)
        failed = [each for each in loaded if isinstance(each, BaseException)]
        for error in failed:
            # One symbol without candles does not keep the others from trading.
            if not isinstance(error, QueryFailedError) or len(failed) == len(known):
                raise error
            log.warning("candles of a symbol could not be read: %s", error)
        return [columns for columns in loaded if isinstance(columns, Columns)]

    async def _closed(self, symbol: str, start_ms: int, end_ms: int) -> list[Bar]:
        return await closed_bars(self._connection.caller, symbol, self._base_ms, start_ms=start_ms, end_ms=end_ms)

    # Running

    async def run(self, outlets: Outlets, beat: Callable[[], None] = lambda: None) -> None:
        """Deliver market data for ever. Warm the candles up before."""
        connection = self._connection
        self._outlets = outlets
        self._bars = Bars(
            outlets.candles,
            outlets.put,
            fetch=self._closed,
            begin=self._begin,
            clock=connection.clock,
            now_ms=connection.time.now_ms,
            base_ms=self._base_ms,
        )
        book = connection.instruments
        # A topic of a symbol that is closed may be refused, and with it every other one of its socket.
        symbols = [s for s in self._wanted if s in book and book[s].status is not Status.CLOSED]
        for symbol in symbols:
            self._follow(connection.instruments[symbol])
        async with asyncio.TaskGroup() as group:
            self._group = group
            shares = shared_out([topic for symbol in symbols for topic in self._topics(symbol)])
            self._streams = len(shares)
            for number, topics in enumerate(shares):
                group.create_task(self._stream(number, topics).run())
            group.create_task(self._refresh_for_ever())
            self._whole_s = connection.clock.monotonic()
            while True:
                beat()
                self._bars.check()
                self._judge()
                self._join(outlets.held())
                await connection.clock.sleep(_CHECK_S)

    def _follow(self, instrument: Instrument) -> None:
        self._quotes.follow(instrument)
        if self._outlets is None or self._bars is None or instrument.status is Status.CLOSED:
            return
        newest = self._outlets.candles.columns(instrument.symbol, self._base_ms, 1)
        now = self._connection.time.now_ms()
        before = now // self._base_ms * self._base_ms - self._base_ms
        self._bars.follow(instrument.symbol, int(newest.time[-1]) if newest is not None else before)

    def _topics(self, symbol: str) -> tuple[str, ...]:
        return (
            f"kline.{self._interval}.{symbol}",
            f"tickers.{symbol}",
            f"orderbook.1.{symbol}",
            f"publicTrade.{symbol}",
        )

    def _stream(self, number: int, topics: tuple[str, ...]) -> Stream:
        def changed(state: StreamState, why: str) -> None:
            self._changed(number, state, why)

        return Stream(self._connection.hosts.public, topics, wire=self._wire, ears=Ears(self._take, changed))

    def _join(self, held: Iterable[str]) -> None:
        # What the owner opens by hand: as long as one position has no price, no loss limit can be measured.
        book = self._connection.instruments
        new = [s for s in held if s not in self._quotes and s in book and book[s].status is not Status.CLOSED]
        if not new:
            return
        for symbol in new:
            self._quotes.follow(book[symbol])
        topics = [topic for symbol in new for topic in (f"tickers.{symbol}", f"orderbook.1.{symbol}")]
        self._begin(self._stream(self._streams, tuple(topics)).run())
        self._streams += 1

    def _begin(self, work: Coroutine[Any, Any, None]) -> None:
        if self._group is None:
            raise RuntimeError("the feed does not run")
        self._group.create_task(work)

    def _changed(self, number: int, state: StreamState, why: str) -> None:
        if state is StreamState.LOST:
            self._live.discard(number)
            self._why = why
            if self._outlets is not None and self._outlets.flow is not None:
                # What was traded meanwhile is not known.
                self._outlets.flow.reset()
            return
        self._live.add(number)
        if self._bars is not None:
            # What closed while nobody listened is asked for at once.
            self._bars.check(grace_ms=0)

    def _judge(self) -> None:
        # A stream that comes back at once is no news: what closed meanwhile is fetched, and nothing is traded on it.
        now = self._connection.clock.monotonic()
        if len(self._live) == self._streams:
            self._whole_s = now
            self._connection.health.well("public")
        elif now - self._whole_s > _PATIENCE_S:
            self._connection.health.wrong("public", VenueState.DEGRADED, f"market data does not arrive ({self._why})")

    async def _refresh_for_ever(self) -> None:
        wait_s = _REFRESH_S
        while True:
            await self._connection.clock.sleep(wait_s)
            try:
                await self.refresh()
            except QueryFailedError as error:
                log.warning("instruments could not be refreshed: %s", error)
                wait_s = _REFRESH_AGAIN_S
            else:
                wait_s = _REFRESH_S

    async def refresh(self) -> None:
        """Read the instruments again now and tell what changed of the wanted ones; raises QueryFailedError."""
        for instrument in await self._connection.instruments.refresh():
            if instrument.symbol in self._quotes:
                self._quotes.follow(instrument)
                if self._outlets is not None:
                    self._outlets.candles.follow(instrument)
                if instrument.status is Status.CLOSED and self._bars is not None:
                    self._bars.drop(instrument.symbol)
                self._put(InstrumentChanged(instrument, self._connection.time.now_ms()))

    # Messages

    def _put(self, event: Event) -> None:
        if self._outlets is not None:
            self._outlets.put(event)

    def _price(self, moved: PriceMoved) -> None:
        if self._outlets is not None:
            if self._outlets.quoted is not None:
                self._outlets.quoted(moved)
            self._outlets.put(moved)

    def _take(self, payload: dict[str, Any]) -> None:
        heard = message(payload)
        if isinstance(heard, BadData):
            self._complain(heard)
            return
        self._connection.time.hear(heard.at_ms)
        symbol = heard.topic[-1]
        if symbol not in self._quotes:
            return
        match heard.topic[0]:
            case "tickers":
                self._ticker(symbol, heard)
            case "orderbook":
                self._heard(self._quotes.take_book(symbol, heard.data, heard.at_ms))
                self._flow_book(symbol, heard)
            case "publicTrade":
                self._heard(self._quotes.take_trades(symbol, heard.data))
                self._flow_trades(symbol, heard)
            case "kline":
                self._candles(symbol, heard)

    def _flow_book(self, symbol: str, heard: Message) -> None:
        flow = self._outlets.flow if self._outlets is not None else None
        if flow is None or symbol not in flow:
            return
        row = top(heard.data, symbol)
        if isinstance(row, BadData):
            self._complain(row)
            return
        sizes = {"bid": row.bid, "bid_size": row.bid_size, "ask": row.ask, "ask_size": row.ask_size}
        event = flow.book(symbol, heard.at_ms, **sizes)
        if event is not None:
            # The decision is made at the quotes of this very update.
            self._quotes.flush_one(symbol)
            self._put(event)

    def _flow_trades(self, symbol: str, heard: Message) -> None:
        flow = self._outlets.flow if self._outlets is not None else None
        if flow is None or symbol not in flow:
            return
        rows = taken(heard.data, symbol)
        if isinstance(rows, BadData):
            self._complain(rows)
            return
        for row in rows:
            flow.trade(symbol, row.at_ms, row.quantity, bought=row.bought)

    def _heard(self, bad: BadData | None) -> None:
        if bad is not None:
            self._complain(bad)
        elif not self._flushing:
            # Messages that are here already are taken in before anything is told: a burst is one price.
            self._flushing = True
            asyncio.get_running_loop().call_soon(self._flush)

    def _flush(self) -> None:
        self._flushing = False
        self._quotes.flush()

    def _ticker(self, symbol: str, heard: Message) -> None:
        row = self._quotes.take_ticker(symbol, heard.data, heard.at_ms)
        if isinstance(row, BadData):
            self._complain(row)
            return
        self._heard(None)
        if row.turnover is not None and heard.at_ms - self._turnover_ms.get(symbol, 0) >= _TURNOVER_MS:
            self._turnover_ms[symbol] = heard.at_ms
            self._put(TurnoverReported(symbol, row.turnover, heard.at_ms))
        if row.funding is not None and self._outlets is not None and self._outlets.funded is not None:
            self._outlets.funded(symbol, *row.funding)

    def _candles(self, symbol: str, heard: Message) -> None:
        for row in heard.data if isinstance(heard.data, list) else [heard.data]:
            bar = streamed_candle(row, symbol, self._base_ms)
            if isinstance(bar, BadData):
                # It is missing now, and will be fetched like every other one that is.
                self._complain(bar)
            elif bar is not None and self._bars is not None:
                self._quotes.flush_one(symbol)
                self._bars.take(bar)

    def _complain(self, bad: BadData) -> None:
        # Once for each place: a feed that is wrong is wrong thousands of times a minute.
        if bad.where not in self._complained:
            self._complained.add(bad.where)
            log.warning("market data that cannot be used: %s", bad)


def _whole(bars: list[Bar]) -> Columns | None:
    if not bars:
        return None
    try:
        columns = columns_of(bars)
    except CandlesError as error:
        raise QueryFailedError(str(error)) from error
    first, end = columns.segments()[-1]
    return columns.rows(first, end)
