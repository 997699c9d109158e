"""Exposure and margin use over time, in percent of equity."""

import numpy as np
from matplotlib.axes import Axes

from engine.analytics.charts import timeaxis
from engine.analytics.charts.axes import name, value_ticks
from engine.analytics.charts.downsample import kept
from engine.analytics.charts.equity import COLUMNS, subtitle
from engine.analytics.charts.requests import ExposureChart, NoPicture
from engine.analytics.charts.sheet import Fact, Sheet
from engine.analytics.charts.theme import Palette
from engine.analytics.charts.words import percent
from engine.analytics.series import Times, Values


def draw_exposure(request: ExposureChart) -> Sheet | NoPicture:
    """Notional above, margin below; one of them alone takes the whole height."""
    series, look = request.series, request.look
    recorded = (("Exposure", series.exposure), ("Margin use", series.margin))
    parts = [(words, _share(values, series.equity)) for words, values in recorded if values is not None]
    if not parts or len(series) < 2:
        return NoPicture("Exposure and margin were not recorded for this period yet.")
    facts = tuple(fact for words, share in parts for fact in _facts(words, share))
    caption = ", ".join(f"{words.lower()} now {percent(float(share[-1]), decimals=1)}" for words, share in parts)
    under = subtitle(series.times_ms, look)
    sheet = Sheet(look, title="Exposure and margin", subtitle=under, facts=facts, caption=caption)
    height = (1196 - 300 - 70 * (len(parts) - 1)) / len(parts)
    for place, (words, share) in enumerate(parts):
        top = 300 + place * (height + 70)
        ax = sheet.axes(top=top, bottom=top + height)
        _area(ax, series.times_ms, share, sheet.colours.lines[place], sheet.colours)
        average = percent(_average(series.times_ms, share), decimals=1)
        name(ax, f"{words}, % of equity · average {average} (dashed)", sheet.colours)
        start, end = int(series.times_ms[0]), int(series.times_ms[-1])
        timeaxis.label(ax, start_ms=start, end_ms=end, zone=look.zone, shown=place == len(parts) - 1)
    return sheet


def _facts(words: str, share: Values) -> tuple[Fact, Fact]:
    now, highest = percent(float(share[-1]), decimals=1), percent(float(share.max()), decimals=1)
    return Fact(f"{words} now", now), Fact("Highest", highest)


def _share(values: Values, equity: Values) -> Values:
    return np.divide(100 * values, equity, out=np.zeros_like(values), where=equity > 0)


def _average(times: Times, share: Values) -> float:
    span = float(times[-1] - times[0])
    return float((share[:-1] * np.diff(times)).sum()) / span if span > 0 else float(share[-1])


def _area(ax: Axes, times: Times, share: Values, colour: str, colours: Palette) -> None:
    keep = kept(share, columns=COLUMNS)
    x = timeaxis.seconds(times[keep])
    ax.fill_between(x, share[keep], 0, step="post", color=colour, alpha=0.18, linewidth=0)
    ax.plot(x, share[keep], color=colour, linewidth=2.2, drawstyle="steps-post")
    average = _average(times, share)
    ax.axhline(average, color=colours.ink, linewidth=2.5, linestyle=(0, (6, 5)), zorder=5)
    value_ticks(ax, low=0.0, high=max(float(share.max()) * 1.1, 1.0), suffix="%")
