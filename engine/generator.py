"""The demo market: seeded one-minute candles and funding of sixteen instruments, any window of them directly.

A day of candles is a random bridge between two daily closes, so every window gives the same values, whatever was asked
for before. Seconds inside a minute: see `generator_ticks`.
"""

from functools import lru_cache

import numpy as np

from engine.candles import Bar, Columns
from engine.core.market import DAY_MS, HOUR_MS, MINUTE_MS
from engine.generator_days import FIRST_DAY, LEADER, MINUTES, check_day, daily_closes, day_shape, rng, usual_minute
from engine.generator_ticks import Tick, minute_ticks
from engine.universe import UNIVERSE, DemoSpec
from engine.validate import Floats, RawCandles, Times

FUNDING_MS = 8 * HOUR_MS
_USUAL_FUNDING = 0.0001
_FUNDING_LIMIT = 0.00375


class Market:
    """A generated market of one seed (not negative). Every method is a pure function of its arguments and the seed."""

    __slots__ = ("seed",)

    def __init__(self, seed: int = 1) -> None:
        if seed < 0:
            raise ValueError(f"seed must not be negative, got {seed}")
        self.seed = seed

    def candles(self, symbol: str, *, start_ms: int, end_ms: int) -> Columns:
        """Return the one-minute candles that open in [start, end): prices on the tick grid, each open the last close.

        Raises ValueError for an unknown symbol, an empty or reversed window, or days outside 2014 to 2059.
        """
        _spec(symbol)
        if start_ms >= end_ms:
            raise ValueError(f"{symbol}: the window from {start_ms} to {end_ms} ms is empty")
        days = range(start_ms // DAY_MS, (end_ms - 1) // DAY_MS + 1)
        check_day(days[0])
        check_day(days[-1])
        whole = Columns.from_raw(_joined(self.seed, symbol, days), symbol=symbol, timeframe_ms=MINUTE_MS)
        return whole.slice(start_ms=start_ms, end_ms=end_ms)

    def ticks(self, symbol: str, minute_ms: int) -> list[Tick]:
        """Return the trades and best quotes of the minute that opens at `minute_ms`, in order of time.

        First, highest, lowest and last trade are the candle's open, high, low and close; volumes add up to the
        candle's.
        """
        if minute_ms % MINUTE_MS:
            raise ValueError(f"{symbol}: {minute_ms} ms is not the beginning of a minute")
        spec = _spec(symbol)
        check_day(minute_ms // DAY_MS)
        row = minute_ms % DAY_MS // MINUTE_MS
        time, *values = (column[row].item() for column in _day(self.seed, symbol, minute_ms // DAY_MS).columns())
        bar = Bar(symbol, MINUTE_MS, time, *values)
        return minute_ticks(bar, spec, rng(self.seed, "ticks", symbol, minute_ms // MINUTE_MS))

    def funding(self, symbol: str, settled_ms: int) -> float:
        """Return the funding rate (fraction; positive: longs pay) settled at an instant of 00, 08 or 16 UTC."""
        _spec(symbol)
        if settled_ms % FUNDING_MS:
            raise ValueError(f"{symbol}: no funding is settled at {settled_ms} ms, only at 00, 08 and 16 UTC")
        past = self.candles(symbol, start_ms=settled_ms - FUNDING_MS, end_ms=settled_ms)
        moved = float(np.log(past.close[-1] / past.open[0]))
        noise = float(rng(self.seed, "funding", symbol, settled_ms // FUNDING_MS).standard_normal())
        rate = _USUAL_FUNDING + 0.004 * moved + 0.00005 * noise
        return round(min(max(rate, -_FUNDING_LIMIT), _FUNDING_LIMIT), 8)

    def regime(self, symbol: str, at_ms: int) -> str:
        """Return the name of the regime a symbol is in."""
        _spec(symbol)
        check_day(at_ms // DAY_MS)
        return day_shape(self.seed, symbol, at_ms // DAY_MS).regime[at_ms % DAY_MS // MINUTE_MS]


def _spec(symbol: str) -> DemoSpec:
    try:
        return UNIVERSE[symbol]
    except KeyError:
        raise ValueError(f"the demo market has no {symbol!r}; it has {', '.join(UNIVERSE)}") from None


def _joined(seed: int, symbol: str, days: range) -> RawCandles:
    blocks = [_day(seed, symbol, day) for day in days]
    time = np.concatenate([block.time for block in blocks])
    names = ("open", "high", "low", "close", "volume")
    return RawCandles(time, *(np.concatenate([getattr(block, name) for block in blocks]) for name in names))


@lru_cache(maxsize=64)
def _day(seed: int, symbol: str, day: int) -> RawCandles:
    spec = UNIVERSE[symbol]
    decimals = -int(spec.tick.as_tuple().exponent)
    ticks = _close_ticks(seed, spec, day)
    opens, closes = ticks[:-1], ticks[1:]
    returns = np.diff(np.log(ticks))
    spread = _minute_volatility(seed, symbol, day)
    stream = rng(seed, "range", symbol, day)
    above, below = _excursions(stream, returns, spread)
    tick = float(spec.tick)
    highs = np.maximum(np.maximum(opens, closes), np.round(opens * np.exp(above)).astype(np.int64))
    lows = np.minimum(np.minimum(opens, closes), np.round(opens * np.exp(below)).astype(np.int64))
    lows = np.maximum(lows, 1)
    open_, high, low, close = (np.round(values * tick, decimals) for values in (opens, highs, lows, closes))
    time = day * DAY_MS + np.arange(MINUTES, dtype=np.int64) * MINUTE_MS
    return RawCandles(time, open_, high, low, close, _volume(seed, spec, day, np.log(highs / lows)))


def _close_ticks(seed: int, spec: DemoSpec, day: int) -> Times:
    # Yesterday's close, then the close of every minute, in ticks. The bridge spends the day's leftover where it is
    # lively.
    first, last = np.maximum(np.round(daily_closes(seed, spec.symbol)[day - FIRST_DAY - 1 :][:2] / float(spec.tick)), 2)
    path = np.cumsum(_noise(seed, spec.symbol, day))
    spent = np.cumsum(_minute_volatility(seed, spec.symbol, day) ** 2)
    path += (np.log(last / first) - path[-1]) * spent / spent[-1]
    ticks = np.maximum(np.round(first * np.exp(path)), 2).astype(np.int64)
    ticks[-1] = last
    return np.concatenate(([np.int64(first)], ticks))


@lru_cache(maxsize=96)
def _noise(seed: int, symbol: str, day: int) -> Floats:
    shared, own = usual_minute(symbol)
    if symbol == LEADER:
        shape = day_shape(seed, LEADER, day)
        return shared * (shape.volatility * rng(seed, "minutes", LEADER, day).standard_normal(MINUTES) + shape.drift)
    shape = day_shape(seed, symbol, day)
    alone = shape.volatility * rng(seed, "minutes", symbol, day).standard_normal(MINUTES) + shape.drift
    return UNIVERSE[symbol].beta * _noise(seed, LEADER, day) + own * alone


def _minute_volatility(seed: int, symbol: str, day: int) -> Floats:
    shared, own = usual_minute(symbol)
    leader = day_shape(seed, LEADER, day).volatility
    return np.hypot(shared * leader, own * day_shape(seed, symbol, day).volatility)


def _excursions(stream: np.random.Generator, returns: Floats, spread: Floats) -> tuple[Floats, Floats]:
    # Extremes of a Brownian bridge with the given end: P(max > m) = exp(-2 m (m - end) / variance), solved for m.
    chance = np.log(stream.uniform(1e-12, 1.0, size=(2, len(returns))))
    reach = np.sqrt(returns**2 - 2 * spread**2 * chance)
    return (returns + reach[0]) / 2, (returns - reach[1]) / 2


def _volume(seed: int, spec: DemoSpec, day: int, span: Floats) -> Floats:
    stream = rng(seed, "volume", spec.symbol, day)
    usual = spec.turnover / MINUTES / spec.base_price
    lively = 0.35 + 0.65 * span / np.median(span) if np.median(span) > 0 else np.ones(len(span))
    wanted = usual * day_shape(seed, spec.symbol, day).volume * lively * stream.lognormal(-0.18, 0.6, len(span))
    steps = np.maximum(np.round(wanted / float(spec.step)), 1.0)
    return np.round(steps * float(spec.step), -int(spec.step.as_tuple().exponent))
