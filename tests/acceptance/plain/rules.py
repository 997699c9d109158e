"""What the plain loop knows of a preset, from its description: levels, size, rests and age, as plain numbers."""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal

from tests.acceptance.plain.candles import HOUR

MONEY = 10**8
MILLION = 10**6


@dataclass(frozen=True, slots=True)
class Grid:
    """Price tick, quantity step, and the least order in steps; the least value of an order is 5 USDT."""

    tick: Decimal
    step: Decimal
    least: int

    @property
    def unit(self) -> int:
        """Money (1e-8 USDT) of one tick times one step."""
        return int(self.tick * self.step * MONEY)


# Equity in money, price and stop in ticks, grid -> steps.
type Size = Callable[[int, int, int, Grid], int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """Shares are parts per million, times ms. `silent` presets say nothing about a symbol they hold; `turns` enters the
    other way once an opposite signal has closed a position.
    """

    size: Size
    leverage: int
    most: int
    stop: int = 0
    target: int = 0
    rest: int = 0
    quick: int = 0
    breakeven: int = 0
    trail_from: int = 0
    trail_by: int = 0
    losing: int = 0
    oldest: int = 0
    held: int = 0
    floor: int = 0
    silent: bool = True
    turns: bool = False


def notional(amount: int) -> Size:
    """A fixed amount of USDT, raised by at most one step to the least order."""

    def steps(_equity: int, price: int, _stop: int, grid: Grid) -> int:
        found = amount * MONEY // (price * grid.unit)
        return found + 1 if not enough(found, price, grid) and enough(found + 1, price, grid) else found

    return steps


def margin_share(share: int, leverage: int) -> Size:
    """A share of equity as margin."""
    return lambda equity, price, _stop, grid: equity * share * leverage // (MILLION * price * grid.unit)


def risk_share(share: int) -> Size:
    """A share of equity at risk between price and stop."""
    return lambda equity, price, stop, grid: equity * share // (MILLION * abs(price - stop) * grid.unit)


def enough(steps: int, price: int, grid: Grid) -> bool:
    """Whether an order is as large as the exchange asks for."""
    return steps >= grid.least and steps * price * grid.unit >= 5 * MONEY


SHORTSELLER = Rules(
    size=margin_share(70_000, 10), leverage=10, most=3, stop=15_000, target=60_000, quick=HOUR, held=24 * HOUR
)
MOMENTUM = Rules(size=risk_share(50_000), leverage=5, most=3)
MA_CROSS = Rules(size=notional(5), leverage=10, most=1, stop=20_000, target=40_000, floor=1_000_000, turns=True)
LX = Rules(
    size=notional(200),
    leverage=5,
    most=20,
    stop=80_000,
    target=300_000,
    rest=4 * HOUR,
    breakeven=80_000,
    trail_from=200_000,
    trail_by=100_000,
    losing=8 * HOUR,
    oldest=72 * HOUR,
    floor=20_000_000,
    silent=False,
)
