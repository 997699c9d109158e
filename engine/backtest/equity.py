"""The equity curve of a run: noted only when positions or wallet change, marked to market at every bar afterwards."""

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from engine.backtest.desk import Settler
from engine.backtest.market import Ints, Lane
from engine.backtest.request import Result
from engine.core.money import MONEY_SCALE
from engine.core.trader import Trader
from engine.exchanges.simulated import SimulatedExchange


class Recorder:
    """Collects what the books looked like from which bar on."""

    def __init__(self, lanes: Mapping[str, Lane], trader: Trader) -> None:
        self._lanes = lanes
        self._books = trader.workspace.state.portfolio
        self._wallets: list[tuple[int, int]] = []
        self._holdings: dict[str, list[tuple[int, int, int]]] = {symbol: [(0, 0, 0)] for symbol in lanes}

    def note(self, close_ms: int, settler: Settler) -> None:
        """Note the books at a bar's close, when an execution or funding changed them."""
        if not settler.moved:
            return
        settler.moved = False
        self._wallets.append((close_ms, self._books.wallet))
        for symbol, rows in self._holdings.items():
            position = self._books.positions.get(symbol)
            now = (position.qty, position.cost) if position else (0, 0)
            if rows[-1][1:] != now:
                rows.append((close_ms, *now))

    def result(self, settler: Settler, exchange: SimulatedExchange) -> Result:
        """Return the finished run."""
        times = self._axis()
        equity = self._equity(times)
        last = float(equity[-1]) if len(equity) else self._books.opening / MONEY_SCALE
        return Result(
            trades=tuple(settler.trades),
            fills=tuple(settler.fills),
            funding=tuple(settler.funding),
            times=times,
            equity=equity,
            signals=dict(settler.signals),
            bars=sum(lane.end - lane.first for lane in self._lanes.values()),
            final_equity=last,
            ambiguous=sum(trade.ambiguous for trade in settler.trades),
            unfunded=sum(exchange.missing_funding(symbol) for symbol in self._lanes),
        )

    def _axis(self) -> Ints:
        closes = [lane.time[lane.first : lane.end] + lane.step for lane in self._lanes.values()]
        return np.unique(np.concatenate(closes))

    def _equity(self, times: Ints) -> npt.NDArray[np.float64]:
        total = _steps(times, [(0, self._books.opening), *self._wallets])
        for symbol, rows in self._holdings.items():
            if len(rows) > 1:
                total += self._open_result(self._lanes[symbol], rows, times)
        return total / MONEY_SCALE

    def _open_result(self, lane: Lane, rows: list[tuple[int, int, int]], times: Ints) -> npt.NDArray[np.float64]:
        held = _steps(times, [(at, qty) for at, qty, _ in rows])
        cost = _steps(times, [(at, cost) for at, _, cost in rows])
        row = np.maximum(np.searchsorted(lane.time + lane.step, times, side="right") - 1, 0)
        value = lane.close[row] * np.abs(held) * lane.instrument.unit
        result: npt.NDArray[np.float64] = np.sign(held) * (value - cost)
        return result


def _steps(times: Ints, rows: list[tuple[int, int]]) -> npt.NDArray[np.float64]:
    starts = np.array([at for at, _ in rows], dtype=np.int64)
    values = np.array([value for _, value in rows], dtype=np.float64)
    found: npt.NDArray[np.float64] = values[np.searchsorted(starts, times, side="right") - 1]
    return found
