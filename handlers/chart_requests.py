"""From what was asked for to what the chart worker draws: fetches the rows and builds the request."""

from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from engine.core.market import DAY_MS, timeframe_ms
from engine.core.snapshot import PositionView, Snapshot
from engine.core.trades import Trade
from handlers.arguments import period_of
from handlers.context import Context
from handlers.views.format import at, decimals
from keyboards.data import Picture

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.analytics.charts.requests import ChartRequest, Level, Look, TradeMark
    from engine.analytics.series import EquitySeries
    from handlers.ports import EquityPoint

KINDS = ("equity", "drawdown", "distribution", "pnl", "calendar")
SHOWN = 120
_WARM_UP = 400
_DEFAULT_FRAMES = {"equity": "7d", "drawdown": "30d", "distribution": "30d", "pnl": "30d"}
_DEFAULT_TIMEFRAME = "15m"


def month_of(text: str) -> tuple[int, int] | None:
    """Year and month of `2025-11`; None when it is none."""
    try:
        found = datetime.strptime(text, "%Y-%m")  # noqa: DTZ007 - a month on the calendar, no instant
    except ValueError:
        return None
    return found.year, found.month


def neighbours(year: int, month: int) -> tuple[str, str]:
    """The months before and after."""
    before = (year - 1, 12) if month == 1 else (year, month - 1)
    after = (year + 1, 1) if month == 12 else (year, month + 1)
    return f"{before[0]:04}-{before[1]:02}", f"{after[0]:04}-{after[1]:02}"


def with_frame(wanted: Picture, snapshot: Snapshot, zone: ZoneInfo) -> Picture:
    """The same picture with its usual timeframe, period or month filled in."""
    if wanted.frame:
        return wanted
    if wanted.what == "calendar":
        return wanted.model_copy(update={"frame": f"{at(snapshot.market_ms, zone):%Y-%m}"})
    return wanted.model_copy(update={"frame": _DEFAULT_FRAMES.get(wanted.what, _timeframe(wanted.what, snapshot))})


def _timeframe(symbol: str, snapshot: Snapshot) -> str:
    traded = [profile.timeframe for profile in snapshot.profiles if symbol in profile.symbols]
    return traded[0] if traded else _DEFAULT_TIMEFRAME


async def build(wanted: Picture, indicators: tuple[str, ...], ctx: Context) -> "ChartRequest | str":
    """The request for a picture, or a sentence that says why there is none."""
    from engine.analytics.charts import requests as r

    look = r.Look(mode=ctx.snapshot.mode.upper(), zone=ctx.zone.key, dark=wanted.dark)
    if wanted.what == "calendar":
        return await _calendar(wanted, look, ctx)
    if wanted.what not in KINDS:
        return await _candles(wanted, indicators, look, ctx)
    period = period_of(wanted.frame, now_ms=ctx.snapshot.market_ms)
    if period is None:
        return f"{wanted.frame} is not a period: write today, 7d, 4w or all."
    if wanted.what in {"equity", "drawdown"}:
        points = await ctx.store.queries.equity(period.since_ms, period.until_ms + 1)
        kind = r.EquityChart if wanted.what == "equity" else r.DrawdownChart
        return kind(look=look, series=series_of(points))
    trades = tuple(
        await ctx.store.queries.trades(since_ms=period.since_ms, until_ms=period.until_ms + 1, newest_first=False)
    )
    return (
        r.DistributionChart(look=look, trades=trades)
        if wanted.what == "distribution"
        else r.PnlChart(look=look, trades=trades)
    )


def series_of(points: "Sequence[EquityPoint]") -> "EquitySeries":
    """Recorded equity as columns."""
    import numpy as np

    from engine.analytics.series import EquitySeries

    return EquitySeries(
        times_ms=np.fromiter((point.at_ms for point in points), np.int64, len(points)),
        equity=np.fromiter((float(point.equity) for point in points), np.float64, len(points)),
        margin=np.fromiter((float(point.margin) for point in points), np.float64, len(points)),
    )


async def _calendar(wanted: Picture, look: "Look", ctx: Context) -> "ChartRequest | str":
    from engine.analytics.charts.requests import CalendarChart

    month = month_of(wanted.frame)
    if month is None:
        return f"{wanted.frame} is not a month: write it like 2025-11."
    first = datetime(*month, 1, tzinfo=ctx.zone)
    start_ms = int(first.timestamp() * 1000)
    # 32 days reach into the next month whatever the month and the clock changes; the chart takes its own days only.
    trades = await ctx.store.queries.trades(since_ms=start_ms, until_ms=start_ms + 32 * DAY_MS, newest_first=False)
    return CalendarChart(look=look, trades=tuple(trades), year=month[0], month=month[1])


async def _candles(wanted: Picture, indicators: tuple[str, ...], look: "Look", ctx: Context) -> "ChartRequest | str":
    from engine.analytics.charts import requests as r

    snapshot, symbol = ctx.snapshot, wanted.what
    tick = next((view.tick for view in snapshot.symbols if view.symbol == symbol), Decimal("0.01"))
    columns = ctx.desk.candles(symbol, timeframe_ms(wanted.frame), SHOWN + _WARM_UP)
    if columns is None or not len(columns):
        return f"There are no {wanted.frame} candles of {symbol} yet. Try another timeframe."
    since_ms = int(columns.time[-min(SHOWN, len(columns))])
    trades = await ctx.store.queries.trades(symbol=symbol, since_ms=since_ms, newest_first=False)
    position = next((position for position in snapshot.positions if position.symbol == symbol), None)
    return r.CandleChart(
        look=look,
        symbol=symbol,
        timeframe=wanted.frame,
        candles=r.Candles(
            times_ms=columns.time,
            open=columns.open,
            high=columns.high,
            low=columns.low,
            close=columns.close,
            volume=columns.volume,
        ),
        decimals=decimals(tick),
        shown=SHOWN,
        trades=_marks(trades, position),
        levels=_levels(position),
        indicators=indicators,
    )


def _marks(trades: list[Trade], position: PositionView | None) -> "tuple[TradeMark, ...]":
    from engine.analytics.charts.requests import TradeMark

    closed = [
        TradeMark(
            long=trade.long,
            entry_ms=trade.entry_ms,
            entry=float(trade.entry),
            exit_ms=trade.exit_ms,
            exit=float(trade.exit),
        )
        for trade in trades
    ]
    held = [TradeMark(long=position.long, entry_ms=position.opened_ms, entry=float(position.entry))] if position else []
    return (*closed, *held)


def _levels(position: PositionView | None) -> "tuple[Level, ...]":
    from engine.analytics.charts.requests import Level

    if position is None:
        return ()
    lines = (("Entry", position.entry, "entry"), ("SL", position.stop, "stop"), ("TP", position.target, "target"))
    return tuple(Level(label=label, price=float(price), kind=kind) for label, price, kind in lines if price is not None)
