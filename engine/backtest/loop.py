"""The loop over history. One instant = one bar of every symbol that matters then, in the order a live desk meets it:

1. the open: funding, what was ordered before, stops the open jumped over, and what the desk orders in reaction;
2. inside the bar: stop, target, liquidation;
3. the close: marks move, time passes (layer 3, limits), then strategies decide; their orders meet the next open.

Bars at which nothing can happen are skipped: `engine.core.quiet` and the exchange's quiet band say which.
"""

from collections.abc import Callable, Iterator

import numpy as np

from engine.backtest.desk import Settler, Watcher
from engine.backtest.equity import Recorder
from engine.backtest.market import Lane, lanes
from engine.backtest.request import BacktestError, Request, Result
from engine.core.events import BarClosed, InstrumentChanged, PriceMoved, TimePassed, TurnoverReported
from engine.core.quiet import quiet
from engine.core.trader import Trader
from engine.exchanges.simulated import SimulatedExchange

type Progress = Callable[[float], None]
_SCAN = 64
_LONGEST = 8_192


class Loop:
    """One run in progress; `trader` and `exchange` may go on living after it (the demo's history)."""

    def __init__(
        self, request: Request, trader: Trader, exchange: SimulatedExchange, watcher: Watcher | None = None
    ) -> None:
        self.request = request
        self.trader = trader
        self.exchange = exchange
        self.settler = Settler(trader, exchange, watcher)
        span = request.start_ms, request.end_ms
        found = lanes(request.account, request.strategies, request.data, request.instruments, span=span)
        self.lanes = {lane.symbol: lane for lane in found}
        self._views = {
            s: tuple(memoryview(c) for c in (x.time, x.open, x.high, x.low, x.close)) for s, x in self.lanes.items()
        }
        times = [lane.time[lane.signals] for lane in self.lanes.values()]
        self._signals = np.unique(np.concatenate(times)) if times else np.empty(0, np.int64)
        self._floors = {s for p in request.account.profiles if p.turnover_floor for s in p.symbols}
        self.recorder = Recorder(self.lanes, trader)

    def run(self, progress: Progress | None = None) -> None:
        """Go through the whole span."""
        request = self.request
        for lane in self.lanes.values():
            self.settler.feed(InstrumentChanged(lane.instrument, request.start_ms), request.start_ms)
        for symbol, rates in request.funding.items():
            if symbol in self.lanes:
                for at_ms, rate in rates.items():
                    self.exchange.set_funding(symbol, at_ms, rate)
        length = max(1, request.end_ms - request.start_ms)
        told = 0.0
        for open_ms in self._instants():
            self._instant(open_ms)
            if progress is not None and (share := (open_ms - request.start_ms) / length) - told >= 0.01:
                told = share
                progress(share)

    # Which instants

    def _instants(self) -> Iterator[int]:
        at, end = self.request.start_ms, self.request.end_ms
        while (following := self._next(at)) is not None and following < end:
            yield following
            at = following + 1

    def _next(self, at: int) -> int | None:
        signal = int(np.searchsorted(self._signals, at))
        found = [int(self._signals[signal])] if signal < len(self._signals) else []
        busy = self._busy()
        limit = found[0] if found else self.request.end_ms
        if len(busy) == 1:
            found.append(self._wake(self.lanes[busy[0]], at, limit))
        else:
            found.extend(self._row_time(self.lanes[symbol], self.lanes[symbol].row(at)) for symbol in busy)
        return min(found, default=None)

    def _busy(self) -> list[str]:
        books = self.trader.workspace
        busy = dict.fromkeys(books.positions)
        for order in books.state.book.open():
            busy[order.ticket.symbol] = None
        return list(busy)

    def _row_time(self, lane: Lane, row: int) -> int:
        return int(lane.time[row]) if row < lane.end else self.request.end_ms

    def _wake(self, lane: Lane, at: int, limit: int) -> int:
        row = lane.row(at)
        band = self.exchange.quiet_band(lane.symbol)
        mine = quiet(self.trader.workspace) if self.request.skipping else None
        if band is None or mine is None:
            return self._row_time(lane, row)
        until = min(limit, mine.until_ms - lane.step, self.exchange.next_funding_ms(lane.symbol))
        end = min(lane.row(until), lane.end)
        woken = _first_outside(lane, row, end, inside=band, close=(mine.low, mine.high))
        if woken > row:
            position = self.trader.workspace.positions[lane.symbol]
            position.see(int(lane.low[row:woken].min()), int(lane.high[row:woken].max()))
        return self._row_time(lane, woken)

    # One instant

    def _instant(self, open_ms: int) -> None:
        busy = self._busy()
        rows = {}
        for symbol, lane in self.lanes.items():
            row = lane.row(open_ms)
            if (
                row < lane.end
                and self._views[symbol][0][row] == open_ms
                and (symbol in busy or self._signalling(lane, row))
            ):
                rows[symbol] = row
        traded = [symbol for symbol in rows if symbol in busy]
        for symbol in traded:
            self.exchange.open_bar(symbol, open_ms, self._views[symbol][1][rows[symbol]])
            while self.settler.settle(open_ms):
                self.exchange.fill_pending(symbol)
        for symbol in traded:
            _, _, high, low, close = self._views[symbol]
            row = rows[symbol]
            close_ms = open_ms + self.lanes[symbol].step
            self.exchange.close_bar(symbol, close_ms, high[row], low[row], close[row])
            self.settler.settle(close_ms)
        self._close(open_ms, rows, busy)

    def _signalling(self, lane: Lane, row: int) -> bool:
        found = int(np.searchsorted(lane.signals, row))
        return found < len(lane.signals) and int(lane.signals[found]) == row

    def _close(self, open_ms: int, rows: dict[str, int], busy: list[str]) -> None:
        feed = self.settler.feed
        for symbol, row in rows.items():
            _, _, high, low, close = self._views[symbol]
            close_ms = open_ms + self.lanes[symbol].step
            if symbol not in busy:
                self.exchange.advance(symbol, close_ms, close[row])
            feed(PriceMoved(symbol, close[row], close[row], close_ms, 0, 0, low[row], high[row]), close_ms)
        step = max(self.lanes[symbol].step for symbol in rows) if rows else 0
        feed(TimePassed(open_ms + step, open_ms + step), open_ms + step)
        for symbol, row in rows.items():
            self._decide(self.lanes[symbol], row, open_ms + self.lanes[symbol].step)
        self.recorder.note(open_ms + step, self.settler)

    def _decide(self, lane: Lane, row: int, close_ms: int) -> None:
        for frame in lane.frames:
            coarse = frame.row_at[row]
            if coarse < 0:
                continue
            if lane.symbol in self._floors:
                turnover = int(lane.turnover[row])
                self.settler.feed(TurnoverReported(lane.symbol, turnover, close_ms), close_ms)
            frame.row.at(coarse, close_ms)
            event = BarClosed(lane.symbol, frame.timeframe, close_ms, self._views[lane.symbol][4][row], frame.row)
            self.settler.feed(event, close_ms)


def _readable(lane: Lane) -> tuple[memoryview, ...]:
    return tuple(memoryview(column) for column in (lane.time, lane.open, lane.high, lane.low, lane.close))


def _first_outside(lane: Lane, row: int, end: int, *, inside: tuple[int, int], close: tuple[int, int]) -> int:
    length = _SCAN
    while row < end:
        part = slice(row, min(row + length, end))
        hit = (lane.low[part] <= inside[0]) | (lane.high[part] >= inside[1])
        hit |= (lane.close[part] <= close[0]) | (lane.close[part] >= close[1])
        first = int(hit.argmax())
        if hit[first]:
            return row + first
        row = part.stop
        length = min(length * 4, _LONGEST)
    return end


def run(request: Request, progress: Progress | None = None) -> Result:
    """Run a backtest; raises BacktestError when the request cannot be run."""
    missing = [s for p in request.account.profiles for s in p.symbols if s not in request.data]
    usable = [s for s in request.data if any(s in p.symbols for p in request.account.profiles)]
    if not usable:
        raise BacktestError(f"no candles for any symbol of the profiles; they trade {', '.join(missing) or 'nothing'}")
    trader = Trader(request.account, request.strategies, telling=False)
    exchange = SimulatedExchange((request.instruments[s] for s in usable), wallet=request.wallet, terms=request.terms)
    trader.open_account(request.wallet, request.start_ms)
    try:
        loop = Loop(request, trader, exchange)
    except ValueError as error:
        raise BacktestError(str(error)) from error
    loop.run(progress)
    return loop.recorder.result(loop.settler, exchange)
