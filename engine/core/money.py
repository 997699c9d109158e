"""Exact money: integers of 1e-8 of the quote currency, and rates as integers of parts per million or 1e-8.

Why integers: a `Decimal` bar costs as much as everything else the engine does with it, and floats do not add up.
Decimals live at the
boundaries (exchange, storage, chat); `to_money` and `from_money` are the two doors.
"""

from decimal import ROUND_HALF_EVEN, Decimal

type Money = int
type Ticks = int
type Steps = int

MONEY_SCALE = 10**8
PPM = 10**6
_QUANTUM = Decimal(1).scaleb(-8)


def to_money(value: Decimal | int | str) -> Money:
    """Convert an amount in quote currency to money units, rounding half to even below 1e-8."""
    return int((Decimal(value) * MONEY_SCALE).to_integral_value(rounding=ROUND_HALF_EVEN))


def from_money(value: Money) -> Decimal:
    """Convert money units to an exact decimal amount in quote currency."""
    return Decimal(value).scaleb(-8)


def rate_to_e8(rate: Decimal | str) -> int:
    """Convert a fraction (0.00055) to an integer rate of 1e-8 (55000)."""
    return int((Decimal(rate) * MONEY_SCALE).to_integral_value(rounding=ROUND_HALF_EVEN))


def at_rate(amount: Money, rate_e8: int) -> Money:
    """Return `amount * rate`, rounded half away from zero to a money unit."""
    product = amount * rate_e8
    half = MONEY_SCALE // 2
    return (product + half) // MONEY_SCALE if product >= 0 else -((-product + half) // MONEY_SCALE)


def share(amount: Money, part: int, whole: int) -> Money:
    """Return `amount * part / whole` truncated towards zero, so that the remainder stays with the rest."""
    product = amount * part
    return product // whole if product >= 0 else -((-product) // whole)


def ppm_of(value: int, ppm: int) -> int:
    """Return `value * ppm / 1e6`, truncated towards zero."""
    return share(value, ppm, PPM)


def percent_to_ppm(percent: Decimal | int | str) -> int:
    """Convert percent (0.5) to parts per million (5000)."""
    return int((Decimal(percent) * 10_000).to_integral_value(rounding=ROUND_HALF_EVEN))
