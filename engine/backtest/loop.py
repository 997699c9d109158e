"""The loop over history. One instant = one bar of every symbol that matters then, in the order a live desk meets it:

1. the open: funding, what was ordered before, stops the open jumped over, and what the desk orders in reaction;
2. inside the bar: stop, target, liquidation;
3. the close: marks move, time passes (layer 3, limits), then strategies decide; their orders meet the next open.

Bars at which nothing can happen are skipped: `engine.core.quiet` and the exchange's quiet band say which.
"""

import gc
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

from engine.backtest.desk import Settler, Watcher
from engine.backtest.equity import Recorder
from engine.backtest.market import Lane, lanes
from engine.backtest.request import BacktestError, Request, Result
from engine.backtest.schedule import Signals, sleep
from engine.backtest.ticks import TickLoop
from engine.core.events import BarClosed, InstrumentChanged, PriceMoved, TimePassed, TurnoverReported
from engine.core.market import timeframe_name
from engine.core.quiet import quiet, slept
from engine.core.trader import Trader
from engine.exchanges.simulated import SimulatedExchange
from engine.user_strategies import Guarded

type Progress = Callable[[float], None]


class Loop:
    """One run in progress; `trader` and `exchange` may go on living after it (the demo's history)."""

    def __init__(
        self, request: Request, trader: Trader, exchange: SimulatedExchange, watcher: Watcher | None = None
    ) -> None:
        self.request = request
        self.trader = trader
        self.exchange = exchange
        self.settler = Settler(trader, exchange, watcher)
        self.lanes = _prepared(request)
        self.step = self.lanes[0].step
        self.recorder = Recorder(self.lanes, trader)
        self._numbers = {lane.symbol: number for number, lane in enumerate(self.lanes)}
        self._signals = Signals(self.lanes, request.end_ms)
        self._floors = {s for p in request.account.profiles if p.turnover_floor for s in p.symbols}
        self._busy: list[int] = []

    def run(self, progress: Progress | None = None) -> None:
        """Go through the whole span."""
        request = self.request
        for lane in self.lanes:
            self.settler.feed(InstrumentChanged(lane.instrument, request.start_ms), request.start_ms)
            for at_ms, rate in request.funding.get(lane.symbol, {}).items():
                self.exchange.set_funding(lane.symbol, at_ms, rate)
        length = max(1, request.end_ms - request.start_ms)
        told = request.start_ms
        for open_ms in self._instants():
            self._instant(open_ms)
            if progress is not None and (open_ms - told) * 100 >= length:
                told = open_ms
                progress((open_ms - request.start_ms) / length)

    # Which instants

    def _instants(self) -> Iterator[int]:
        at, end = self.request.start_ms, self.request.end_ms
        while (following := self._next(at)) < end:
            yield following
            at = following + 1

    def _next(self, at: int) -> int:
        self._busy = busy = self._what_is_busy()
        if not self.request.skipping or len(busy) > 1:
            return self._grid(at)
        signal = self._signals.next_ms()
        return self._wake(self.lanes[busy[0]], at, signal) if busy else signal

    def _grid(self, at: int) -> int:
        # Time passes bar by bar, also where a symbol has a hole.
        return -(-at // self.step) * self.step

    def _what_is_busy(self) -> list[int]:
        state = self.trader.workspace.state
        symbols = set(state.portfolio.positions)
        for order in state.book.open():
            symbols.add(order.ticket.symbol)
        numbers = [self._numbers[symbol] for symbol in symbols]
        if len(numbers) > 1:
            numbers.sort()
        return numbers

    def _wake(self, lane: Lane, at: int, limit: int) -> int:
        following = self._grid(at)
        band = self.exchange.quiet_band(lane.symbol)
        mine = quiet(self.trader.workspace) if band is not None else None
        if band is None or mine is None:
            return following
        due = min(self._grid(mine.until_ms - lane.step), self._grid(self.exchange.next_funding_ms(lane.symbol)), limit)
        row, end = lane.row(at), min(lane.row(due), lane.end)
        seen = sleep(lane, row, end, inside=band, close=(mine.low, mine.high))
        woken = max(lane.view.time[seen.woken] if seen.woken < end else due, following)
        if seen.woken > row:
            last_ms, last = lane.view.time[seen.woken - 1] + lane.step, lane.view.close[seen.woken - 1]
            self.exchange.advance(lane.symbol, last_ms, last)
            self.settler.feed(PriceMoved(lane.symbol, last, last, last_ms, 0, 0, seen.low, seen.high), last_ms)
        if woken > following:
            slept(self.trader.workspace, woken)
        return woken

    # One instant

    def _instant(self, open_ms: int) -> None:
        close_ms = open_ms + self.step
        deciding = self._signals.take(open_ms)
        traded = self._trade(open_ms, close_ms) if self._busy else {}
        for number, row in deciding.items():
            if number not in traded:
                lane = self.lanes[number]
                self.exchange.advance(lane.symbol, close_ms, lane.view.close[row])
        feed = self.settler.feed
        for number, row in _in_order(traded, deciding):
            lane = self.lanes[number]
            _, _, high, low, close = lane.view
            last = close[row]
            feed(PriceMoved(lane.symbol, last, last, close_ms, 0, 0, low[row], high[row]), close_ms)
        feed(TimePassed(close_ms, close_ms), close_ms)
        for number, row in deciding.items():
            self._decide(self.lanes[number], row, close_ms)
        if self.settler.moved:
            self.recorder.note(close_ms, self.settler)

    def _trade(self, open_ms: int, close_ms: int) -> dict[int, int]:
        rows, awake = {}, []
        exchange, settle = self.exchange, self.settler.settle
        for number in self._busy:
            lane = self.lanes[number]
            row = lane.row(open_ms)
            if lane.row_time(row, 0) != open_ms:
                continue
            rows[number] = row
            _, open_, high, low, close = lane.view
            symbol, highest, lowest, last = lane.symbol, high[row], low[row], close[row]
            if exchange.pass_quietly(symbol, open_ms, close_ms, highest, lowest, last):
                continue
            awake.append((symbol, highest, lowest, last))
            exchange.open_bar(symbol, open_ms, open_[row])
            while settle(open_ms):
                exchange.fill_pending(symbol)
        for symbol, highest, lowest, last in awake:
            exchange.close_bar(symbol, close_ms, highest, lowest, last)
            settle(close_ms)
        return rows

    def _decide(self, lane: Lane, row: int, close_ms: int) -> None:
        for frame in lane.frames:
            coarse = frame.row_at[row]
            if coarse < 0:
                continue
            if lane.symbol in self._floors:
                turnover = int(lane.turnover[row])
                self.settler.feed(TurnoverReported(lane.symbol, turnover, close_ms), close_ms)
            frame.row.at(coarse, close_ms)
            event = BarClosed(lane.symbol, frame.timeframe, close_ms, lane.view.close[row], frame.row)
            self.settler.feed(event, close_ms)


def _in_order(traded: dict[int, int], deciding: dict[int, int]) -> Iterable[tuple[int, int]]:
    if not traded or not deciding:
        return (traded or deciding).items()
    return sorted((traded | deciding).items())


def _prepared(request: Request) -> tuple[Lane, ...]:
    span = request.start_ms, request.end_ms
    try:
        found = tuple(
            lanes(
                request.account,
                request.strategies,
                request.data,
                request.instruments,
                span=span,
                every=not request.skipping,
            )
        )
    except ValueError as error:
        raise BacktestError(str(error)) from error
    if not found:
        traded = ", ".join(s for p in request.account.profiles for s in p.symbols) or "nothing"
        raise BacktestError(f"no candles for any symbol of the profiles; they trade {traded}")
    steps = {timeframe_name(lane.step): lane.symbol for lane in found}
    if len(steps) > 1:
        kinds = ", ".join(f"{symbol} {name}" for name, symbol in steps.items())
        raise BacktestError(f"candles of different lengths ({kinds}): give every symbol candles of one length")
    return found


def run(request: Request, progress: Progress | None = None) -> Result:
    """Run a backtest; raises BacktestError when the request cannot be run, or a user's strategy failed on the way."""
    result = TickLoop(request).run(progress) if request.ticks else _over_bars(request, progress)
    for strategy in request.strategies.values():
        if isinstance(strategy, Guarded) and strategy.disabled:
            raise BacktestError(f"{strategy.path.name}: {strategy.disabled}")
    return result


def _over_bars(request: Request, progress: Progress | None) -> Result:
    usable = [s for s in request.data if any(s in p.symbols for p in request.account.profiles)]
    trader = Trader(request.account, request.strategies, telling=False)
    exchange = SimulatedExchange((request.instruments[s] for s in usable), wallet=request.wallet, terms=request.terms)
    trader.open_account(request.wallet, request.start_ms)
    loop = Loop(request, trader, exchange)
    with _uncollected():
        loop.run(progress)
    return loop.recorder.result(loop.settler, exchange)


@contextmanager
def _uncollected() -> Iterator[None]:
    # A run makes many small values and no cycles: the collector would only look them over again and again.
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
