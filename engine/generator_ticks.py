"""The seconds inside one demo candle: trades and best quotes that add up to it exactly."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import numpy as np
import numpy.typing as npt

from engine.candles import Bar
from engine.core.market import MINUTE_MS
from engine.universe import DemoSpec
from engine.validate import Mask

type Counts = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Tick:
    """Trades at one instant and the book after them: prices in USDT, volumes and sizes in base coin."""

    time_ms: int
    last: float
    bid: float
    ask: float
    buy_volume: float
    sell_volume: float
    bid_size: float
    ask_size: float


def minute_ticks(bar: Bar, spec: DemoSpec, stream: np.random.Generator) -> list[Tick]:
    """Return 6 to 20 ticks whose first, highest, lowest and last trade and whose volume are the candle's."""
    count = int(stream.integers(6, 21))
    prices = _prices(bar, float(spec.tick), count, stream)
    times = np.sort(stream.choice(MINUTE_MS - 1, size=count - 1, replace=False)) + 1
    bought, sold = _volumes(bar, float(spec.step), prices, stream)
    bids, asks = _quotes(prices, 1 + (stream.random(count) < 0.15), lifted=bought >= sold)
    sizes = np.ceil(stream.exponential(max(1.0, bar.volume / float(spec.step) / count), size=(2, count)))
    at_ms = bar.time_ms + np.concatenate(([0], times))
    money = (_values(numbers, spec.tick) for numbers in (prices, bids, asks))
    amounts = (_values(numbers, spec.step) for numbers in (bought, sold, *sizes))
    return [Tick(*row) for row in zip(at_ms.tolist(), *money, *amounts, strict=True)]


def _prices(bar: Bar, tick: float, count: int, stream: np.random.Generator) -> Counts:
    # A path through open, both extremes in either order, and close; the rest wanders between its neighbours.
    open_, high, low, close = (round(price / tick) for price in (bar.open, bar.high, bar.low, bar.close))
    low_first = bool(stream.random() < (0.75 if close >= open_ else 0.25))
    first, second = (low, high) if low_first else (high, low)
    turns = 1 + np.sort(stream.choice(count - 2, size=2, replace=False))
    fixed = np.array([0, *turns, count - 1])
    path = np.interp(np.arange(count), fixed, (open_, first, second, close))
    wander = stream.normal(0, 0.15 * (high - low), size=count)
    wander[fixed] = 0
    return np.clip(np.round(path + wander), low, high).astype(np.int64)


def _volumes(bar: Bar, step: float, prices: Counts, stream: np.random.Generator) -> tuple[Counts, Counts]:
    # Aggressive buyers trade on upticks: four fifths of a rising tick's volume is theirs.
    total = round(bar.volume / step)
    parts = stream.multinomial(total, stream.dirichlet(np.full(len(prices), 1.5)))
    rising = np.sign(np.diff(prices, prepend=prices[0]))
    bought = stream.binomial(parts, 0.5 + 0.3 * rising)
    return bought, parts - bought


def _quotes(last: Counts, spread: Counts, *, lifted: Mask) -> tuple[Counts, Counts]:
    # A buyer takes the ask, a seller hits the bid; the bid never reaches zero.
    at_ask = lifted & (last > spread)
    bid = np.where(at_ask, last - spread, last)
    return bid, bid + spread


def _values(numbers: npt.NDArray[Any], grid: Decimal) -> list[float]:
    values: list[float] = np.round(numbers * float(grid), -int(grid.as_tuple().exponent)).tolist()
    return values
