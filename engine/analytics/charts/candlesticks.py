"""Candle bodies, wicks, volume and holes on evenly spaced places, and the time ticks under them."""

from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection, PolyCollection
from numpy.typing import NDArray

from engine.analytics.charts import timeaxis
from engine.analytics.charts.axes import padded, value_ticks
from engine.analytics.charts.equity import duration
from engine.analytics.charts.requests import Candles
from engine.analytics.charts.sheet import points
from engine.analytics.charts.theme import Palette
from engine.analytics.series import Values


@dataclass(frozen=True, slots=True, eq=False)
class View:
    """The candles drawn, the n-th at x = n; `step_ms` is the usual time from one to the next."""

    candles: Candles
    step_ms: int

    @classmethod
    def of(cls, candles: Candles, *, shown: int) -> "View":
        """View of the last candles."""
        last = candles.tail(shown)
        return cls(last, int(np.median(np.diff(last.times_ms))))

    def __len__(self) -> int:
        return len(self.candles.times_ms)

    def place(self, time_ms: int) -> float:
        """x of the candle that holds a moment; beyond either end by as many steps as it lies away."""
        times = self.candles.times_ms
        if time_ms < times[0]:
            return (time_ms - int(times[0])) / self.step_ms
        if time_ms >= times[-1]:
            return len(self) - 1 + (time_ms - int(times[-1])) // self.step_ms
        return float(np.searchsorted(times, time_ms, side="right") - 1)

    def limits(self, ax: Axes, prices: list[float], *, places: int) -> None:
        """Price limits that hold all candles and those levels that are not far away."""
        low, high = float(self.candles.low.min()), float(self.candles.high.max())
        reach = 0.8 * (high - low)
        near = [price for price in prices if low - reach <= price <= high + reach]
        low, high = padded(min([low, *near]), max([high, *near]), share=0.05)
        value_ticks(ax, low=low, high=high, most=6, places=places, avoid=float(self.candles.close[-1]))


def bodies(ax: Axes, view: View, colours: Palette) -> None:
    """Rising candles hollow, falling ones filled, so that the direction shows without colour."""
    found = view.candles
    x = np.arange(len(view), dtype=np.float64)
    rising = found.close >= found.open
    top, bottom = np.maximum(found.open, found.close), np.minimum(found.open, found.close)
    width = 2.4 if len(view) <= 130 else 1.8
    for part, colour, fill in ((rising, colours.up, colours.paper), (~rising, colours.down, colours.down)):
        wicks = [*_verticals(x[part], found.low[part], bottom[part]), *_verticals(x[part], top[part], found.high[part])]
        ax.add_collection(LineCollection(wicks, colors=colour, linewidths=points(width), zorder=3))
        boxes = _boxes(x[part], bottom[part], top[part])
        ax.add_collection(
            PolyCollection(list(boxes), facecolors=fill, edgecolors=colour, linewidths=points(width), zorder=3.1)
        )
    ax.set_xlim(-1, len(view) + 0.6)


def volume_bars(ax: Axes, view: View, colours: Palette) -> None:
    """Volume in the colours of the candles."""
    found = view.candles
    x, rising = np.arange(len(view), dtype=np.float64), found.close >= found.open
    for part, colour, fill in ((rising, colours.up, colours.paper), (~rising, colours.down, colours.down)):
        boxes = _boxes(x[part], np.zeros(int(part.sum())), found.volume[part])
        ax.add_collection(PolyCollection(list(boxes), facecolors=fill, edgecolors=colour, linewidths=points(1.6)))
    ax.set_xlim(-1, len(view) + 0.6)
    value_ticks(ax, low=0.0, high=max(float(found.volume.max()), 1e-9) * 1.35, most=2, inset=0.12)
    inside(ax, "Volume", colours)


def inside(ax: Axes, words: str, colours: Palette) -> None:
    """Name of a panel inside its upper left corner."""
    ax.text(
        0.006,
        0.95,
        words,
        transform=ax.transAxes,
        fontsize=points(24),
        color=colours.ink,
        va="top",
        zorder=9,
        bbox={"facecolor": colours.paper, "edgecolor": "none", "pad": 2, "alpha": 0.75},
    )


def gaps(ax: Axes, view: View, colours: Palette) -> None:
    """A dashed line and the missing time where candles are absent; the longest three are labelled."""
    steps = np.diff(view.candles.times_ms)
    missing = sorted(np.flatnonzero(steps > 1.5 * view.step_ms), key=lambda place: -steps[place])
    for rank, place in enumerate(missing):
        ax.axvline(place + 0.5, color=colours.muted, linewidth=2, linestyle=(0, (3, 3)), zorder=1)
        if rank < 3:
            ax.text(
                place + 0.5,
                0.02,
                f"gap {duration(int(steps[place]) - view.step_ms)}",
                transform=ax.get_xaxis_transform(),
                ha="center",
                fontsize=points(24),
                color=colours.muted,
                zorder=4,
                bbox={"facecolor": colours.paper, "edgecolor": "none", "pad": 2},
            )


def time_ticks(stack: list[Axes], view: View, zone: str) -> None:
    """Round local times at the candles that begin there or next; labels under the lowest axes only."""
    times = view.candles.times_ms
    found = timeaxis.ticks(int(times[0]), int(times[-1]), zone=zone, most=6)
    places: dict[int, str] = {}
    for time_ms, words in found:
        place = int(np.searchsorted(times, time_ms))
        if not places or place - max(places) > len(view) / 9:
            places[place] = words
    for ax in stack:
        ax.set_xticks(list(places), list(places.values()) if ax is stack[-1] else [""] * len(places))


def _verticals(x: Values, low: Values, high: Values) -> NDArray[np.float64]:
    return np.stack((np.stack((x, low), axis=1), np.stack((x, high), axis=1)), axis=1)


def _boxes(x: Values, low: Values, high: Values) -> NDArray[np.float64]:
    corners = ((x - 0.34, low), (x - 0.34, high), (x + 0.34, high), (x + 0.34, low))
    return np.stack([np.stack(corner, axis=1) for corner in corners], axis=1)
