"""Cumulated net result with every trade marked."""

import numpy as np
from matplotlib.axes import Axes

from engine.analytics.charts import timeaxis
from engine.analytics.charts.axes import name, padded, value_ticks
from engine.analytics.charts.requests import NoPicture, PnlChart
from engine.analytics.charts.sheet import Fact, Sheet, points
from engine.analytics.charts.theme import SMALL, Palette
from engine.analytics.charts.words import NO_TRADES, amount, counted, percent, period, tone
from engine.analytics.metrics_efficiency import win_rate_pct
from engine.analytics.metrics_profitability import profit_factor
from engine.analytics.numbers import exact_sum
from engine.analytics.series import Times, Values, closing_order


def draw_pnl(request: PnlChart) -> Sheet | NoPicture:
    """Steps from trade to trade: ▲ won, ▼ lost, ■ even."""
    trades, look = closing_order(request.trades), request.look
    if not trades:
        return NO_TRADES
    total = exact_sum(trade.net for trade in trades)
    rate, factor = win_rate_pct(trades), profit_factor(trades)
    first = timeaxis.local(trades[0].entry_ms, look.zone)
    subtitle = f"{period(first, timeaxis.local(trades[-1].exit_ms, look.zone))} · {look.currency} · {look.zone}"
    facts = (
        Fact("Net result", amount(total, sign=True), tone(total)),
        Fact("Trades", f"{len(trades):,}"),
        Fact("Win rate", "–" if rate is None else percent(rate, decimals=1)),
        Fact("Profit factor", "–" if factor is None else amount(factor)),
    )
    words = f"{amount(total, sign=True)} {look.currency} in {counted(len(trades), 'trade')}"
    sheet = Sheet(look, title="Cumulated result", subtitle=subtitle, facts=facts, caption=words)
    times = np.array([min(trade.entry_ms for trade in trades), *(trade.exit_ms for trade in trades)], dtype=np.int64)
    nets = np.array([float(trade.net) for trade in trades])
    ax = sheet.axes(top=300, bottom=1140)
    _steps(ax, times, nets, sheet.colours)
    timeaxis.label(ax, start_ms=int(times[0]), end_ms=int(times[-1]), zone=look.zone)
    name(ax, f"Net result of closed trades, {look.currency}", sheet.colours)
    sheet.text(44, 1240, "▲ won   ▼ lost   ■ break-even", size=SMALL, colour=sheet.colours.muted)
    return sheet


def _steps(ax: Axes, times: Times, nets: Values, colours: Palette) -> None:
    cumulated = np.concatenate(([0.0], np.cumsum(nets)))
    x = timeaxis.seconds(times)
    ax.plot(x, cumulated, color=colours.accent, linewidth=2.6, drawstyle="steps-post")
    ax.axhline(0, color=colours.muted, linewidth=1.5)
    size = points(20 if len(nets) <= 60 else 13 if len(nets) <= 300 else 8)
    for part, marker, colour in (
        (nets > 0, "^", colours.up),
        (nets < 0, "v", colours.down),
        (nets == 0, "s", colours.muted),
    ):
        ax.plot(
            x[1:][part],
            cumulated[1:][part],
            linestyle="none",
            marker=marker,
            markersize=size,
            color=colour,
            markeredgecolor=colours.paper,
            markeredgewidth=0.8,
        )
    low, high = padded(min(0.0, float(cumulated.min())), max(0.0, float(cumulated.max())))
    value_ticks(ax, low=low, high=high, most=6)
