"""Profitability: what was earned, and what it cost."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from engine.analytics.numbers import exact_product, exact_sum, finite, ratio
from engine.analytics.series import DAY_MS
from engine.core.trades import Trade

YEAR_DAYS = 365


@dataclass(frozen=True, slots=True, kw_only=True)
class Profitability:
    """Money of the closed trades, in quote currency after fees and funding unless said otherwise.

    - net_profit: sum of net results. gross_profit, gross_loss: the parts from winners (>= 0) and from losers (<= 0),
      so they add up to it.
    - total_return_pct: net_profit / initial balance x 100.
    - cagr_pct: ((1 + total return) ^ (365 days / period) - 1) x 100; absent after a total loss or without a period.
    - profit_factor: gross_profit / abs(gross_loss); absent without a losing trade.
    - total_fees, total_funding: paid (positive) or received (negative).
    - slippage_cost: sum over entries and exits of how much worse than expected the average price was, times quantity;
      negative is better.
    """

    net_profit: Decimal
    gross_profit: Decimal
    gross_loss: Decimal
    total_return_pct: float | None
    cagr_pct: float | None
    profit_factor: float | None
    total_fees: Decimal
    total_funding: Decimal
    slippage_cost: Decimal


def gross_parts(trades: Sequence[Trade]) -> tuple[Decimal, Decimal]:
    """Sum of the net results of winners and of losers."""
    nets = [trade.net for trade in trades]
    return exact_sum(net for net in nets if net > 0), exact_sum(net for net in nets if net < 0)


def profit_factor(trades: Sequence[Trade]) -> float | None:
    """Gross profit / abs(gross loss); absent without a losing trade."""
    won, lost = gross_parts(trades)
    return ratio(won, -lost)


def growth_a_year(total_return: float, *, days: float) -> float | None:
    """Compound growth a year from the return of a period, both fractions; absent when undefined or too large."""
    if days <= 0 or total_return <= -1:
        return None
    try:
        return finite((1 + total_return) ** (YEAR_DAYS / days) - 1)
    except OverflowError:
        return None


def slippage_cost(trade: Trade) -> Decimal:
    """Money lost to fills worse than expected; an exit without an expected price counts as none."""
    against = Decimal(1 if trade.long else -1)
    entry = exact_product(trade.entry - trade.expected_entry, against)
    exit_ = exact_product((trade.exit if trade.expected_exit is None else trade.expected_exit) - trade.exit, against)
    return exact_product(exact_sum((entry, exit_)), trade.quantity)


def profitability(trades: Sequence[Trade], *, initial_balance: Decimal, start_ms: int, end_ms: int) -> Profitability:
    """Profitability of closed trades over a period; `initial_balance` > 0 for the relative figures."""
    won, lost = gross_parts(trades)
    net = exact_sum((won, lost))
    earned = ratio(net, initial_balance) if initial_balance > 0 else None
    growth = None if earned is None else growth_a_year(earned, days=(end_ms - start_ms) / DAY_MS)
    return Profitability(
        net_profit=net,
        gross_profit=won,
        gross_loss=lost,
        total_return_pct=None if earned is None else earned * 100,
        cagr_pct=None if growth is None else finite(growth * 100),
        profit_factor=ratio(won, -lost),
        total_fees=exact_sum(trade.fees for trade in trades),
        total_funding=exact_sum(trade.funding for trade in trades),
        slippage_cost=exact_sum(slippage_cost(trade) for trade in trades),
    )
