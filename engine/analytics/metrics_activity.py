"""Activity: how often, how long and when was traded. All times UTC."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal

from engine.analytics.numbers import exact_product, exact_sum, ratio
from engine.analytics.series import DAY_MS
from engine.core.trades import Trade

HOUR_MS = 3_600_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Slot:
    """Trades closed in one weekday (0 = Monday) or one hour (0-23), and their net result."""

    slot: int
    trades: int
    net_profit: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Activity:
    """Counts, durations and calendar of closed trades.

    - trades_per_day: trades / length of the period in days. fills: executions, absent when not recorded.
    - traded_volume: sum of quantity x (entry + exit price), quote currency. Durations: exit time - entry time,
      milliseconds.
    - best_day, worst_day: UTC date (YYYY-MM-DD) of exit with the highest and lowest net result, earliest on a tie;
      best_day_net and worst_day_net are those results. profitable_days_pct: days with a net result above 0 in percent
      of the days with an exit.
    - by_weekday, by_hour: by exit time, only slots with a trade.
    """

    trades_per_day: float | None
    fills: int | None
    traded_volume: Decimal
    average_duration_ms: float | None
    median_duration_ms: float | None
    longest_duration_ms: int | None
    average_winner_duration_ms: float | None
    average_loser_duration_ms: float | None
    best_day: str | None
    best_day_net: Decimal | None
    worst_day: str | None
    worst_day_net: Decimal | None
    profitable_days_pct: float | None
    by_weekday: tuple[Slot, ...]
    by_hour: tuple[Slot, ...]


def net_by_day(trades: Sequence[Trade]) -> dict[str, Decimal]:
    """Net result of each UTC date with an exit, in date order."""
    days: defaultdict[int, list[Decimal]] = defaultdict(list)
    for trade in trades:
        days[trade.exit_ms // DAY_MS].append(trade.net)
    return {_date(day): exact_sum(days[day]) for day in sorted(days)}


def _date(day: int) -> str:
    return datetime.fromtimestamp(day * DAY_MS / 1000, UTC).date().isoformat()


def _slots(trades: Sequence[Trade], places: Sequence[int]) -> tuple[Slot, ...]:
    groups: defaultdict[int, list[Decimal]] = defaultdict(list)
    for trade, place in zip(trades, places, strict=True):
        groups[place].append(trade.net)
    return tuple(
        Slot(slot=place, trades=len(groups[place]), net_profit=exact_sum(groups[place])) for place in sorted(groups)
    )


def _mean_duration(trades: Sequence[Trade]) -> float | None:
    return ratio(sum(trade.exit_ms - trade.entry_ms for trade in trades), len(trades))


def _median_duration(trades: Sequence[Trade]) -> float | None:
    ordered = sorted(trade.exit_ms - trade.entry_ms for trade in trades)
    middle = ordered[(len(ordered) - 1) // 2 : len(ordered) // 2 + 1]
    return ratio(sum(middle), len(middle))


def activity(trades: Sequence[Trade], *, start_ms: int, end_ms: int, fills: int | None = None) -> Activity:
    """Activity of closed trades over a period."""
    days = net_by_day(trades)
    best, worst = max(days, key=days.__getitem__, default=None), min(days, key=days.__getitem__, default=None)
    per_day = ratio(len(trades) * DAY_MS, end_ms - start_ms) if trades and end_ms > start_ms else None
    volumes = (exact_product(trade.quantity, exact_sum((trade.entry, trade.exit))) for trade in trades)
    return Activity(
        trades_per_day=per_day,
        fills=fills,
        traded_volume=exact_sum(volumes),
        average_duration_ms=_mean_duration(trades),
        median_duration_ms=_median_duration(trades),
        longest_duration_ms=max((trade.exit_ms - trade.entry_ms for trade in trades), default=None),
        average_winner_duration_ms=_mean_duration([trade for trade in trades if trade.net > 0]),
        average_loser_duration_ms=_mean_duration([trade for trade in trades if trade.net < 0]),
        best_day=best,
        best_day_net=days[best] if best else None,
        worst_day=worst,
        worst_day_net=days[worst] if worst else None,
        profitable_days_pct=ratio(100 * sum(net > 0 for net in days.values()), len(days)),
        # 1970-01-01 was a Thursday, weekday 3.
        by_weekday=_slots(trades, [(trade.exit_ms // DAY_MS + 3) % 7 for trade in trades]),
        by_hour=_slots(trades, [trade.exit_ms // HOUR_MS % 24 for trade in trades]),
    )
