"""A backtest over trades and books: every tick in order of time, fills at the book of that moment.

Candles close before the ticks of the same instant; equity is noted at every close of a minute.
"""

from collections.abc import Callable

import numpy as np

from engine.backtest.desk import Settler
from engine.backtest.request import BacktestError, Request, Result
from engine.candles import Bar
from engine.core.events import InstrumentChanged, PriceMoved, TimePassed
from engine.core.money import MONEY_SCALE
from engine.core.trader import Trader
from engine.exchanges.simulated import SimulatedExchange
from engine.flow import Flow
from engine.marketdata import LiveCandles, nearest_tick
from engine.plan import needs
from engine.replay import BookTick, TradeTick, replay_ticks

type Progress = Callable[[float], None]


class TickLoop:
    """One run in progress."""

    def __init__(self, request: Request) -> None:
        self.request = request
        self.instruments = {tick.symbol: request.instruments[tick.symbol] for tick in request.ticks}
        self.trader = Trader(request.account, request.strategies, telling=False)
        self.exchange = SimulatedExchange(self.instruments.values(), wallet=request.wallet, terms=request.terms)
        self.trader.open_account(request.wallet, request.start_ms)
        self.settler = Settler(self.trader, self.exchange)
        self._seen = {symbol: [0, 0, 0] for symbol in self.instruments}
        self._times: list[int] = []
        self._equity: list[float] = []
        step = {columns.timeframe_ms for columns in request.data.values()}
        if len(step) != 1:
            raise BacktestError("ticks need candles of one length for all symbols")
        wanted = needs(request.account, request.strategies)
        try:
            self.candles = LiveCandles(wanted, self.instruments, base_ms=step.pop())
        except ValueError as error:
            raise BacktestError(str(error)) from error
        self.flow = Flow(self.candles, request.account, request.strategies)

    def run(self, progress: Progress | None = None) -> Result:
        """Go through the whole span."""
        request = self.request
        history = [part.slice(start_ms=0, end_ms=request.start_ms) for part in request.data.values()]
        self.candles.seed(history)
        for instrument in self.instruments.values():
            self.settler.feed(InstrumentChanged(instrument, request.start_ms), request.start_ms)
            for at_ms, rate in request.funding.get(instrument.symbol, {}).items():
                self.exchange.set_funding(instrument.symbol, at_ms, rate)
        length, told = max(1, request.end_ms - request.start_ms), request.start_ms
        sources = [*request.data.values(), *request.ticks]
        for row in replay_ticks(sources, start_ms=request.start_ms - 1, stop_ms=request.end_ms):
            at_ms = row.close_ms if isinstance(row, Bar) else row.time_ms
            self._row(row, at_ms)
            if progress is not None and (at_ms - told) * 100 >= length:
                told = at_ms
                progress((at_ms - request.start_ms) / length)
        return self._result()

    def _row(self, row: Bar | TradeTick | BookTick, at_ms: int) -> None:
        feed = self.settler.feed
        if isinstance(row, Bar):
            if row.time_ms >= self.request.start_ms:
                for told in self.candles.on_bar(row):
                    feed(told, at_ms)
                self._times.append(at_ms)
                self._equity.append(self.trader.workspace.equity() / MONEY_SCALE)
            return
        for told in self.candles.release():
            feed(told, at_ms)
        self._price(row, at_ms)
        if row.symbol in self.flow:
            self._flow(row, at_ms)
        feed(TimePassed(at_ms, at_ms), at_ms)

    def _price(self, row: TradeTick | BookTick, at_ms: int) -> None:
        instrument, seen = self.instruments[row.symbol], self._seen[row.symbol]
        if isinstance(row, TradeTick):
            seen[0] = nearest_tick(row.price, instrument)
        else:
            seen[1:] = nearest_tick(row.bid, instrument), nearest_tick(row.ask, instrument)
        last, bid, ask = seen[0] or seen[1], seen[1], seen[2]
        self.exchange.on_quote(row.symbol, at_ms, last, bid=bid, ask=ask)
        self.settler.settle(at_ms)
        self.settler.feed(PriceMoved(row.symbol, last, last, at_ms, bid, ask), at_ms)

    def _flow(self, row: TradeTick | BookTick, at_ms: int) -> None:
        event = self.flow.tick(row)
        if event is not None:
            self.settler.feed(event, at_ms)

    def _result(self) -> Result:
        # Bars of several symbols close at one instant: the last value of an instant counts.
        points = dict(zip(self._times, self._equity, strict=True))
        equity = np.array(list(points.values()), dtype=np.float64)
        settler = self.settler
        return Result(
            trades=tuple(settler.trades),
            fills=tuple(settler.fills),
            funding=tuple(settler.funding),
            holds=tuple(settler.holds),
            times=np.array(list(points), dtype=np.int64),
            equity=equity,
            signals=dict(settler.signals),
            bars=len(self._times),
            final_equity=self.trader.workspace.equity() / MONEY_SCALE,
            ambiguous=0,
            unfunded=sum(self.exchange.missing_funding(symbol) for symbol in self.instruments),
        )
