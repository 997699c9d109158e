"""Value axes: a few round ticks with just the decimals they need."""

import math
from collections.abc import Callable

from matplotlib.axes import Axes
from matplotlib.ticker import FixedFormatter, FixedLocator, MaxNLocator

from engine.analytics.charts.sheet import points
from engine.analytics.charts.theme import HEIGHT, SMALL, Palette
from engine.analytics.charts.words import amount


def decimals_of(step: float) -> int:
    """Decimals needed to tell two ticks apart."""
    if step <= 0:
        return 0
    whole = max(0, -math.floor(math.log10(step) + 1e-9))
    # A step of 2.5 needs one more than a step of 2 or 3.
    return whole if math.isclose(round(step, whole), step, rel_tol=1e-6) else whole + 1


def value_ticks(
    ax: Axes,
    *,
    low: float,
    high: float,
    most: int = 5,
    suffix: str = "",
    places: int | None = None,
    inset: float = 0.0,
    avoid: float | None = None,
) -> None:
    """Limits and ticks of the value axis.

    `places` fixes the decimals (prices), otherwise the step decides. No tick comes closer to either end than `inset`
    (a share of the range) nor so close to the value `avoid` that their labels would touch.
    """
    ax.set_ylim(low, high)
    room = inset * (high - low)
    ticks = [float(value) for value in MaxNLocator(nbins=most, steps=[1, 2, 2.5, 5, 10]).tick_values(low, high)]
    found = [value for value in ticks if low + room <= value <= high - room]
    touch = 40 / (ax.get_position().height * HEIGHT) * (high - low)
    found = [value for value in found if avoid is None or abs(value - avoid) > touch]
    show = _shortener(
        max((abs(value) for value in found), default=0), decimals_of(ticks[1] - ticks[0]) if places is None else places
    )
    ax.yaxis.set_major_locator(FixedLocator(found))
    ax.yaxis.set_major_formatter(FixedFormatter([show(value) + suffix for value in found]))


def padded(low: float, high: float, *, share: float = 0.06) -> tuple[float, float]:
    """Limits with some air; a flat range gets air of its own size."""
    air = (high - low) * share or max(abs(high), 1.0) * 0.01
    return low - air, high + air


def name(ax: Axes, words: str, colours: Palette) -> None:
    """What the axes show and in which unit, above their left corner."""
    ax.set_title(words, loc="left", fontsize=points(SMALL), color=colours.muted, pad=10)


def _shortener(largest: float, places: int) -> Callable[[float], str]:
    for size, unit in ((1e9, "B"), (1e6, "M")):
        if largest >= size:
            return lambda value: amount(value / size, decimals=2 if value else 0) + (unit if value else "")
    return lambda value: amount(value, decimals=places)
