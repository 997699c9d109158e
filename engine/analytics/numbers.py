"""Exact sums, ratios that may be undefined, and plain JSON values."""

import math
from collections.abc import Iterable
from dataclasses import fields, is_dataclass
from decimal import Context, Decimal

type Plain = bool | int | float | str | list["Plain"] | dict[str, "Plain"] | None

# Wide enough that no sum of exchange amounts is ever rounded; quotients keep the usual 28 digits.
_EXACT = Context(prec=200)
_QUOTIENT = Context(prec=28)


def exact_sum(amounts: Iterable[Decimal]) -> Decimal:
    """Sum of amounts without rounding, whatever their order; 0 for none."""
    total = Decimal(0)
    for amount in amounts:
        total = _EXACT.add(total, amount)
    return total


def exact_product(left: Decimal, right: Decimal) -> Decimal:
    """Product without rounding."""
    return _EXACT.multiply(left, right)


def exact_mean(amounts: list[Decimal]) -> Decimal | None:
    """Arithmetic mean to 28 digits; absent for none."""
    return _QUOTIENT.divide(exact_sum(amounts), Decimal(len(amounts))) if amounts else None


def exact_median(amounts: list[Decimal]) -> Decimal | None:
    """Middle amount, or the mean of the two middle ones; absent for none."""
    ordered = sorted(amounts)
    return exact_mean(ordered[(len(ordered) - 1) // 2 : len(ordered) // 2 + 1])


def ratio(numerator: Decimal | int | None, denominator: Decimal | int | None) -> float | None:
    """Quotient as a float; absent when a part is absent or the denominator is 0."""
    if numerator is None or denominator is None or denominator == 0:
        return None
    return finite(float(_QUOTIENT.divide(Decimal(numerator), Decimal(denominator))))


def finite(value: float) -> float | None:
    """The value, or absent when it is infinite or not a number."""
    return float(value) if math.isfinite(value) else None


def plain(value: object) -> Plain:
    """JSON value of a metric: decimals as plain digits (never an exponent), dataclasses as objects, tuples as lists."""
    if isinstance(value, Decimal):
        return format(value, "f")
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if is_dataclass(value):
        return {field.name: plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, tuple | list):
        return [plain(item) for item in value]
    message = f"no plain form for {type(value).__name__}"
    raise TypeError(message)
