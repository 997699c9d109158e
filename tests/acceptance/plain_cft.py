"""The cft preset on one symbol as one plain loop over five-minute candles, written from its description alone: no
engine, no events, prices as whole ticks of 0.1 and quantities as whole thousandths. Its loss limits are left out: one
position of 1,500 USDT at a time cannot reach them within the weeks it is used for.
"""

from dataclasses import dataclass

import numpy as np
import talib

from engine.candles import Columns

HOUR = 3_600_000
STEP = 300_000
REST = 4 * HOUR


@dataclass(frozen=True, slots=True)
class Plain:
    """One round trip: price and quantity as numbers, `why` the first word of the exit's reason."""

    long: bool
    quantity: float
    entry_ms: int
    entry: float
    exit_ms: int
    exit: float
    rule: str
    why: str


@dataclass(slots=True)
class Position:
    """What is held or ordered; `entry` is 0 until the order is filled, `leaving` the reason of an exit ordered."""

    long: bool
    qty: int
    stop: int
    target: int
    rule: str
    entry: int = 0
    entry_ms: int = 0
    leaving: str = ""


def slipped(price: int, *, buy: bool) -> int:
    """One basis point against the trader, rounded up to a tick."""
    slip = -(-price // 10_000)
    return price + slip if buy else price - slip


def signals(columns: Columns) -> dict[int, tuple[bool, str, float, float]]:
    """Side, lowest rule, candle range and ATR by close time of the quarter hours at which one side's rules fire."""
    rows = [row for row in range(len(columns.time) - 2) if columns.time[row] % 900_000 == 0]
    close = np.array([columns.close[row + 2] for row in rows])
    high = np.array([columns.high[row : row + 3].max() for row in rows])
    low = np.array([columns.low[row : row + 3].min() for row in rows])
    apart = talib.SMA(close, 50) - talib.SMA(close, 200)
    rsi, atr = talib.RSI(close, 14), talib.ATR(high, low, close, 14)
    upper, _, lower = talib.BBANDS(close, 20, 2, 2)
    macd, line, hist = talib.MACD(close, 12, 26, 9)
    gap = macd - line
    found = {}
    for i in range(3, len(rows)):
        back = range(i - 2, i + 1)
        died = any(apart[k - 1] >= 0 > apart[k] for k in back)
        rose = any(apart[k - 1] <= 0 < apart[k] for k in back)
        fired = (
            (1, False, died and rsi[i] < 30),
            (2, True, rose and rsi[i] > 70),
            (3, True, rsi[i] < 20),
            (4, False, rsi[i] > 80),
            (5, True, low[i] <= lower[i] < close[i]),
            (6, False, high[i] >= upper[i] > close[i]),
            (7, True, gap[i - 1] <= 0 < gap[i] and hist[i] > 0),
            (8, False, gap[i - 1] >= 0 > gap[i] and hist[i] < 0),
        )
        sides = [(rule, long) for rule, long, fires in fired if fires]
        if sides and len({long for _, long in sides}) == 1:
            at_ms = int(columns.time[rows[i]]) + 900_000
            found[at_ms] = (sides[0][1], str(sides[0][0]), float(high[i] - low[i]), float(atr[i]))
    return found


class Loop:
    """Goes bar by bar: the open, the inside, the close."""

    def __init__(self) -> None:
        self.held: Position | None = None
        self.rest_ms = 0
        self.trades: list[Plain] = []

    def bar(self, open_ms: int, prices: tuple[int, int, int, int]) -> None:
        """Take orders, stop and target to the bar."""
        open_, high, low, _ = prices
        p = self.held
        if p is not None and p.leaving:
            self.leave(slipped(open_, buy=not p.long), open_ms, p.leaving)
        elif p is not None and not p.entry:
            p.entry, p.entry_ms = slipped(open_, buy=p.long), open_ms
            self.rest(open_ms)
        p = self.held
        if p is None:
            return
        for price_low, price_high, at_ms in ((open_, open_, open_ms), (low, high, open_ms + STEP - 1)):
            if price_low <= p.stop if p.long else price_high >= p.stop:
                level = open_ if at_ms == open_ms else p.stop
                self.leave(slipped(level, buy=not p.long), at_ms, "stop")
                return
            if price_high >= p.target if p.long else price_low <= p.target:
                level = open_ if at_ms == open_ms else p.target
                self.leave(slipped(level, buy=not p.long), at_ms, "target")
                return

    def rest(self, at_ms: int) -> None:
        """No entry before the next four hours begin."""
        self.rest_ms = (at_ms // REST + 1) * REST

    def leave(self, price: int, at_ms: int, why: str) -> None:
        """Book the round trip."""
        p = self.held
        assert p is not None
        self.trades.append(Plain(p.long, p.qty / 1000, p.entry_ms, p.entry / 10, at_ms, price / 10, p.rule, why))
        self.held = None
        self.rest(at_ms)

    def watch(self, close: int, at_ms: int) -> None:
        """The losing-trade rule and breakeven, at the bar's close."""
        p = self.held
        if p is None or not p.entry:
            return
        sign = 1 if p.long else -1
        profit = (close - p.entry) * sign * p.qty / 10_000
        if at_ms - p.entry_ms > 8 * HOUR and profit < 0:
            p.leaving = "losing"
        elif profit >= 8:
            # Entry plus both fees and the buffer, in ten-thousandths of the entry: 2 × 5.5 + 2.
            exact = p.entry * (10_000 + sign * 13)
            stop = -(-exact // 10_000) if p.long else exact // 10_000
            if (stop - p.stop) * sign > 0 and (close - stop) * sign > 0:
                p.stop = stop

    def decide(self, close: int, at_ms: int, signal: tuple[bool, str, float, float]) -> None:
        """Order an entry at the next open unless something forbids it."""
        long, rule, width, atr = signal
        if self.held is not None or at_ms < self.rest_ms or width >= 10 * atr:
            return
        qty = 1_500 * 10_000 // close
        if long:
            self.held = Position(True, qty, close * 995 // 1000, close * 102 // 100, rule)
        else:
            self.held = Position(False, qty, -(-close * 1005 // 1000), -(-close * 98 // 100), rule)


def plain_cft(columns: Columns, start_ms: int, end_ms: int) -> list[Plain]:
    """Round trips of the preset on five-minute candles, in the order they end."""
    found, loop = signals(columns), Loop()
    first, end = np.searchsorted(columns.time, (start_ms, end_ms))
    for row in range(int(first), int(end)):
        at_ms = int(columns.time[row])
        open_, high, low, close = (
            round(float(prices[row]) * 10) for prices in (columns.open, columns.high, columns.low, columns.close)
        )
        loop.bar(at_ms, (open_, high, low, close))
        loop.watch(close, at_ms + STEP)
        if at_ms + STEP in found:
            loop.decide(close, at_ms + STEP, found[at_ms + STEP])
    return loop.trades
