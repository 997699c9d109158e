"""One-minute candles of the venue's market: generated ones, and where the control API moved a price, what followed.

Everything is a function of the seed and of the list of moves, so any window gives the same candles before and after a
restart.
"""

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from engine.core.market import MINUTE_MS, Instrument
from engine.core.money import Ticks
from engine.generator import Market
from engine.generator_ticks import Tick
from engine.validate import Floats, Times


@dataclass(frozen=True, slots=True)
class Move:
    """From `at_ms` on, generated prices of a symbol are multiplied by `factor`; `price` was traded at that instant."""

    at_ms: int
    factor: float
    price: float


@dataclass(frozen=True, slots=True, eq=False)
class Minutes:
    """Columns of one-minute candles in ascending order; `turnover` in quote currency."""

    time: Times
    open: Floats
    high: Floats
    low: Floats
    close: Floats
    volume: Floats
    turnover: Floats


def to_ticks(price: float, instrument: Instrument) -> Ticks:
    """Return the nearest tick of a price, at least one."""
    return max(1, round(price / float(instrument.tick)))


class History:
    """Candles and ticks of a generated market with moves."""

    def __init__(self, market: Market) -> None:
        self.market = market
        self._moves: dict[str, list[Move]] = {}

    def move(self, symbol: str, move: Move) -> None:
        """Multiply prices from an instant on."""
        self._moves.setdefault(symbol, []).append(move)

    def factor(self, symbol: str, at_ms: int) -> float:
        """Return what generated prices of an instant are multiplied by."""
        moves = self._moves.get(symbol)
        if not moves:
            return 1.0
        row = bisect_right(moves, at_ms, key=lambda move: move.at_ms)
        return moves[row - 1].factor if row else 1.0

    def stored(self) -> dict[str, list[list[float]]]:
        """Return the moves for the state file."""
        return {s: [[m.at_ms, m.factor, m.price] for m in moves] for s, moves in self._moves.items()}

    def restore(self, stored: dict[str, list[list[float]]]) -> None:
        """Take over stored moves."""
        for symbol, rows in stored.items():
            self._moves[symbol] = [Move(int(at), factor, price) for at, factor, price in rows]

    def ticks(self, symbol: str, minute_ms: int) -> list[Tick]:
        """Return the generated ticks of a minute, not yet multiplied."""
        return self.market.ticks(symbol, minute_ms)

    def minutes(self, symbol: str, start_ms: int, end_ms: int, instrument: Instrument) -> Minutes:
        """Return the closed candles that open in [start, end), multiplied and on the price grid."""
        columns = self.market.candles(symbol, start_ms=start_ms, end_ms=end_ms)
        prices = [columns.open, columns.high, columns.low, columns.close]
        moves = self._moves.get(symbol)
        if moves:
            prices = self._moved(symbol, moves, columns.time, prices, instrument)
        open_, high, low, close = prices
        turnover = columns.volume * (open_ + high + low + close) / 4
        return Minutes(columns.time, open_, high, low, close, columns.volume, turnover)

    def _moved(
        self, symbol: str, moves: list[Move], time: Times, prices: list[Floats], instrument: Instrument
    ) -> list[Floats]:
        rows = np.searchsorted([move.at_ms for move in moves], time, side="right")
        factors = np.array([1.0, *(move.factor for move in moves)])[rows]
        tick = float(instrument.tick)
        decimals = max(-int(instrument.tick.as_tuple().exponent), 0)
        moved = [np.round(np.maximum(np.round(column * factors / tick), 1) * tick, decimals) for column in prices]
        for minute in sorted({move.at_ms - move.at_ms % MINUTE_MS for move in moves}):
            row = int(np.searchsorted(time, minute))
            if row < len(time) and time[row] == minute:
                for column, value in zip(moved, self._traded(symbol, minute, instrument), strict=True):
                    column[row] = value
        return moved

    def _traded(self, symbol: str, minute_ms: int, instrument: Instrument) -> tuple[float, float, float, float]:
        # A minute with a move in it: its candle is what was traded.
        tick = float(instrument.tick)
        seen = [(t.time_ms, t.last * self.factor(symbol, t.time_ms)) for t in self.ticks(symbol, minute_ms)]
        seen += [(m.at_ms, m.price) for m in self._moves[symbol] if minute_ms <= m.at_ms < minute_ms + MINUTE_MS]
        traded = [to_ticks(price, instrument) * tick for _, price in sorted(seen, key=lambda pair: pair[0])]
        return traded[0], max(traded), min(traded), traded[-1]


def joined(parts: Iterable[Minutes]) -> Minutes:
    """Put columns one after the other."""
    rows = list(parts)
    names = ("time", "open", "high", "low", "close", "volume", "turnover")
    return Minutes(*(np.concatenate([getattr(part, name) for part in rows]) for name in names))
