"""The daily summary: what a UTC day brought, in one message."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Protocol
from zoneinfo import ZoneInfo

from engine.core.market import DAY_MS
from engine.core.snapshot import Snapshot
from engine.core.trades import Trade
from handlers.views import words
from handlers.views.format import NONE, cost, day, esc, percent, r_multiple, ratio, signed
from handlers.views.table import Table, paragraphs

_UTC = ZoneInfo("UTC")


class Point(Protocol):
    """One recorded moment of the equity."""

    @property
    def equity(self) -> Decimal: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class DayLine:
    """One day of a list: its start in UTC ms, net result and trades."""

    start_ms: int
    net: Decimal
    trades: int
    won: int


def render_daily(
    trades: Sequence[Trade], equity: Sequence[Point], snapshot: Snapshot, *, day_ms: int, late: bool = False
) -> str:
    """HTML of the summary of the UTC day that starts at `day_ms`.

    `trades` are those closed in the day, `equity` its points in time order. Open positions are shown for the
    running day only. `late` marks a summary that could not be sent on time.
    """
    running = day_ms <= snapshot.market_ms < day_ms + DAY_MS
    title = f"{day(day_ms, _UTC)} UTC · {words.mode(snapshot.mode)} · {snapshot.account}"
    marks = f"{' · so far' if running else ''}{' · sent late' if late else ''}"
    table = Table(9)
    if trades:
        _results(table, trades, equity)
    else:
        table.row("Trades", "none closed")
    if running:
        # What the panel calls today: open results count in it, in the net of closed trades they do not.
        table.row("Equity", signed(snapshot.today), percent(snapshot.today_percent))
    _drawdown(table, equity, snapshot)
    if trades:
        _extremes(table, trades)
    if running:
        at_risk = f"at risk {signed(snapshot.if_all_stop)}" if snapshot.positions else ""
        table.row(f"Open {len(snapshot.positions)}", signed(snapshot.unrealised), at_risk)
    return paragraphs(f"<b>{esc(title)}</b>{marks}", table.html())


def _results(table: Table, trades: Sequence[Trade], equity: Sequence[Point]) -> None:
    net = sum((trade.net for trade in trades), Decimal(0))
    share = percent(net * 100 / equity[0].equity) if equity and equity[0].equity > 0 else NONE
    won, lost = sum(trade.net > 0 for trade in trades), sum(trade.net < 0 for trade in trades)
    table.row("Net", f"{signed(net)} USDT", share)
    table.row("Trades", str(len(trades)), f"{won} won", f"{lost} lost")
    table.row("PF", profit_factor(trades), f"Avg {r_multiple(_average_r(trades), 2)}")
    fees, funding = (
        sum((trade.fees for trade in trades), Decimal(0)),
        sum((trade.funding for trade in trades), Decimal(0)),
    )
    table.row("Fees", cost(fees), f"Funding {cost(funding)}")


def profit_factor(trades: Sequence[Trade]) -> str:
    """What winners earned over what losers lost; a dash without a loser."""
    won = sum((trade.net for trade in trades if trade.net > 0), Decimal(0))
    lost = -sum((trade.net for trade in trades if trade.net < 0), Decimal(0))
    return ratio(won / lost) if lost else NONE


def _average_r(trades: Sequence[Trade]) -> Decimal | None:
    known = [multiple for trade in trades if (multiple := trade.r_multiple) is not None]
    return sum(known, Decimal(0)) / len(known) if known else None


def _drawdown(table: Table, equity: Sequence[Point], snapshot: Snapshot) -> None:
    nearest = max(snapshot.limits, key=lambda limit: limit.used, default=None)
    use = f"Limit {words.used(nearest.used)}" if nearest else "no limits set"
    table.row("Drawdown", percent(_deepest(equity), 1), use)


def _deepest(equity: Sequence[Point]) -> Decimal | None:
    peak, deepest = Decimal(0), Decimal(0)
    for point in equity:
        peak = max(peak, point.equity)
        if peak > 0:
            deepest = min(deepest, (point.equity - peak) * 100 / peak)
    return deepest if equity else None


def _extremes(table: Table, trades: Sequence[Trade]) -> None:
    best, worst = max(trades, key=lambda trade: trade.net), min(trades, key=lambda trade: trade.net)
    table.row("Best", best.symbol, signed(best.net))
    table.row("Worst", worst.symbol, signed(worst.net))
    totals: defaultdict[str, Decimal] = defaultdict(Decimal)
    for trade in trades:
        totals[trade.profile] += trade.net
    for name, net in sorted(totals.items(), key=lambda item: (-item[1], item[0])):
        table.row(name or "external", signed(net))


def day_lines(trades: Sequence[Trade], *, first_ms: int, days: int) -> tuple[DayLine, ...]:
    """Totals of consecutive UTC days, newest first, days without trades included."""
    by_day: defaultdict[int, list[Trade]] = defaultdict(list)
    for trade in trades:
        by_day[trade.exit_ms // DAY_MS].append(trade)
    numbers = range(first_ms // DAY_MS + days - 1, first_ms // DAY_MS - 1, -1)
    return tuple(
        DayLine(
            start_ms=number * DAY_MS,
            net=sum((trade.net for trade in by_day[number]), Decimal(0)),
            trades=len(by_day[number]),
            won=sum(trade.net > 0 for trade in by_day[number]),
        )
        for number in numbers
    )


def render_days(lines: Sequence[DayLine], snapshot: Snapshot) -> str:
    """HTML of several days, one a line."""
    table = Table()
    table.columns(("Day UTC", "Net", "Trades", "Won"), (11, -11, -6, -3))
    for line in lines:
        table.columns((day(line.start_ms, _UTC), signed(line.net), str(line.trades), str(line.won)), (11, -11, -6, -3))
    total = sum((line.net for line in lines), Decimal(0))
    table.columns(
        ("Total", signed(total), str(sum(line.trades for line in lines)), str(sum(line.won for line in lines))),
        (11, -11, -6, -3),
    )
    return paragraphs(f"<b>Last {len(lines)} days</b> · {esc(words.mode(snapshot.mode))} · USDT", table.html())
