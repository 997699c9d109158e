"""Trades and price levels drawn over candles."""

from matplotlib.axes import Axes

from engine.analytics.charts.candlesticks import View
from engine.analytics.charts.requests import Level, TradeMark
from engine.analytics.charts.sheet import Sheet, points
from engine.analytics.charts.theme import HEIGHT, SMALL, Palette, readable_on
from engine.analytics.charts.words import amount

_STYLES = {"stop": (0, (7, 4)), "target": (0, (2, 2.5)), "entry": (0, (10, 3, 2, 3)), "note": (0, (1, 3))}
_LABEL_PITCH = 40
MARK_PIXELS = 26


def trade_marks(ax: Axes, trades: tuple[TradeMark, ...], view: View, colours: Palette) -> None:
    """Entry a filled triangle, exit a hollow one, pointing up for a buy and down for a sale, joined by a thin line."""
    for trade in trades:
        start, end = view.place(trade.entry_ms), None if trade.exit_ms is None else view.place(trade.exit_ms)
        if (end if end is not None else len(view)) < 0 or start > len(view):
            continue
        _mark(ax, start, trade.entry, up=trade.long, filled=True, colours=colours)
        if end is not None and trade.exit is not None:
            ax.plot([start, end], [trade.entry, trade.exit], color=colours.ink, linewidth=1.8, zorder=5)
            _mark(ax, end, trade.exit, up=not trade.long, filled=False, colours=colours)


def _mark(ax: Axes, x: float, y: float, *, up: bool, filled: bool, colours: Palette) -> None:
    ax.plot(
        [x],
        [y],
        marker="^" if up else "v",
        markersize=points(MARK_PIXELS),
        zorder=6,
        linestyle="none",
        markerfacecolor=colours.accent if filled else colours.paper,
        markeredgecolor=colours.ink,
        markeredgewidth=points(3),
    )


def levels(ax: Axes, wanted: tuple[Level, ...], sheet: Sheet, *, decimals: int) -> None:
    """Lines with label and price at the left edge, labels moved apart; a level out of sight is named at the edge."""
    low, high = ax.get_ylim()
    tones = {"stop": sheet.colours.down, "target": sheet.colours.up, "entry": sheet.colours.accent}
    room = _LABEL_PITCH / (ax.get_position().height * HEIGHT) * (high - low)
    ordered = sorted(wanted, key=lambda level: level.price)
    places = spread([level.price for level in ordered], low=low + room / 2, high=high - room / 2, room=room)
    for level, place in zip(ordered, places, strict=True):
        colour = tones.get(level.kind, sheet.colours.muted)
        hidden = " ↑" if level.price > high else " ↓" if level.price < low else ""
        if not hidden:
            style = _STYLES.get(level.kind, _STYLES["note"])
            ax.axhline(level.price, color=colour, linewidth=2.4, linestyle=style, zorder=4)
        words = f"{level.label} {amount(level.price, decimals=decimals)}{hidden}"
        _tag(ax, (0.006, place), words, colour)


def spread(wanted: list[float], *, low: float, high: float, room: float) -> list[float]:
    """Ascending positions moved to lie `room` apart and, where they fit at all, between low and high."""
    places: list[float] = []
    for value in wanted:
        free = places[-1] + room if places else low
        places.append(max(free, min(max(value, low), high)))
    ceiling = high
    for index in range(len(places) - 1, -1, -1):
        places[index] = min(places[index], ceiling)
        ceiling = places[index] - room
    return places


def _tag(ax: Axes, position: tuple[float, float], words: str, colour: str) -> None:
    ax.text(
        *position,
        words,
        transform=ax.get_yaxis_transform(),
        fontsize=points(SMALL),
        fontweight="bold",
        va="center_baseline",
        color=readable_on(colour),
        zorder=8,
        bbox={"facecolor": colour, "edgecolor": "none", "boxstyle": "round,pad=0.18"},
    )


def last_price(ax: Axes, price: float, colours: Palette, *, decimals: int) -> None:
    """The newest close as a tag on the price axis."""
    ax.axhline(price, color=colours.muted, linewidth=1.2, zorder=2)
    ax.annotate(
        amount(price, decimals=decimals),
        (1, price),
        xycoords=("axes fraction", "data"),
        xytext=(8, 0),
        textcoords="offset points",
        fontsize=points(SMALL),
        fontweight="bold",
        va="center_baseline",
        color=colours.paper,
        zorder=9,
        annotation_clip=False,
        bbox={"facecolor": colours.ink, "edgecolor": "none", "boxstyle": "round,pad=0.2"},
    )
