"""What is traded and in which units: instruments, timeframes, price and quantity grids."""

import re
from dataclasses import dataclass, field
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_EVEN, Decimal
from enum import StrEnum

from engine.core.money import MONEY_SCALE, Money, Steps, Ticks

SYMBOL_PATTERN = re.compile(r"[A-Z0-9]{2,30}")
MINUTE_MS = 60_000
HOUR_MS = 60 * MINUTE_MS
DAY_MS = 24 * HOUR_MS
WEEK_MS = 7 * DAY_MS
# 1970-01-01 was a Thursday; the first Monday 00:00 UTC is four days later.
_MONDAY_MS = 4 * DAY_MS

_TIMEFRAMES = {
    "1m": MINUTE_MS,
    "3m": 3 * MINUTE_MS,
    "5m": 5 * MINUTE_MS,
    "15m": 15 * MINUTE_MS,
    "30m": 30 * MINUTE_MS,
    "1h": HOUR_MS,
    "2h": 2 * HOUR_MS,
    "4h": 4 * HOUR_MS,
    "6h": 6 * HOUR_MS,
    "12h": 12 * HOUR_MS,
    "1d": DAY_MS,
}
_NAMES = {value: name for name, value in _TIMEFRAMES.items()}
TIMEFRAMES = tuple(_TIMEFRAMES)


class Status(StrEnum):
    """Trading status of an instrument, in Bybit's words."""

    TRADING = "Trading"
    PRE_LAUNCH = "PreLaunch"
    DELIVERING = "Delivering"
    CLOSED = "Closed"


def timeframe_ms(name: str) -> int:
    """Return the length of a timeframe in ms; raises ValueError naming what is allowed."""
    try:
        return _TIMEFRAMES[name]
    except KeyError:
        raise ValueError(f"unknown timeframe {name!r}; allowed: {', '.join(_TIMEFRAMES)}") from None


def timeframe_name(length_ms: int) -> str:
    """Return the name of a timeframe length in ms."""
    return _NAMES.get(length_ms, f"{length_ms}ms")


def day_start(at_ms: int, begins_ms: int = 0) -> int:
    """Return when the day that holds `at_ms` began: at 00:00 UTC, or so long after it."""
    return at_ms - (at_ms - begins_ms) % DAY_MS


def week_start(at_ms: int) -> int:
    """Return Monday 00:00 UTC of the week that holds `at_ms`."""
    return at_ms - (at_ms - _MONDAY_MS) % WEEK_MS


@dataclass(frozen=True, slots=True, kw_only=True)
class Instrument:
    """One linear perpetual.

    `tick` and `step` are the price and quantity grids; quantities below are in steps. `unit` is the money of one tick
    times one step. Orders are whole multiples of `lot` steps: above 1 where the exchange made its steps coarser than
    those the books count in.
    Raises ValueError when the symbol or a grid cannot be traded exactly.
    """

    symbol: str
    tick: Decimal
    step: Decimal
    min_qty: Steps
    max_market_qty: Steps
    min_notional: Decimal = Decimal(5)
    max_leverage: Decimal = Decimal(50)
    status: Status = Status.TRADING
    delivery_ms: int = 0
    lot: Steps = 1
    unit: Money = field(init=False)

    def __post_init__(self) -> None:
        if not SYMBOL_PATTERN.fullmatch(self.symbol):
            raise ValueError(f"symbol {self.symbol!r}: only A-Z and 0-9, 2 to 30 characters")
        if self.tick <= 0 or self.step <= 0 or self.min_qty < 1 or self.max_market_qty < self.min_qty:
            raise ValueError(f"{self.symbol}: tick, step and quantity limits must be positive and in order")
        unit = self.tick * self.step * MONEY_SCALE
        if unit != unit.to_integral_value():
            raise ValueError(f"{self.symbol}: tick {self.tick} x step {self.step} is finer than 1e-8")
        object.__setattr__(self, "unit", int(unit))

    def notional(self, price: Ticks, qty: Steps) -> Money:
        """Return price times quantity in money units."""
        return price * qty * self.unit

    def price(self, ticks: Ticks) -> Decimal:
        """Return a price in quote currency."""
        return ticks * self.tick

    def quantity(self, steps: Steps) -> Decimal:
        """Return a quantity in base coin."""
        return steps * self.step

    def ticks(self, price: Decimal) -> Ticks:
        """Return the nearest tick."""
        return int((price / self.tick).to_integral_value(rounding=ROUND_HALF_EVEN))

    def ticks_down(self, price: Decimal) -> Ticks:
        """Return the tick at or below a price."""
        return int((price / self.tick).to_integral_value(rounding=ROUND_FLOOR))

    def ticks_up(self, price: Decimal) -> Ticks:
        """Return the tick at or above a price."""
        return int((price / self.tick).to_integral_value(rounding=ROUND_CEILING))

    def steps(self, quantity: Decimal) -> Steps:
        """Return the whole steps in a quantity, rounded down."""
        return int((quantity / self.step).to_integral_value(rounding=ROUND_FLOOR))

    def average(self, cost: Money, qty: Steps) -> Decimal:
        """Return the exact average price of `qty` steps that cost `cost`."""
        return Decimal(cost) / (qty * self.unit) * self.tick


class Regrid:
    """From the grid of one instrument to that of the same instrument later."""

    def __init__(self, before: Instrument, after: Instrument) -> None:
        self._before, self._after = before, after

    def steps(self, steps: Steps) -> Steps:
        """Return a signed quantity, cut to whole new steps."""
        size = self._after.steps(self._before.quantity(abs(steps)))
        return size if steps >= 0 else -size

    def near(self, ticks: Ticks) -> Ticks:
        """Return the nearest new tick; 0 stays 0."""
        return self._after.ticks(self._before.price(ticks))

    def distance(self, ticks: Ticks) -> Ticks:
        """Return a distance between prices, rounded up; 0 stays 0."""
        return self._after.ticks_up(self._before.price(ticks))

    def level(self, ticks: Ticks, *, long: bool) -> Ticks:
        """Return a stop or target rounded as at entry: down for a long, up for a short, never to nothing."""
        if not ticks:
            return 0
        price = self._before.price(ticks)
        return max(1, self._after.ticks_down(price) if long else self._after.ticks_up(price))


@dataclass(frozen=True, slots=True)
class Candle:
    """One closed bar; prices in ticks, volume in base coin, times in UTC ms. Raises ValueError on an impossible bar."""

    symbol: str
    timeframe: int
    open_ms: int
    open: Ticks
    high: Ticks
    low: Ticks
    close: Ticks
    volume: float

    def __post_init__(self) -> None:
        if not 0 < self.low <= min(self.open, self.close) <= max(self.open, self.close) <= self.high:
            raise ValueError(
                f"{self.symbol}: impossible bar at {self.open_ms}: {self.open}/{self.high}/{self.low}/{self.close}"
            )
        if not self.volume >= 0:
            raise ValueError(f"{self.symbol}: volume {self.volume} at {self.open_ms}")

    @property
    def close_ms(self) -> int:
        """The instant at which the bar is complete."""
        return self.open_ms + self.timeframe
