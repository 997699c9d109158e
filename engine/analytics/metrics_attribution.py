"""Attribution: which profile, symbol, side, rule and exit reason the result came from."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from engine.analytics.metrics_efficiency import win_rate_pct
from engine.analytics.metrics_profitability import profit_factor
from engine.analytics.numbers import exact_sum
from engine.core.trades import Trade


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """Part of the result that belongs to one value of a dimension; ratios as in the other groups."""

    name: str
    trades: int
    win_rate_pct: float | None
    net_profit: Decimal
    profit_factor: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Attribution:
    """The shares of every dimension, best net result first, ties by name; each dimension adds up to the total."""

    by_profile: tuple[Share, ...]
    by_symbol: tuple[Share, ...]
    by_side: tuple[Share, ...]
    by_rule: tuple[Share, ...]
    by_reason: tuple[Share, ...]


def shares(trades: Sequence[Trade], name: Callable[[Trade], str]) -> tuple[Share, ...]:
    """Trades grouped by a name, best net result first."""
    groups: defaultdict[str, list[Trade]] = defaultdict(list)
    for trade in trades:
        groups[name(trade)].append(trade)
    found = (
        Share(
            name=key,
            trades=len(group),
            win_rate_pct=win_rate_pct(group),
            net_profit=exact_sum(trade.net for trade in group),
            profit_factor=profit_factor(group),
        )
        for key, group in groups.items()
    )
    return tuple(sorted(found, key=lambda share: (-share.net_profit, share.name)))


def attribution(trades: Sequence[Trade]) -> Attribution:
    """Attribution of closed trades in all dimensions."""
    return Attribution(
        by_profile=shares(trades, lambda trade: trade.profile),
        by_symbol=shares(trades, lambda trade: trade.symbol),
        by_side=shares(trades, lambda trade: "long" if trade.long else "short"),
        by_rule=shares(trades, lambda trade: trade.rule),
        by_reason=shares(trades, lambda trade: trade.reason),
    )
