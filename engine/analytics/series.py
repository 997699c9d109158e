"""The equity series: validated arrays in time order, and the series that closed trades alone give."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal

import numpy as np
from numpy.typing import NDArray

from engine.analytics.numbers import exact_sum
from engine.core.trades import Trade

type Times = NDArray[np.int64]
type Values = NDArray[np.float64]

DAY_MS = 86_400_000


def _no_times() -> Times:
    return np.empty(0, dtype=np.int64)


def _no_values() -> Values:
    return np.empty(0, dtype=np.float64)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class EquitySeries:
    """Account equity over time, open positions included.

    `times_ms` is int64 UTC milliseconds, ascending (equal times allowed: the last one counts); `equity` is float64 in
    quote currency, one value a time. `exposure` (notional of open positions) and `margin` (initial margin in use) are
    optional and of the same length. Raises ValueError on different lengths, descending times or values that are not
    finite.
    """

    times_ms: Times = field(default_factory=_no_times)
    equity: Values = field(default_factory=_no_values)
    exposure: Values | None = None
    margin: Values | None = None

    def __post_init__(self) -> None:
        for name, values in (("equity", self.equity), ("exposure", self.exposure), ("margin", self.margin)):
            if values is None:
                continue
            if values.shape != self.times_ms.shape:
                message = f"{name} has {values.size} values for {self.times_ms.size} times: give one value a time"
                raise ValueError(message)
            if not np.isfinite(values).all():
                message = f"{name} holds a value that is not finite at position {int(np.argmin(np.isfinite(values)))}"
                raise ValueError(message)
        if (np.diff(self.times_ms) < 0).any():
            place = int(np.argmax(np.diff(self.times_ms) < 0)) + 1
            message = f"times_ms descends at position {place}: sort the series by time"
            raise ValueError(message)

    def __len__(self) -> int:
        return int(self.times_ms.size)


def closing_order(trades: Iterable[Trade]) -> list[Trade]:
    """Trades in the order in which they were closed; ties by entry time, then position id."""
    return sorted(trades, key=lambda trade: (trade.exit_ms, trade.entry_ms, trade.position_id))


def equity_of_trades(trades: Iterable[Trade], *, initial_balance: Decimal, start_ms: int) -> EquitySeries:
    """Equity with one point at the start and one a closed trade: what can be known without marked prices."""
    ordered = closing_order(trades)
    balance, points = initial_balance, [initial_balance]
    for trade in ordered:
        balance = exact_sum((balance, trade.net))
        points.append(balance)
    times = [min([start_ms, *(trade.exit_ms for trade in ordered[:1])]), *(trade.exit_ms for trade in ordered)]
    return EquitySeries(times_ms=np.array(times, dtype=np.int64), equity=np.array([float(point) for point in points]))
