"""All metrics of a period in one value: the same for backtest, paper and live."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from decimal import Decimal

from engine.analytics.metrics_activity import Activity, activity
from engine.analytics.metrics_attribution import Attribution, attribution
from engine.analytics.metrics_efficiency import Efficiency, efficiency
from engine.analytics.metrics_profitability import Profitability, profitability
from engine.analytics.metrics_risk import Risk, risk
from engine.analytics.numbers import Plain, plain
from engine.analytics.series import EquitySeries
from engine.core.trades import Trade


@dataclass(frozen=True, slots=True, kw_only=True)
class Metrics:
    """The five groups for one period. An undefined figure is None, never 0, infinite or not a number."""

    initial_balance: Decimal
    start_ms: int
    end_ms: int
    profitability: Profitability
    efficiency: Efficiency
    risk: Risk
    activity: Activity
    attribution: Attribution

    def as_dict(self) -> dict[str, Plain]:
        """JSON object: money as plain decimal strings, ratios and times as numbers, undefined as null."""
        return {field.name: plain(getattr(self, field.name)) for field in fields(self)}


def compute(
    trades: Sequence[Trade],
    equity: EquitySeries,
    *,
    initial_balance: Decimal,
    start_ms: int,
    end_ms: int,
    fills: int | None = None,
) -> Metrics:
    """Metrics of the trades closed in [start_ms, end_ms] and of the equity in it.

    `initial_balance` is the equity at the start, in quote currency; `fills` the number of executions, when recorded.
    The order of the trades does not matter. Raises ValueError when the period ends before it starts.
    """
    if end_ms < start_ms:
        message = f"the period ends ({end_ms}) before it starts ({start_ms}): swap start_ms and end_ms"
        raise ValueError(message)
    return Metrics(
        initial_balance=initial_balance,
        start_ms=start_ms,
        end_ms=end_ms,
        profitability=profitability(trades, initial_balance=initial_balance, start_ms=start_ms, end_ms=end_ms),
        efficiency=efficiency(trades),
        risk=risk(trades, equity, initial_balance=initial_balance, start_ms=start_ms, end_ms=end_ms),
        activity=activity(trades, start_ms=start_ms, end_ms=end_ms, fills=fills),
        attribution=attribution(trades),
    )
