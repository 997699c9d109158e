"""Order-flow trades as a plain loop over quotes and trades of one symbol: an order meets the next price there is.

Prices as whole ticks, quantities as whole steps, money as whole 1e-8. The book is there from the first price on.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from tests.acceptance.plain.candles import HOUR
from tests.acceptance.plain.flow import Ticks, minutes, simple_atr, wishes
from tests.acceptance.plain.loop import TAKER, Position, Told, Trip, part
from tests.acceptance.plain.rules import MILLION, Grid, enough

PAUSE = 60_000
CHECKED = 120_000
OLDEST = 24 * HOUR
# Taker fee and 2 basis points of slippage a side, in 1e-8.
COST = 2 * (TAKER + 20_000)


@dataclass(slots=True)
class TickLoop:
    """One account going from price to price; `share` is how much of the stop distance costs may be (ppm, 0: all)."""

    symbol: str
    grid: Grid
    wallet: int
    share: int
    last: int = 0
    bid: int = 0
    ask: int = 0
    signalled_ms: int = -PAUSE
    checked_ms: int = 0
    held: Position | None = None
    trips: list[Trip] = field(default_factory=list)
    told: list[Told] = field(default_factory=list)

    def run(self, ticks: Ticks) -> None:
        """Go through all prices."""
        for at_ms, quote, last, bid, ask, wish, atr in self._prices(ticks):
            if quote:
                self.bid, self.ask = bid, ask
            self.last = last or self.last or self.bid
            self.meet(at_ms)
            if quote and wish and self.held is None and at_ms - self.signalled_ms >= PAUSE:
                self.decide(at_ms, atr / float(self.grid.tick), long=wish > 0)
            self.age(at_ms)

    def _prices(self, ticks: Ticks) -> Iterator[tuple[int, bool, int, int, int, int, float]]:
        # Of one instant the quotes come first.
        at = np.concatenate([ticks.quoted, ticks.traded])
        quote = np.arange(len(at)) < len(ticks.quoted)
        per_unit = float(1 / self.grid.tick)
        none = np.zeros(len(ticks.traded), dtype=np.int64)

        def of_quotes(values: np.ndarray) -> np.ndarray:
            return np.concatenate([values, none])

        bid, ask = (of_quotes(np.rint(price * per_unit).astype(np.int64)) for price in (ticks.bid, ticks.ask))
        last = np.concatenate([np.zeros_like(ticks.quoted), np.rint(ticks.price * per_unit).astype(np.int64)])
        candles = minutes(ticks)
        wish, atr = of_quotes(wishes(ticks, candles)), of_quotes(simple_atr(candles, ticks.quoted))
        order = np.lexsort((~quote, at))
        columns = (column[order].tolist() for column in (at, quote, last, bid, ask, wish, atr))
        yield from zip(*columns, strict=True)

    def meet(self, at_ms: int) -> None:
        """What was ordered is filled at the book; then stop and target look at the last trade."""
        p = self.held
        if p is None:
            return
        leaving = p.leaving
        if not p.entry:
            p.entry, p.entry_ms = self.ask if p.long else self.bid, at_ms
            self.pay(p, p.entry)
        if not leaving and (self.last - p.stop) * p.sign <= 0:
            leaving = "stop"
        elif not leaving and (self.last - p.target) * p.sign >= 0:
            leaving = "target"
        if leaving:
            price = self.bid if p.long else self.ask
            self.pay(p, price)
            gross = (price - p.entry) * p.sign * p.qty * self.grid.unit
            self.wallet += gross
            trip = (at_ms, self.symbol, p.long, p.qty, p.entry_ms, p.entry, price, p.rule, leaving, gross - p.paid)
            self.trips.append(Trip(*trip))
            self.held = None

    def pay(self, p: Position, price: int) -> None:
        """The fee of a fill."""
        fee = part(p.qty * price * self.grid.unit, TAKER)
        p.paid += fee
        self.wallet -= fee

    def decide(self, at_ms: int, atr: float, *, long: bool) -> None:
        """Stop 1.5 ATR from ask or bid, target three times as far; 2 % of equity at risk, at most tenfold equity."""
        price = self.ask if long else self.bid
        # A hair of tolerance: a distance of whole ticks is one, whatever the last digit of a float says.
        away = int(np.ceil(1.5 * atr - 1e-9))
        stop = price - away if long else price + away
        distance = abs(price - stop)
        target = price + 3 * distance if long else price - 3 * distance
        qty = min(self.wallet // 50 // (distance * self.grid.unit), 10 * self.wallet // (price * self.grid.unit))
        value = qty * price * self.grid.unit
        checks = {
            "cost": self.share > 0 and price * COST * MILLION > self.share * distance * 10**8,
            "quantity": not enough(qty, price, self.grid),
            "margin": -(-value // 10) + part(value, TAKER) > self.wallet,
        }
        refused = next((name for name, forbids in checks.items() if forbids), "")
        self.signalled_ms = at_ms
        side, rule = ("long", "buyers") if long else ("short", "sellers")
        self.told.append(Told(at_ms, self.symbol, side, rule, (), "refused" if refused else "traded", refused))
        if not refused:
            self.held = Position(long, qty, stop, target, rule, price)

    def age(self, at_ms: int) -> None:
        """Every two minutes: is the position too old?"""
        due, self.checked_ms = at_ms // CHECKED > self.checked_ms // CHECKED, at_ms
        if due and self.held is not None and self.held.entry and at_ms - self.held.entry_ms >= OLDEST:
            self.held.leaving = "max"
