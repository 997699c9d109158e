"""The equity curve of a run: noted only when positions or wallet change, marked to market at every bar afterwards."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from engine.backtest.desk import Settler
from engine.backtest.market import Ints, Lane
from engine.backtest.request import Result
from engine.core.money import MONEY_SCALE
from engine.core.trader import Trader
from engine.exchanges.simulated import SimulatedExchange

type _Held = tuple[int, int, int]


class Recorder:
    """Collects what the books looked like from which bar's close on: wallet, and quantity and cost of each symbol."""

    def __init__(self, lanes: Sequence[Lane], trader: Trader) -> None:
        self._lanes = lanes
        self._books = trader.workspace.state.portfolio
        self._opening = self._books.wallet
        self._wallets: list[tuple[int, int]] = [(0, self._books.wallet)]
        self._holdings: dict[str, list[_Held]] = {lane.symbol: [(0, 0, 0)] for lane in lanes}

    def note(self, close_ms: int, settler: Settler) -> None:
        """Note the books at a bar's close, as far as executions or funding changed them."""
        self._wallets.append((close_ms, self._books.wallet))
        for symbol in settler.moved:
            position = self._books.positions.get(symbol)
            qty, cost = (position.qty, position.cost) if position else (0, 0)
            self._holdings[symbol].append((close_ms, qty, cost))
        settler.moved.clear()

    def result(self, settler: Settler, exchange: SimulatedExchange) -> Result:
        """Return the finished run."""
        times = _axis(self._lanes)
        equity = self._equity(times)
        return Result(
            trades=tuple(settler.trades),
            fills=tuple(settler.fills),
            funding=tuple(settler.funding),
            holds=tuple(settler.holds),
            times=times,
            equity=equity,
            signals=dict(settler.signals),
            bars=sum(lane.end - lane.first for lane in self._lanes),
            final_equity=float(equity[-1]) if len(equity) else self._opening / MONEY_SCALE,
            ambiguous=sum(trade.ambiguous for trade in settler.trades),
            unfunded=sum(exchange.missing_funding(lane.symbol) for lane in self._lanes),
        )

    def _equity(self, times: Ints) -> npt.NDArray[np.float64]:
        total = _steps(times, self._wallets).astype(np.float64)
        for lane in self._lanes:
            rows = self._holdings[lane.symbol]
            if len(rows) > 1:
                total += _open_result(lane, rows, times)
        return total / MONEY_SCALE


def _axis(lanes: Sequence[Lane]) -> Ints:
    closes = [lane.time[lane.first : lane.end] + lane.step for lane in lanes]
    return closes[0] if len(closes) == 1 else np.unique(np.concatenate(closes))


def _open_result(lane: Lane, rows: list[_Held], times: Ints) -> Ints:
    held = _steps(times, [(at, qty) for at, qty, _ in rows])
    cost = _steps(times, [(at, cost) for at, _, cost in rows])
    # The last close known at each time: at a gap of this symbol the one before it.
    row = np.maximum(np.searchsorted(lane.time, times - lane.step, side="right") - 1, 0)
    value = lane.close[row] * np.abs(held) * lane.instrument.unit
    result: Ints = np.sign(held) * (value - cost)
    return result


def _steps(times: Ints, rows: Sequence[tuple[int, int]]) -> Ints:
    # Each value holds from its own time until the next one's.
    starts = np.searchsorted(times, np.array([at for at, _ in rows], dtype=np.int64))
    return np.repeat(np.array([value for _, value in rows], dtype=np.int64), np.diff(starts, append=len(times)))
