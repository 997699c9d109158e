"""The demo's markets as live feeds: recorded or generated bars in lockstep with the desk, and generated ticks at a
chosen speed.

A feed drives the paper exchange and the desk with the same prices. It is the market's clock.
"""

import heapq
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import attrgetter

from engine.candles import Bar
from engine.clock import Clock
from engine.core.events import PriceMoved, TimePassed
from engine.core.market import HOUR_MS, MINUTE_MS, Instrument
from engine.core.money import rate_to_e8
from engine.exchanges.paper import PaperExchange
from engine.flow import Flow
from engine.generator import Market
from engine.generator_ticks import Tick
from engine.live import TICK_S, Desk
from engine.marketdata import LiveCandles, nearest_tick

type Beat = Callable[[], None]
FUNDING_MS = 8 * HOUR_MS
# Ticks due within that time are played at once; and the longest the feed works before others get a turn on the loop.
_PAUSE_S = 0.05
_TURN_S = 0.005
# A market faster than the desk can follow waits for it instead of filling the memory.
_BACKLOG = 2_000


def no_beat() -> None:
    """Stand in for a heartbeat nobody watches."""


@dataclass(frozen=True, slots=True)
class Parts:
    """What a feed drives."""

    desk: Desk
    paper: PaperExchange
    candles: LiveCandles
    instruments: Mapping[str, Instrument]
    clock: Clock


class BarFeed:
    """Bars in lockstep: the desk is waited for at the open, inside and at the close of every bar, as a backtest does
    it.

    `speed` is how many times faster than real time bars come; None is as fast as the desk can follow. A generated
    market settles funding; recorded candles come without rates.
    """

    def __init__(self, parts: Parts, bars: Iterable[Bar], *, speed: float | None, market: Market | None = None) -> None:
        self._parts = parts
        self._market = market
        self._bars = bars
        self._speed = speed
        self.ended = False

    async def run(self, beat: Beat = no_beat) -> None:
        """Play every bar, then go on telling the time."""
        for _, bars in groupby(self._bars, key=attrgetter("close_ms")):
            beat()
            await self.play(list(bars))
        self.ended = True
        while True:
            beat()
            self._tell_time()
            await self._parts.clock.sleep(TICK_S)

    async def play(self, bars: Sequence[Bar]) -> None:
        """Play the bars of one instant."""
        for bar in bars:
            await self._open(bar)
        await self._wait(bars[0].timeframe_ms)
        for bar in bars:
            await self._inside(bar)
        await self._close(bars)

    async def _open(self, bar: Bar) -> None:
        desk, paper = self._parts.desk, self._parts.paper
        if self._market is not None and bar.time_ms % FUNDING_MS == 0:
            _set_rate(self._parts, self._market, bar.symbol, bar.time_ms)
        paper.open_bar(bar.symbol, bar.time_ms, self._ticks(bar.symbol, bar.open))
        while True:
            before = desk.steps
            await desk.settle()
            paper.fill_pending(bar.symbol)
            await desk.settle()
            if desk.steps == before:
                return

    async def _inside(self, bar: Bar) -> None:
        high, low, close = (self._ticks(bar.symbol, price) for price in (bar.high, bar.low, bar.close))
        self._parts.paper.close_bar(bar.symbol, bar.close_ms, high, low, close)
        await self._parts.desk.settle()

    async def _close(self, bars: Sequence[Bar]) -> None:
        desk = self._parts.desk
        for bar in bars:
            high, low, close = (self._ticks(bar.symbol, price) for price in (bar.high, bar.low, bar.close))
            desk.put(PriceMoved(bar.symbol, close, close, bar.close_ms, 0, 0, low, high))
        self._tell_time(bars[0].close_ms)
        await desk.settle()
        for bar in bars:
            for told in self._parts.candles.on_bar(bar):
                desk.put(told)
            await desk.settle()
        # Whatever did not come at this instant will not come.
        for told in self._parts.candles.release():
            desk.put(told)
        await desk.settle()

    async def _wait(self, length_ms: int) -> None:
        if self._speed is None:
            return
        clock = self._parts.clock
        until = clock.monotonic() + length_ms / 1000 / self._speed
        while (left := until - clock.monotonic()) > 0:
            self._tell_time()
            await clock.sleep(min(left, TICK_S))

    def _tell_time(self, market_ms: int = 0) -> None:
        desk = self._parts.desk
        desk.put(TimePassed(market_ms or desk.trader.workspace.now_ms, self._parts.clock.wall_ms()))

    def _ticks(self, symbol: str, price: float) -> int:
        return nearest_tick(price, self._parts.instruments[symbol])


class TickFeed:
    """Generated trades and best quotes of every symbol, minute after minute, `speed` times faster than real time."""

    def __init__(self, parts: Parts, market: Market, *, start_ms: int, speed: float) -> None:
        self._parts = parts
        self._market = market
        self._minute_ms = start_ms - start_ms % MINUTE_MS
        self._speed = speed
        workspace = parts.desk.trader.workspace
        self._flow = Flow(parts.candles, workspace.account, workspace.strategies)

    async def run(self, beat: Beat = no_beat) -> None:
        """Play minute after minute for ever; a late minute is caught up with, not skipped."""
        clock = self._parts.clock
        began = clock.monotonic()
        first_ms = self._minute_ms
        while True:
            await self._fund()
            turn = clock.monotonic()
            for symbol, tick in await self._minute():
                beat()
                now = clock.monotonic()
                early = began + (tick.time_ms - first_ms) / 1000 / self._speed - now
                if early > _PAUSE_S or now - turn > _TURN_S:
                    await self._pause(early, beat)
                    turn = clock.monotonic()
                self._tick(symbol, tick)
            self._minute_ms += MINUTE_MS
            await self._bars()

    async def _pause(self, early: float, beat: Beat) -> None:
        await self._parts.clock.sleep(early if early > _PAUSE_S else 0)
        while self._parts.desk.backlog > _BACKLOG:
            beat()
            await self._parts.clock.sleep(0)

    async def _minute(self) -> Iterator[tuple[str, Tick]]:
        streams = []
        for number, symbol in enumerate(self._parts.instruments):
            streams.append(self._stream(number, symbol))
            # A new day of one symbol takes some milliseconds; sixteen in one go would hold the loop for too long.
            await self._parts.clock.sleep(0)
        merged = heapq.merge(*streams, key=lambda row: row[:2])
        return ((symbol, tick) for _, _, symbol, tick in merged)

    def _stream(self, number: int, symbol: str) -> list[tuple[int, int, str, Tick]]:
        return [(tick.time_ms, number, symbol, tick) for tick in self._market.ticks(symbol, self._minute_ms)]

    def _tick(self, symbol: str, tick: Tick) -> None:
        instrument = self._parts.instruments[symbol]
        last, bid, ask = (nearest_tick(price, instrument) for price in (tick.last, tick.bid, tick.ask))
        self._parts.paper.on_quote(symbol, tick.time_ms, last, bid=bid, ask=ask)
        self._parts.desk.put(PriceMoved(symbol, last, last, tick.time_ms, bid, ask))
        if symbol in self._flow:
            self._flow_of(symbol, tick)

    def _flow_of(self, symbol: str, tick: Tick) -> None:
        for quantity, bought in ((tick.buy_volume, True), (tick.sell_volume, False)):
            if quantity:
                self._flow.trade(symbol, tick.time_ms, quantity, bought=bought)
        sizes = {"bid": tick.bid, "bid_size": tick.bid_size, "ask": tick.ask, "ask_size": tick.ask_size}
        event = self._flow.book(symbol, tick.time_ms, **sizes)
        if event is not None:
            self._parts.desk.put(event)

    async def _fund(self) -> None:
        if self._minute_ms % FUNDING_MS == 0:
            for symbol in self._parts.instruments:
                _set_rate(self._parts, self._market, symbol, self._minute_ms)
                await self._parts.clock.sleep(0)

    async def _bars(self) -> None:
        opened = self._minute_ms - MINUTE_MS
        for symbol in self._parts.instruments:
            bar = self._market.candles(symbol, start_ms=opened, end_ms=self._minute_ms).bar(0)
            for told in self._parts.candles.on_bar(bar):
                self._parts.desk.put(told)
            # Sixteen symbols' indicators in one go would hold the loop for too long.
            await self._parts.clock.sleep(0)
        for told in self._parts.candles.release():
            self._parts.desk.put(told)


def _set_rate(parts: Parts, market: Market, symbol: str, at_ms: int) -> None:
    parts.paper.set_funding(symbol, at_ms, rate_to_e8(repr(market.funding(symbol, at_ms))))


def generated_bars(market: Market, symbols: Sequence[str], *, start_ms: int) -> Iterator[Bar]:
    """Yield generated minutes of all symbols in order of time, for ever."""
    at = start_ms - start_ms % MINUTE_MS
    while True:
        end = at + HOUR_MS
        columns = [market.candles(symbol, start_ms=at, end_ms=end) for symbol in symbols]
        for row in range(HOUR_MS // MINUTE_MS):
            for part in columns:
                yield part.bar(row)
        at = end
