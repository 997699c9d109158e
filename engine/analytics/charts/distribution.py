"""Distribution of trade results: losses left of zero and hatched, wins right of it."""

from dataclasses import dataclass
from decimal import Decimal

import numpy as np
from matplotlib.axes import Axes

from engine.analytics.charts.axes import decimals_of, name, value_ticks
from engine.analytics.charts.requests import DistributionChart, NoPicture
from engine.analytics.charts.sheet import SIDE, Fact, Sheet, points
from engine.analytics.charts.theme import SMALL, WIDTH, Palette
from engine.analytics.charts.timeaxis import local
from engine.analytics.charts.words import NO_TRADES, amount, counted, percent, period, tone
from engine.analytics.metrics_efficiency import Efficiency, efficiency
from engine.analytics.series import Values

_STEPS = (1.0, 2.0, 2.5, 5.0, 10.0)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Bins:
    """Counts in equal steps around zero: `edges` one longer than `counts`; the outermost hold what lies beyond them."""

    edges: Values
    counts: Values
    even: int
    beyond: int


def binned(nets: Values, *, most: int = 22) -> Bins:
    """Wins and losses counted in round steps that meet at 0; break-even results apart."""
    decided = nets[nets != 0]
    low, high = min(0.0, float(decided.min(initial=0))), max(0.0, float(decided.max(initial=0)))
    if len(decided) >= 50:
        low, high = min(0.0, float(np.percentile(decided, 1))), max(0.0, float(np.percentile(decided, 99)))
    step = _round_step(max(high - low, 1e-9) / (most - 2))
    first, last = int(np.floor(low / step)), int(np.ceil(high / step))
    first, last = (first, last) if last > first else (first, first + 1)
    edges = np.arange(first, last + 1, dtype=np.float64) * step
    # A result on an edge belongs to the bar nearer to zero, so that no loss is ever counted as a win.
    cells = np.where(decided > 0, np.ceil(decided / step) - 1, np.floor(decided / step))
    counts = np.bincount(np.clip(cells, first, last - 1).astype(np.int64) - first, minlength=last - first)
    beyond = int(((decided < edges[0] - 1e-9 * step) | (decided > edges[-1] + 1e-9 * step)).sum())
    return Bins(edges=edges, counts=counts.astype(np.float64), even=int((nets == 0).sum()), beyond=beyond)


def draw_distribution(request: DistributionChart) -> Sheet | NoPicture:
    """Histogram of net results with mean and median."""
    trades, look = request.trades, request.look
    if not trades:
        return NO_TRADES
    found, nets = efficiency(trades), np.array([float(trade.net) for trade in trades])
    bins = binned(nets)
    exits = [local(trade.exit_ms, look.zone) for trade in trades]
    subtitle = f"{period(min(exits), max(exits))} · {look.currency} · {look.zone}"
    words = f"{counted(found.trades, 'trade')}: {found.wins} won, {found.losses} lost, {bins.even} even"
    sheet = Sheet(look, title="Trade results", subtitle=subtitle, facts=_facts(found), caption=words)
    ax = sheet.axes(top=300, bottom=1120)
    _bars(ax, bins, sheet.colours)
    _averages(ax, float(nets.mean()), float(np.median(nets)), sheet.colours)
    name(ax, "Number of trades", sheet.colours)
    legend = f"hatched = loss, plain = win{f', ◆ = {bins.even} break-even' if bins.even else ''}"
    beyond = f" · end bars hold {bins.beyond} beyond" if bins.beyond else ""
    sheet.text(SIDE, 1196, f"Net result of a trade, {look.currency}", size=SMALL, colour=sheet.colours.muted)
    sheet.text(SIDE, 1236, legend + beyond, size=SMALL, colour=sheet.colours.muted, room=WIDTH - 2 * SIDE)
    return sheet


def _facts(found: Efficiency) -> tuple[Fact, ...]:
    return (
        Fact("Trades", f"{found.trades:,}"),
        Fact("Win rate", "–" if found.win_rate_pct is None else percent(found.win_rate_pct, decimals=1)),
        Fact("Average win", *_signed(found.average_win)),
        Fact("Average loss", *_signed(found.average_loss)),
    )


def _signed(value: Decimal | None) -> tuple[str, str]:
    return ("–", "flat") if value is None else (amount(value, sign=True), tone(value))


def _round_step(raw: float) -> float:
    size = 10.0 ** np.floor(np.log10(raw))
    return float(next(step * size for step in _STEPS if step * size >= raw * (1 - 1e-9)))


def _bars(ax: Axes, bins: Bins, colours: Palette) -> None:
    lefts, width = bins.edges[:-1], float(bins.edges[1] - bins.edges[0])
    losing = lefts < -width / 2
    for part, colour, hatch in ((losing, colours.down, "//"), (~losing, colours.up, "")):
        ax.bar(
            lefts[part],
            bins.counts[part],
            width=width,
            align="edge",
            color=colour,
            hatch=hatch,
            edgecolor=colours.paper,
            linewidth=2,
        )
    if bins.even:
        ax.plot([0], [bins.even], marker="D", markersize=12, color=colours.ink, linestyle="none")
    top = max(float(bins.counts.max()), bins.even, 1.0)
    value_ticks(ax, low=0.0, high=top * 1.22, most=5 if top > 4 else int(top) + 1, places=0)
    ax.axvline(0, color=colours.ink, linewidth=2)
    ax.set_xlim(float(bins.edges[0]) - width / 2, float(bins.edges[-1]) + width / 2)
    ax.grid(visible=False, axis="x")
    shown = _edge_ticks(bins.edges, width)
    ax.set_xticks(shown, [amount(edge, decimals=decimals_of(width), sign=True) for edge in shown])


def _edge_ticks(edges: Values, width: float) -> list[float]:
    steps = np.rint(edges / width).astype(np.int64)
    every = max(1, -(-len(edges) // 5))
    return [float(step) * width for step in steps if step % every == 0]


def _averages(ax: Axes, mean: float, median: float, colours: Palette) -> None:
    low, high = ax.get_xlim()
    top = ax.get_ylim()[1]
    for value, style, words, place in ((mean, (0, (8, 4)), "mean", 0.99), (median, (0, (2, 3)), "median", 0.93)):
        if not low <= value <= high:
            continue
        left = value > low + 0.62 * (high - low)
        ax.axvline(value, color=colours.of(tone(0)), linewidth=2.5, linestyle=style)
        ax.annotate(
            f"{words} {amount(value, sign=True)}",
            (value, top * place),
            xytext=(points(-12 if left else 12), 0),
            textcoords="offset points",
            fontsize=points(SMALL),
            color=colours.ink,
            ha="right" if left else "left",
            va="top",
            bbox={"facecolor": colours.paper, "edgecolor": "none", "pad": 2, "alpha": 0.85},
        )
