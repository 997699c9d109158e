"""Candles of a symbol: prices, volume, trades, levels and indicators put together."""

from engine.analytics.charts.candlesticks import View, bodies, gaps, time_ticks, volume_bars
from engine.analytics.charts.indicators import Lines, UnknownIndicator, compute, parse
from engine.analytics.charts.marks import last_price, levels, trade_marks
from engine.analytics.charts.panels import legend, overlay, panel
from engine.analytics.charts.requests import CandleChart, NoPicture
from engine.analytics.charts.sheet import Fact, Sheet
from engine.analytics.charts.theme import WIDTH
from engine.analytics.charts.timeaxis import local
from engine.analytics.charts.words import amount, counted, percent, period, tone

_MOST_PANELS, _MOST_OVERLAYS = 3, 6
_FEWEST, _MOST = 2, 240
# Enough for an EMA of 1,000 to forget where it began, and quick.
_COMPUTED = 5_000
_TOP, _BOTTOM, _GAP = 258, 1206, 14


def draw_candles(request: CandleChart) -> Sheet | NoPicture:
    """The last candles with everything asked for; a sentence when there are none or an indicator is not known."""
    count = len(request.candles.times_ms)
    if count < _FEWEST:
        return NoPicture(f"There are not enough candles of {request.symbol} {request.timeframe} yet.")
    lines = _indicator_lines(request)
    if isinstance(lines, NoPicture):
        return lines
    view = View.of(request.candles, shown=max(_FEWEST, min(request.shown, _MOST, count)))
    sheet = _sheet(request, view)
    _plot(sheet, request, view, lines)
    return sheet


def _indicator_lines(request: CandleChart) -> list[Lines] | NoPicture:
    found = []
    tail = request.candles.tail(_COMPUTED)
    for word in dict.fromkeys(request.indicators):
        indicator = parse(word)
        lines = indicator if isinstance(indicator, UnknownIndicator) else compute(indicator, tail)
        if isinstance(lines, UnknownIndicator):
            return NoPicture(lines.reason)
        found.append(lines)
    panels = sum(not lines.overlay for lines in found)
    if panels > _MOST_PANELS or len(found) - panels > _MOST_OVERLAYS:
        most = f"at most {_MOST_OVERLAYS} indicators on the price and {_MOST_PANELS} below it"
        return NoPicture(f"That is too much for one picture: {most}.")
    return found


def _sheet(request: CandleChart, view: View) -> Sheet:
    look, shown = request.look, view.candles
    close, opened = float(shown.close[-1]), float(shown.open[0])
    change = (close / opened - 1) * 100 if opened > 0 else 0.0
    facts = (
        Fact("Last", amount(close, decimals=request.decimals)),
        Fact("Change shown", percent(change, sign=True), tone(change)),
        Fact("High", amount(float(shown.high.max()), decimals=request.decimals)),
        Fact("Low", amount(float(shown.low.min()), decimals=request.decimals)),
    )
    span = period(local(int(shown.times_ms[0]), look.zone), local(int(shown.times_ms[-1]), look.zone))
    caption = (
        f"{counted(len(shown.times_ms), 'candle')}, last {amount(close, decimals=request.decimals)} {look.currency}"
    )
    title = f"{request.symbol} · {request.timeframe}"
    return Sheet(look, title=title, subtitle=f"{span} · {look.currency} · {look.zone}", facts=facts, caption=caption)


def _plot(sheet: Sheet, request: CandleChart, view: View, lines: list[Lines]) -> None:
    over, under = [part for part in lines if part.overlay], [part for part in lines if not part.overlay]
    legend_rows = legend(sheet, over, top=_TOP + 10, marks=bool(request.trades))
    volume, each = (110, 150) if len(under) < 2 else (84, 118)
    top = _TOP + 44 * legend_rows + 6
    bottom = _BOTTOM - volume - _GAP - len(under) * (each + _GAP)
    right = WIDTH - max(150, 18 * len(amount(float(view.candles.high.max()), decimals=request.decimals)) + 34)
    prices = sheet.axes(top=top, bottom=bottom, right=right)
    view.limits(prices, [level.price for level in request.levels], places=request.decimals)
    gaps(prices, view, sheet.colours)
    for place, part in enumerate(over):
        overlay(prices, part, view, colour=sheet.colours.lines[place], place=place)
    bodies(prices, view, sheet.colours)
    trade_marks(prices, request.trades, view, sheet.colours)
    levels(prices, request.levels, sheet, decimals=request.decimals)
    last_price(prices, float(view.candles.close[-1]), sheet.colours, decimals=request.decimals)
    stack = [sheet.axes(top=bottom + _GAP, bottom=bottom + _GAP + volume, right=right)]
    volume_bars(stack[0], view, sheet.colours)
    for place, part in enumerate(under):
        edge = bottom + _GAP + volume + _GAP + place * (each + _GAP)
        stack.append(sheet.axes(top=edge, bottom=edge + each, right=right))
        panel(stack[-1], part, view, sheet.colours)
    time_ticks([prices, *stack], view, sheet.look.zone)
