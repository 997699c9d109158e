"""Live candles without holes: what the stream missed is fetched, taken in first, and never traded on.

A bar counts as live only when it comes through the stream soon after its close; every other one is history by the time
it is here.
"""

from collections.abc import Awaitable, Callable, Coroutine, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from engine.candles import Bar
from engine.clock import Clock
from engine.core.events import BarClosed, DataHealed, DataTroubled, Event, TurnoverReported
from engine.core.feed_events import Warming
from engine.exchanges.base import QueryFailedError
from engine.marketdata import LiveCandles

# How long after its close a bar may still open positions, and from when on it is asked for.
FRESH_MS = 15_000
OVERDUE_MS = 5_000
# How long a decision waits for a bar of another symbol that closes at the same instant.
PATIENCE_S = 2.0
_RETRY_S = 2.0
_RETRY_MOST_S = 30.0

type Fetch = Callable[[str, int, int], Awaitable[list[Bar]]]
type Begin = Callable[[Coroutine[Any, Any, None]], None]


@dataclass(slots=True)
class _Symbol:
    last_ms: int
    filling: bool = False
    held: dict[int, Bar] = field(default_factory=dict)


class Bars:
    """Feeds base bars into the live candles, in order. `fetch(symbol, start_ms, end_ms)` returns closed bars or raises
    QueryFailedError; `now_ms` is the exchange's time; `begin` runs a task.
    """

    def __init__(
        self,
        candles: LiveCandles,
        put: Callable[[Event], None],
        *,
        fetch: Fetch,
        begin: Begin,
        clock: Clock,
        now_ms: Callable[[], int],
        base_ms: int,
    ) -> None:
        self._candles = candles
        self._put = put
        self._fetch = fetch
        self._begin = begin
        self._clock = clock
        self._now_ms = now_ms
        self._base_ms = base_ms
        self._symbols: dict[str, _Symbol] = {}
        self._patient = False

    def follow(self, symbol: str, last_ms: int) -> None:
        """Begin with a symbol whose newest known bar opened at `last_ms`."""
        self._symbols[symbol] = _Symbol(last_ms)

    def drop(self, symbol: str) -> None:
        """Expect no more bars of a symbol."""
        self._symbols.pop(symbol, None)

    def take(self, bar: Bar) -> None:
        """Take in a bar from the stream."""
        symbol = self._symbols.get(bar.symbol)
        if symbol is None or bar.time_ms <= symbol.last_ms:
            return
        if bar.time_ms == symbol.last_ms + self._base_ms:
            self._live(symbol, bar)
            return
        symbol.held[bar.time_ms] = bar
        self._fill(bar.symbol, symbol)

    def check(self, *, at_once: bool = False) -> None:
        """Ask for every bar that should have come by now; `at_once`: for those that could have."""
        now, grace_ms = self._now_ms(), 0 if at_once else OVERDUE_MS
        for name, symbol in self._symbols.items():
            if now >= symbol.last_ms + 2 * self._base_ms + grace_ms:
                self._fill(name, symbol)

    def _live(self, symbol: _Symbol, bar: Bar) -> None:
        symbol.last_ms = bar.time_ms
        told: Sequence[Event] = self._candles.on_bar(bar)
        if self._now_ms() - bar.close_ms > FRESH_MS:
            told = _as_history([*told, *self._candles.release(bar.symbol)])
        elif self._candles.waiting and not self._patient:
            self._patient = True
            self._begin(self._released())
        for event in told:
            self._put(event)

    async def _released(self) -> None:
        await self._clock.sleep(PATIENCE_S)
        self._patient = False
        for event in self._candles.release():
            self._put(event)

    def _fill(self, name: str, symbol: _Symbol) -> None:
        if not symbol.filling:
            symbol.filling = True
            self._begin(self._filled(name, symbol))

    async def _filled(self, name: str, symbol: _Symbol) -> None:
        wait, troubled = _RETRY_S, False
        try:
            while not await self._fetched(name, symbol):
                if not troubled:
                    troubled = True
                    self._put(DataTroubled(name, "closed candles are missing and could not be fetched", self._now_ms()))
                await self._clock.sleep(wait)
                wait = min(wait * 2, _RETRY_MOST_S)
        finally:
            symbol.filling = False
        if troubled:
            self._put(DataHealed(name, self._now_ms()))
        held, symbol.held = symbol.held, {}
        for _, bar in sorted(held.items()):
            self.take(bar)

    async def _fetched(self, name: str, symbol: _Symbol) -> bool:
        before = symbol.last_ms
        try:
            bars = await self._fetch(name, before + self._base_ms, self._now_ms())
        except QueryFailedError:
            return False
        told: list[Event] = []
        for bar in bars:
            if bar.time_ms in symbol.held:
                # What the stream delivered meanwhile goes the stream's way: it may be fresh.
                break
            if bar.time_ms > symbol.last_ms:
                symbol.last_ms = bar.time_ms
                told.extend(self._candles.on_bar(bar))
                told.extend(self._candles.release(name))
                # Indicators of a long gap must not hold the loop.
                await self._clock.sleep(0)
        for event in _as_history(told):
            self._put(event)
        return symbol.last_ms > before or self._begins_at_held(symbol, bars)

    def _begins_at_held(self, symbol: _Symbol, bars: Sequence[Bar]) -> bool:
        first = min(symbol.held, default=None)
        if first is None or not bars or bars[-1].time_ms < first:
            return False
        # The exchange itself has nothing in between: the candles begin anew behind the hole.
        symbol.last_ms = first - self._base_ms
        return True


def _as_history(told: Iterable[Event]) -> list[Event]:
    # Of what has passed only the newest matters: one bar of each timeframe, marked as history.
    newest: dict[tuple[object, ...], Event] = {}
    for event in told:
        match event:
            case BarClosed():
                newest["bar", event.symbol, event.timeframe] = replace(event, backfilled=True)
            case TurnoverReported():
                newest["turnover", event.symbol] = event
            case Warming():
                newest["warming", event.symbol, event.timeframe] = event
            case DataTroubled():
                newest["data", event.symbol] = event
            case DataHealed():
                newest.pop(("data", event.symbol), None)
    return list(newest.values())
