"""Equity with drawdown under water, and drawdown alone."""

import numpy as np
from matplotlib.axes import Axes

from engine.analytics.charts import timeaxis
from engine.analytics.charts.axes import name, padded, value_ticks
from engine.analytics.charts.downsample import kept
from engine.analytics.charts.requests import DrawdownChart, EquityChart, Look, NoPicture
from engine.analytics.charts.sheet import Fact, Sheet, points
from engine.analytics.charts.theme import SMALL, Palette
from engine.analytics.charts.words import amount, percent, period, tone
from engine.analytics.drawdown import episodes, under_water
from engine.analytics.series import EquitySeries, Times, Values

COLUMNS = 700
_TOO_SHORT = NoPicture("There are fewer than two equity points yet; a curve needs two.")


def draw_equity(request: EquityChart) -> Sheet | NoPicture:
    """Equity above, drawdown below, on one time axis."""
    series, look = request.series, request.look
    if len(series) < 2:
        return _TOO_SHORT
    change = float(series.equity[-1] - series.equity[0])
    share = change / float(series.equity[0]) * 100 if series.equity[0] > 0 else None
    worst = float(under_water(series.equity)[1].max())
    last = amount(float(series.equity[-1]))
    facts = (
        Fact("Equity", last),
        Fact("Change", amount(change, sign=True), tone(change)),
        Fact("Return", "–" if share is None else percent(share, sign=True), tone(change)),
        Fact("Max drawdown", percent(-worst)),
    )
    caption = f"{last} {look.currency}, {amount(change, sign=True)}, max drawdown {percent(worst)}"
    sheet = Sheet(look, title="Equity", subtitle=subtitle(series.times_ms, look), facts=facts, caption=caption)
    upper = sheet.axes(top=300, bottom=840)
    _curve(upper, series, sheet.colours)
    name(upper, f"Equity, {look.currency}", sheet.colours)
    timeaxis.label(
        upper, start_ms=int(series.times_ms[0]), end_ms=int(series.times_ms[-1]), zone=look.zone, shown=False
    )
    lower = sheet.axes(top=900, bottom=1196)
    _water(lower, series, sheet.colours, look.zone)
    return sheet


def draw_drawdown(request: DrawdownChart) -> Sheet | NoPicture:
    """Drawdown over the whole height."""
    series, look = request.series, request.look
    if len(series) < 2:
        return _TOO_SHORT
    money, share = under_water(series.equity)
    falls = episodes(series.times_ms, series.equity)
    end = int(series.times_ms[-1])
    lengths = ((end if fall.recovery_ms is None else fall.recovery_ms) - fall.start_ms for fall in falls)
    longest = max(lengths, default=0)
    facts = (
        Fact("Deepest", percent(-float(share.max())), tone(-float(share.max()))),
        Fact(f"Deepest, {look.currency}", amount(-float(money.max()))),
        Fact("Now", percent(-float(share[-1])), tone(-float(share[-1]))),
        Fact("Longest", duration(longest)),
    )
    caption = f"deepest {percent(float(share.max()))}, now {percent(float(share[-1]))}"
    sheet = Sheet(look, title="Drawdown", subtitle=subtitle(series.times_ms, look), facts=facts, caption=caption)
    _water(sheet.axes(top=300, bottom=1196), series, sheet.colours, look.zone)
    return sheet


def subtitle(times_ms: Times, look: Look) -> str:
    """Period of a series, unit and time zone."""
    span = period(timeaxis.local(int(times_ms[0]), look.zone), timeaxis.local(int(times_ms[-1]), look.zone))
    return f"{span} · {look.currency} · {look.zone}"


def duration(span_ms: int) -> str:
    """Length of time in its two largest units."""
    minutes = span_ms // 60_000
    if minutes < 60:
        return f"{minutes} min"
    return (
        f"{minutes // 60} h {minutes % 60:02} m" if minutes < 1440 else f"{minutes // 1440} d {minutes % 1440 // 60} h"
    )


def line(ax: Axes, times_ms: Times, values: Values, *, colour: str, faint: str) -> None:
    """A thinned line through the points; dotted where the series has a hole."""
    keep = kept(values, columns=COLUMNS)
    x, y = timeaxis.seconds(times_ms[keep]), values[keep].copy()
    ax.plot(x, y, color=colour, linewidth=2.6, solid_joinstyle="round", solid_capstyle="round")
    for first in holes(times_ms):
        ends = np.array([first, first + 1])
        ax.plot(timeaxis.seconds(times_ms[ends]), values[ends], color=faint, linewidth=5, solid_capstyle="butt")
        ax.plot(timeaxis.seconds(times_ms[ends]), values[ends], color=colour, linewidth=2.6, linestyle=(0, (1, 2)))


def holes(times_ms: Times) -> list[int]:
    """Positions before a hole: at least 20 usual steps of a regular series and 1 % of its span; the 20 longest."""
    steps = np.diff(times_ms)
    if len(steps) < 50:
        return []
    usual, near = np.percentile(steps, (50, 90))
    wide = np.flatnonzero((steps >= 20 * max(usual, near)) & (steps * 100 >= times_ms[-1] - times_ms[0]))
    return [int(place) for place in sorted(wide, key=lambda place: -steps[place])[:20]]


def _curve(ax: Axes, series: EquitySeries, colours: Palette) -> None:
    keep = kept(series.equity, columns=COLUMNS)
    low, high = padded(float(series.equity.min()), float(series.equity.max()))
    ax.fill_between(
        timeaxis.seconds(series.times_ms[keep]), series.equity[keep], low, color=colours.accent, alpha=0.12, linewidth=0
    )
    line(ax, series.times_ms, series.equity, colour=colours.accent, faint=colours.paper)
    ax.axhline(float(series.equity[0]), color=colours.muted, linewidth=1.5, linestyle=(0, (6, 5)))
    ax.plot([float(series.times_ms[-1]) / 1000], [series.equity[-1]], marker="o", markersize=9, color=colours.accent)
    value_ticks(ax, low=low, high=high)


def _water(ax: Axes, series: EquitySeries, colours: Palette, zone: str) -> None:
    share = -under_water(series.equity)[1]
    keep = kept(share, columns=COLUMNS)
    ax.fill_between(
        timeaxis.seconds(series.times_ms[keep]), share[keep], 0.0, color=colours.down, alpha=0.28, linewidth=0
    )
    line(ax, series.times_ms, share, colour=colours.down, faint=colours.paper)
    low = min(float(share.min()) * 1.18, -0.1)
    value_ticks(ax, low=low, high=0.0, most=4, suffix="%")
    start, end = int(series.times_ms[0]), int(series.times_ms[-1])
    timeaxis.label(ax, start_ms=start, end_ms=end, zone=zone)
    name(ax, "Drawdown, % of the peak", colours)
    if share.min() < 0:
        _mark_trough(
            ax,
            float(series.times_ms[int(share.argmin())]) / 1000,
            float(share.min()),
            colours,
            late=(start + end) / 2000,
        )


def _mark_trough(ax: Axes, x: float, y: float, colours: Palette, *, late: float) -> None:
    right = x > late
    ax.plot([x], [y], marker="o", markersize=9, color=colours.down)
    ax.annotate(
        percent(y),
        (x, y),
        xytext=(points(-16 if right else 16), 0),
        textcoords="offset points",
        fontsize=points(SMALL),
        fontweight="bold",
        color=colours.ink,
        ha="right" if right else "left",
        va="center",
    )
