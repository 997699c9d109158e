"""Efficiency: how good the average trade was."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from engine.analytics.metrics_profitability import gross_parts
from engine.analytics.numbers import exact_mean, exact_median, exact_product, finite, ratio
from engine.core.trades import Trade


@dataclass(frozen=True, slots=True, kw_only=True)
class Efficiency:
    """Results per trade. A break-even trade (net exactly 0) is neither a win nor a loss, but it is a trade.

    - win_rate_pct: wins / (wins + losses) x 100; long_ and short_ the same of one side.
    - average_win, average_loss: mean net of winners (> 0) and of losers (< 0). payoff_ratio: average_win /
      abs(average_loss).
    - expectancy: mean net a trade. expectancy_r: mean of net / initial risk, over the trades that had a stop.
    - average_trade_pct: mean of net / (entry price x quantity) x 100. median_trade: median net.
    - largest_win, largest_loss: the extreme winner and loser.
    - sqn: system quality number (Van K. Tharp), sqrt(n) x mean(R) / sample deviation(R), without a cap on n; needs
      two trades with a stop.
    """

    trades: int
    wins: int
    losses: int
    win_rate_pct: float | None
    long_win_rate_pct: float | None
    short_win_rate_pct: float | None
    average_win: Decimal | None
    average_loss: Decimal | None
    payoff_ratio: float | None
    expectancy: Decimal | None
    expectancy_r: float | None
    average_trade_pct: float | None
    median_trade: Decimal | None
    largest_win: Decimal | None
    largest_loss: Decimal | None
    sqn: float | None


def win_rate_pct(trades: Sequence[Trade]) -> float | None:
    """Wins in percent of wins and losses; absent when there is neither."""
    wins = sum(trade.net > 0 for trade in trades)
    decided = sum(trade.net != 0 for trade in trades)
    return ratio(100 * wins, decided)


def system_quality(multiples: Sequence[float]) -> float | None:
    """sqrt(n) x mean / sample deviation of R multiples; absent below two or without spread."""
    count = len(multiples)
    if count < 2:
        return None
    mean = math.fsum(multiples) / count
    deviation = math.sqrt(math.fsum((multiple - mean) ** 2 for multiple in multiples) / (count - 1))
    # Equal multiples may leave a rounding residue instead of 0.
    return finite(math.sqrt(count) * mean / deviation) if deviation > 1e-12 * max(1.0, abs(mean)) else None


def _trade_pct(trades: Sequence[Trade]) -> float | None:
    shares = [
        ratio(exact_product(trade.net, Decimal(100)), exact_product(trade.entry, trade.quantity)) for trade in trades
    ]
    known = [share for share in shares if share is not None]
    return finite(math.fsum(known) / len(known)) if known else None


def efficiency(trades: Sequence[Trade]) -> Efficiency:
    """Efficiency of closed trades."""
    nets = [trade.net for trade in trades]
    winners, losers = [net for net in nets if net > 0], [net for net in nets if net < 0]
    won, lost = gross_parts(trades)
    multiples = [multiple for trade in trades if (multiple := trade.r_multiple) is not None]
    mean_r = exact_mean(multiples)
    return Efficiency(
        trades=len(nets),
        wins=len(winners),
        losses=len(losers),
        win_rate_pct=win_rate_pct(trades),
        long_win_rate_pct=win_rate_pct([trade for trade in trades if trade.long]),
        short_win_rate_pct=win_rate_pct([trade for trade in trades if not trade.long]),
        average_win=exact_mean(winners),
        average_loss=exact_mean(losers),
        payoff_ratio=ratio(won * len(losers), -lost * len(winners)),
        expectancy=exact_mean(nets),
        expectancy_r=None if mean_r is None else finite(float(mean_r)),
        average_trade_pct=_trade_pct(trades),
        median_trade=exact_median(nets),
        largest_win=max(winners, default=None),
        largest_loss=min(losers, default=None),
        sqn=system_quality([float(multiple) for multiple in multiples]),
    )
