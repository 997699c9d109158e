"""Indicator lines over the price or in panels of their own, and the legend."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from engine.analytics.charts.axes import padded, value_ticks
from engine.analytics.charts.candlesticks import View, inside
from engine.analytics.charts.indicators import Lines
from engine.analytics.charts.sheet import SIDE, Sheet
from engine.analytics.charts.theme import SMALL, WIDTH, Palette
from engine.analytics.charts.words import amount
from engine.analytics.series import Values

_DASHES: tuple[tuple[float, tuple[float, ...]], ...] = (
    (0, ()),
    (0, (8, 3)),
    (0, (3, 2)),
    (0, (8, 3, 2, 3)),
    (0, (1.5, 1.5)),
    (0, (12, 3)),
)
_BANDS = {
    "RSI": (30, 70),
    "STOCH": (20, 80),
    "STOCHRSI": (20, 80),
    "MFI": (20, 80),
    "WILLR": (-80, -20),
    "CCI": (-100, 100),
}


def overlay(ax: Axes, lines: Lines, view: View, *, colour: str, place: int) -> None:
    """Lines over the candles; every indicator has its own colour and its own dashes."""
    x = np.arange(len(view))
    for _, values in lines.columns:
        ax.plot(x, values[-len(view) :], color=colour, linewidth=2.4, linestyle=_DASHES[place], zorder=2.5)


def panel(ax: Axes, lines: Lines, view: View, colours: Palette) -> None:
    """Lines in a panel of their own: histograms as bars, usual thresholds dotted."""
    x = np.arange(len(view))
    shown = [(name, values[-len(view) :]) for name, values in lines.columns]
    low, high = _limits([values for _, values in shown], lines.label)
    for place, (name, values) in enumerate(shown):
        if name.split("_")[0].endswith("h") and len(shown) > 1:
            _histogram(ax, x, values, colours)
        else:
            ax.plot(x, values, color=colours.lines[place], linewidth=2.2, linestyle=_DASHES[place], zorder=3)
    bands = _BANDS.get(lines.label.split(" ")[0], ())
    for threshold in bands:
        ax.axhline(threshold, color=colours.muted, linewidth=1.6, linestyle=(0, (2, 3)))
    ax.set_xlim(-1, len(view) + 0.6)
    value_ticks(ax, low=low, high=high, most=3, inset=0.12)
    if bands:
        ax.set_yticks(bands, [amount(threshold, decimals=0) for threshold in bands])
    last = next((float(values[-1]) for _, values in shown if np.isfinite(values[-1])), None)
    inside(ax, lines.label if last is None else f"{lines.label}  {_figure(last)}", colours)


def legend(sheet: Sheet, overlays: Sequence[Lines], *, top: float, marks: bool) -> int:
    """Rows of legend used: one entry an overlay, and what the triangles mean."""
    left, row = float(SIDE), 0
    entries = [(lines.label, sheet.colours.lines[place], _DASHES[place]) for place, lines in enumerate(overlays)]
    for words, colour, dashes in entries:
        drawn = sheet.text(left + 70, top + 44 * row, words, size=SMALL, room=700)
        width = 70 + sheet.width_of(drawn) + 36
        if left + width > WIDTH - SIDE and left > SIDE:
            left, row = float(SIDE), row + 1
            drawn.set_position(((left + 70) / WIDTH, 1 - (top + 44 * row) / sheet.height))
        y = 1 - (top + 44 * row) / sheet.height
        sheet.figure.add_artist(
            Line2D([left / WIDTH, (left + 58) / WIDTH], [y, y], color=colour, linestyle=dashes, linewidth=3)
        )
        left += width
    used = row + 1 if entries else 0
    if marks:
        sheet.text(
            SIDE,
            top + 44 * used,
            "▲ buy  ▼ sell    filled = entry, hollow = exit",
            size=SMALL,
            colour=sheet.colours.muted,
        )
        used += 1
    return used


def _histogram(ax: Axes, x: np.ndarray[tuple[int], np.dtype[np.int64]], values: Values, colours: Palette) -> None:
    ax.bar(
        x, np.nan_to_num(values), width=0.7, color=np.where(values >= 0, colours.up, colours.down), alpha=0.6, zorder=2
    )
    ax.axhline(0, color=colours.muted, linewidth=1)


def _limits(columns: list[Values], label: str) -> tuple[float, float]:
    known = [values[np.isfinite(values)] for values in columns]
    values = np.concatenate([*known, np.array(_BANDS.get(label.split(" ", maxsplit=1)[0], ()), dtype=np.float64)])
    return padded(float(values.min()), float(values.max()), share=0.12) if len(values) else (0.0, 1.0)


def _figure(value: float) -> str:
    size = abs(value)
    return amount(value, decimals=0 if size >= 10_000 else 2 if size >= 1 else 6)
