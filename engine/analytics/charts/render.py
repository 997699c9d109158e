"""The door to the charts: a request becomes a picture. Imports the drawing libraries only when called."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.analytics.charts import requests as ask

if TYPE_CHECKING:
    from collections.abc import Callable

    from engine.analytics.charts.sheet import Sheet
    from engine.workers import ReportProgress


def render(request: ask.ChartRequest) -> ask.Picture | ask.NoPicture:
    """Draw a request; a sentence when there is nothing to draw or what is asked for does not exist."""
    sheet = draw(request)
    return sheet if isinstance(sheet, ask.NoPicture) else sheet.picture()


def draw(request: ask.ChartRequest) -> Sheet | ask.NoPicture:
    """The finished figure before it is turned into a PNG."""
    drawing: Callable[..., Sheet | ask.NoPicture] = _drawings()[type(request)]
    return drawing(request)


def render_task(request: ask.ChartRequest, _report: ReportProgress) -> ask.Picture | ask.NoPicture:
    """`render` in the form a worker pool runs."""
    return render(request)


def warm_task(request: ask.Look, _report: ReportProgress) -> None:
    """Import everything and draw once, so that the first picture of a worker is not a slow one."""
    _drawings()
    from engine.analytics.charts.sheet import Fact, Sheet

    Sheet(request, title="0", subtitle="0", facts=(Fact("0", "0"),), caption="").picture()


def _drawings() -> dict[type, Callable[..., Sheet | ask.NoPicture]]:
    from engine.analytics.charts import attribution, calendar, candles, distribution, equity, exposure, monthly, pnl

    return {
        ask.EquityChart: equity.draw_equity,
        ask.DrawdownChart: equity.draw_drawdown,
        ask.DistributionChart: distribution.draw_distribution,
        ask.PnlChart: pnl.draw_pnl,
        ask.CalendarChart: calendar.draw_calendar,
        ask.CandleChart: candles.draw_candles,
        ask.AttributionChart: attribution.draw_attribution,
        ask.ExposureChart: exposure.draw_exposure,
        ask.MonthlyChart: monthly.draw_monthly,
    }
