"""Trades as a plain loop over candles of several symbols on one account: no engine, no events, prices as whole ticks,
quantities as whole steps, money as whole 1e-8. Each instant: the open of every symbol, its inside, its close.

Left out, because the runs it is used for cannot come near them: liquidation, delisting, the largest order.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import pandas as pd

from tests.acceptance.plain.candles import HOUR
from tests.acceptance.plain.losses import Losses
from tests.acceptance.plain.rules import MILLION, Grid, Rules, enough
from tests.acceptance.plain.signals import Said, Signal

TAKER = 55_000
FUNDING = 8 * HOUR


class Told(NamedTuple):
    """One signal and what became of it: rules and reasons by their first word."""

    at_ms: int
    symbol: str
    side: str
    rule: str
    also: tuple[str, ...]
    outcome: str
    check: str = ""


class Trip(NamedTuple):
    """One round trip; prices in ticks, quantity in steps, `net` in 1e-8, rule and reason by their first word."""

    exit_ms: int
    symbol: str
    long: bool
    qty: int
    entry_ms: int
    entry: int
    exit: int
    rule: str
    why: str
    net: int


@dataclass(slots=True)
class Position:
    """What is held or ordered; `entry` is 0 until the order is filled, `leaving` the reason of an exit ordered."""

    long: bool
    qty: int
    stop: int
    target: int
    rule: str
    expected: int
    entry: int = 0
    entry_ms: int = 0
    leaving: str = ""
    turn: Signal | None = None
    best: int = 0
    paid: int = 0

    @property
    def sign(self) -> int:
        """1 for a long, -1 for a short."""
        return 1 if self.long else -1


@dataclass(slots=True)
class Lane:
    """One symbol: candles as ticks by open time, what is said about it, and its position."""

    symbol: str
    grid: Grid
    said: Said
    bars: dict[int, tuple[int, int, int, int]]
    turnover: dict[int, float]
    rates: Mapping[int, int]
    step: int
    last: int = 0
    rest_ms: int = 0
    held: Position | None = None

    @classmethod
    def of(cls, symbol: str, frame: pd.DataFrame, grid: Grid, said: Said, rates: Mapping[int, int]) -> "Lane":
        """Take the candles of a frame onto the grid."""
        step = int(frame.index[1] - frame.index[0])
        ticks = np.rint(frame[["open", "high", "low", "close"]].to_numpy() * float(1 / grid.tick)).astype(int)
        opens = (frame.index - step).tolist()
        bars = dict(zip(opens, map(tuple, ticks.tolist()), strict=True))
        turnover = dict(zip(frame.index.tolist(), frame["turnover"].tolist(), strict=True))
        return cls(symbol, grid, said, bars, turnover, rates, step)


def slipped(price: int, *, buy: bool) -> int:
    """One basis point against the trader, rounded up to a tick."""
    slip = -(-price // 10_000)
    return price + slip if buy else price - slip


def part(amount: int, rate: int) -> int:
    """A rate (1e-8) of an amount, rounded half away from zero."""
    product = abs(amount * rate)
    return (product + 50_000_000) // 100_000_000 * (1 if amount * rate >= 0 else -1)


@dataclass(slots=True)
class Loop:
    """One account going through time; `told` holds every signal."""

    rules: Rules
    lanes: list[Lane]
    wallet: int
    losses: Losses | None = None
    trips: list[Trip] = field(default_factory=list)
    told: list[Told] = field(default_factory=list)

    def run(self, start_ms: int, end_ms: int) -> None:
        """Go through [start, end)."""
        step = self.lanes[0].step
        for open_ms in range(start_ms, end_ms, step):
            for lane in self.lanes:
                self.open(lane, open_ms)
            for lane in self.lanes:
                self.inside(lane, open_ms)
            for lane in self.lanes:
                self.watch(lane, open_ms + step)
            if self.losses is not None:
                self.losses.measure(self.equity(), open_ms + step)
            for lane in self.lanes:
                self.decide(lane, open_ms + step)

    # The bar

    def open(self, lane: Lane, at_ms: int) -> None:
        """Funding, then what was ordered, then levels that the open jumped over, at the open."""
        price, p = lane.bars[at_ms][0], lane.held
        if p is not None and p.entry and at_ms % FUNDING == 0:
            paid = part(p.sign * p.qty * price * lane.grid.unit, lane.rates.get(at_ms, 0))
            p.paid += paid
            self.wallet -= paid
        if p is not None and p.leaving:
            self.leave(lane, slipped(price, buy=not p.long), at_ms, p.leaving)
            if p.turn is not None:
                self.enter(lane, p.turn, at_ms)
        if lane.held is not None and not lane.held.entry:
            self.fill(lane, lane.held, slipped(price, buy=lane.held.long), at_ms)
        p = lane.held
        if p is not None and (price - p.stop) * p.sign <= 0:
            self.leave(lane, slipped(price, buy=not p.long), at_ms, "stop")
        elif p is not None and p.target and (price - p.target) * p.sign >= 0:
            self.leave(lane, slipped(price, buy=not p.long), at_ms, "target")

    def inside(self, lane: Lane, open_ms: int) -> None:
        """Stop, then target; the close becomes the price."""
        _, high, low, close = lane.bars[open_ms]
        p, at_ms = lane.held, open_ms + lane.step - 1
        if p is not None:
            worst, best = (low, high) if p.long else (high, low)
            if (worst - p.stop) * p.sign <= 0:
                self.leave(lane, slipped(p.stop, buy=not p.long), at_ms, "stop")
            elif p.target and (best - p.target) * p.sign >= 0:
                self.leave(lane, slipped(p.target, buy=not p.long), at_ms, "target")
            else:
                p.best = max(p.best * p.sign, best * p.sign) * p.sign
        lane.last = close

    # The account

    def equity(self) -> int:
        """Wallet and open results at the last prices."""
        held = [(lane, lane.held) for lane in self.lanes if lane.held is not None and lane.held.entry]
        return self.wallet + sum((lane.last - p.entry) * p.sign * p.qty * lane.grid.unit for lane, p in held)

    def free(self) -> int:
        """Wallet less the margin of what is held and ordered."""
        held = [(lane, lane.held) for lane in self.lanes if lane.held is not None]
        return self.wallet - sum(self.margin(lane, p.qty, p.entry or p.expected) for lane, p in held)

    def margin(self, lane: Lane, qty: int, price: int) -> int:
        """Initial margin, rounded up."""
        return -(-qty * price * lane.grid.unit // self.rules.leverage)

    def fill(self, lane: Lane, p: Position, price: int, at_ms: int) -> None:
        """The entry is bought or sold."""
        p.entry, p.entry_ms, p.best = price, at_ms, price
        fee = part(p.qty * price * lane.grid.unit, TAKER)
        p.paid += fee
        self.wallet -= fee
        self.rest(lane, at_ms)

    def leave(self, lane: Lane, price: int, at_ms: int, why: str) -> None:
        """Book the round trip."""
        p = lane.held
        assert p is not None
        fee = part(p.qty * price * lane.grid.unit, TAKER)
        gross = (price - p.entry) * p.sign * p.qty * lane.grid.unit
        self.wallet += gross - fee
        net = gross - fee - p.paid
        trip = Trip(at_ms, lane.symbol, p.long, p.qty, p.entry_ms, p.entry, price, p.rule, why, net)
        self.trips.append(trip)
        lane.held = None
        self.rest(lane, at_ms)
        if at_ms - p.entry_ms <= self.rules.quick:
            lane.rest_ms = max(lane.rest_ms, at_ms + HOUR)

    def rest(self, lane: Lane, at_ms: int) -> None:
        """No entry before the next multiple of the rest."""
        if self.rules.rest:
            lane.rest_ms = (at_ms // self.rules.rest + 1) * self.rules.rest

    # The close

    def watch(self, lane: Lane, at_ms: int) -> None:
        """Age, breakeven and trail, by the close."""
        p, rules = lane.held, self.rules
        if p is None or p.leaving:
            return
        gain, age = (lane.last - p.entry) * p.sign, at_ms - p.entry_ms
        if rules.losing and age > rules.losing and gain < 0:
            p.leaving = "losing"
        elif rules.oldest and age >= rules.oldest:
            p.leaving = "max"
        elif rules.breakeven:
            if gain * MILLION >= rules.breakeven * p.entry:
                # Entry plus both fees and the buffer of 0.02 %, never less.
                exact = p.entry * (10_000 + p.sign * 13)
                self.move_stop(lane, p, -(-exact // 10_000) if p.long else exact // 10_000)
            if (p.best - p.entry) * p.sign * MILLION >= rules.trail_from * p.entry:
                # At least so far behind the best price, as any stop is rounded.
                exact = p.best * (MILLION - p.sign * rules.trail_by)
                self.move_stop(lane, p, exact // MILLION if p.long else -(-exact // MILLION))

    def move_stop(self, lane: Lane, p: Position, stop: int) -> None:
        """Move the stop towards profit only, and never past the price."""
        if (stop - p.stop) * p.sign > 0 and (lane.last - stop) * p.sign > 0:
            p.stop = stop

    def decide(self, lane: Lane, at_ms: int) -> None:
        """End what must end, else enter what is said."""
        p, signal = lane.held, lane.said.signals.get(at_ms)
        if p is not None and self.rules.silent:
            why = (lane.said.end_long if p.long else lane.said.end_short).get(at_ms, "")
            if not why and self.rules.held and at_ms - p.entry_ms >= self.rules.held:
                why = "held"
            if why and not p.leaving:
                p.leaving, p.turn = why, signal if self.rules.turns else None
                side, rule = (signal.side, signal.rule) if signal is not None and self.rules.turns else ("exit", why)
                self.told.append(Told(at_ms, lane.symbol, side, rule, (), "exit"))
        elif signal is not None and signal.side == "conflict":
            self.told.append(Told(at_ms, lane.symbol, signal.side, signal.rule, signal.also, "conflict"))
        elif signal is not None:
            self.enter(lane, signal, at_ms)

    def enter(self, lane: Lane, signal: Signal, at_ms: int) -> None:
        """Order at the next open unless a check forbids it."""
        drafted = self.draft(lane, signal)
        refused = self.refusal(lane, signal, drafted, at_ms)
        outcome = "refused" if refused else "traded"
        self.told.append(Told(at_ms, lane.symbol, signal.side, signal.rule, signal.also, outcome, refused))
        if not refused:
            lane.held = drafted

    def draft(self, lane: Lane, signal: Signal) -> Position:
        """Levels from the last close: a stop rounded away from it, a target towards it."""
        long, price, rules = signal.side == "long", lane.last, self.rules
        if signal.stop:
            stop = int(signal.stop / float(lane.grid.tick) + 1e-9)
        elif long:
            stop = price * (MILLION - rules.stop) // MILLION
        else:
            stop = -(-price * (MILLION + rules.stop) // MILLION)
        up, down = price * (MILLION + rules.target) // MILLION, -(-price * (MILLION - rules.target) // MILLION)
        target = (up if long else down) if rules.target else 0
        equity = self.equity() // (2 if self.losses is not None and self.losses.halved else 1)
        qty = rules.size(equity, price, stop, lane.grid)
        return Position(long, qty, stop, target, signal.rule, price)

    def refusal(self, lane: Lane, signal: Signal, p: Position, at_ms: int) -> str:
        """The first check that forbids an entry."""
        value = p.qty * p.expected * lane.grid.unit
        checks = {
            "hold": self.losses is not None and (self.losses.resting or self.losses.halted),
            "symbol": lane.held is not None,
            "count": sum(other.held is not None for other in self.lanes) >= self.rules.most,
            "cooldown": at_ms < lane.rest_ms,
            "quantity": not enough(p.qty, p.expected, lane.grid),
            "margin": self.margin(lane, p.qty, p.expected) + part(value, TAKER) > self.free(),
            "range": signal.range >= 10 * signal.atr,
            "turnover": lane.turnover[at_ms] < self.rules.floor,
        }
        return next((name for name, forbids in checks.items() if forbids), "")
