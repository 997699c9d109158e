"""Results: closed trades, days, performance and analytics of a period."""

from decimal import Decimal

from aiogram import F, Router
from aiogram.filters import Command, CommandObject
from aiogram.types import CallbackQuery, Message

from engine.core.market import DAY_MS, day_start
from handlers import deeds
from handlers.arguments import Period, period_of, whole_of, words_of
from handlers.context import READS, Context
from handlers.ports import ResearchPort
from handlers.spot import Screen
from handlers.views import summary, words
from handlers.views import trades as trade_views
from handlers.views.performance import render_analytics, render_performance
from keyboards import lists as keys
from keyboards.data import Day, Open, Place, Span, TradePage

router = Router(name="results")
_MOST_DAYS = 31
_DEFAULT = "30d"


async def show_trades(ctx: Context, *, until_ms: int, page: int = 1, last: int = 0) -> None:
    """Show a page of the trades closed before an instant; `last` limits it to the newest so many."""
    queries, snapshot = ctx.store.queries, ctx.snapshot
    total = await queries.count_trades(until_ms=until_ms)
    total = min(total, last) if last else total
    pages = trade_views.pages(total)
    shown = min(max(1, page), pages)
    offset = (shown - 1) * trade_views.PAGE
    rows = (
        await queries.trades(until_ms=until_ms, limit=min(trade_views.PAGE, max(0, total - offset)), offset=offset)
        if total
        else []
    )
    text = trade_views.render_trades(
        rows, total=total, page=shown, mode=snapshot.mode, zone=ctx.zone, ticks=words.ticks(snapshot)
    )
    await ctx.show(Screen(text, keys.trades_keyboard(until_ms=until_ms, page=shown, pages=pages, last=last)))


@router.message(Command("trades"), flags=READS)
async def trades(_message: Message, command: CommandObject, ctx: Context) -> None:
    """`/trades [number]`"""
    typed = words_of(command.args)
    last = whole_of(typed[0], least=1, most=100_000) if typed else 0
    if last is None or len(typed) > 1:
        await ctx.usage("trades", "The number of trades is a whole number from 1.", " ".join(typed))
        return
    await show_trades(ctx, until_ms=ctx.snapshot.market_ms + 1, last=last)


@router.callback_query(Open.filter(F.place == Place.TRADES), flags=READS)
async def trades_pressed(_callback: CallbackQuery, ctx: Context) -> None:
    """[Trades]"""
    await show_trades(ctx, until_ms=ctx.snapshot.market_ms + 1)


@router.callback_query(TradePage.filter(), flags=READS)
async def trade_page(_callback: CallbackQuery, callback_data: TradePage, ctx: Context) -> None:
    """A page of trades."""
    await show_trades(ctx, until_ms=callback_data.until_ms, page=callback_data.page, last=callback_data.last)


async def show_day(ctx: Context, day_ms: int) -> None:
    """Show the summary of a UTC day."""
    queries, snapshot = ctx.store.queries, ctx.snapshot
    today_ms = day_start(snapshot.market_ms)
    day_ms = min(day_start(max(0, day_ms)), today_ms)
    rows = await queries.trades(since_ms=day_ms, until_ms=day_ms + DAY_MS, newest_first=False)
    equity = await queries.equity(day_ms, day_ms + DAY_MS)
    text = summary.render_daily(rows, equity, snapshot, day_ms=day_ms)
    await ctx.show(Screen(text, keys.day_keyboard(day_ms=day_ms, today_ms=today_ms)))


@router.message(Command("daily"), flags=READS)
async def daily(_message: Message, command: CommandObject, ctx: Context) -> None:
    """`/daily [days]`: today, or a table of the last days."""
    typed, snapshot = words_of(command.args), ctx.snapshot
    days = whole_of(typed[0], least=1, most=_MOST_DAYS) if typed else 1
    if days is None or len(typed) > 1:
        await ctx.usage("daily", f"The number of days is a whole number from 1 to {_MOST_DAYS}.", " ".join(typed))
        return
    today_ms = day_start(snapshot.market_ms)
    if days == 1:
        await show_day(ctx, today_ms)
        return
    first_ms = today_ms - (days - 1) * DAY_MS
    rows = await ctx.store.queries.trades(since_ms=first_ms, until_ms=today_ms + DAY_MS)
    lines = summary.day_lines(rows, first_ms=first_ms, days=days)
    await ctx.show(Screen(summary.render_days(lines, snapshot), keys.day_keyboard(day_ms=today_ms, today_ms=today_ms)))


@router.callback_query(Open.filter(F.place == Place.TODAY), flags=READS)
async def today_pressed(_callback: CallbackQuery, ctx: Context) -> None:
    """[Today]"""
    await show_day(ctx, ctx.snapshot.market_ms)


@router.callback_query(Day.filter(), flags=READS)
async def day_pressed(_callback: CallbackQuery, callback_data: Day, ctx: Context) -> None:
    """The day before or after."""
    await show_day(ctx, callback_data.day * DAY_MS)


async def show_period(ctx: Context, research: ResearchPort, kind: str, words_: str) -> None:
    """Compute and show performance (`p`) or analytics (`a`) of a period."""
    period = period_of(words_, now_ms=ctx.snapshot.market_ms)
    if period is None:
        command = "performance" if kind == "p" else "analytics"
        await ctx.usage(command, f"{words_} is not a period.", "")
        return
    await ctx.show(Screen(f"Computing the figures ({period.words}) …"))
    title = "Performance" if kind == "p" else "Analytics"
    work = _compute(ctx, research, kind, period)
    ctx.jobs.start(work, failed=lambda error: deeds.tell_failed(ctx, title, error))


async def _compute(ctx: Context, research: ResearchPort, kind: str, period: Period) -> None:
    queries, snapshot = ctx.store.queries, ctx.snapshot
    rows = await queries.trades(since_ms=period.since_ms, until_ms=period.until_ms, newest_first=False)
    equity = await queries.equity(period.since_ms, period.until_ms)
    # A period that began before the desk did starts with the desk.
    known = [*(point.at_ms for point in equity[:1]), *(trade.entry_ms for trade in rows[:1])]
    since_ms = max(period.since_ms, min(known, default=period.since_ms))
    opening: Decimal = equity[0].equity if equity else snapshot.initial
    metrics = await research.metrics(
        rows, equity, initial_balance=opening, start_ms=since_ms, end_ms=max(since_ms, period.until_ms)
    )
    render = render_performance if kind == "p" else render_analytics
    await ctx.show(Screen(render(metrics, mode=snapshot.mode), keys.period_keyboard(kind, period.words)))


@router.message(Command("performance", "analytics"), flags=READS)
async def period_typed(_message: Message, command: CommandObject, ctx: Context, research: ResearchPort) -> None:
    """`/performance [period]` and `/analytics [period]`"""
    typed = words_of(command.args)
    kind = "p" if command.command.lower() == "performance" else "a"
    if len(typed) > 1:
        await ctx.usage(command.command.lower(), "One period is understood.", " ".join(typed))
        return
    await show_period(ctx, research, kind, typed[0] if typed else _DEFAULT)


@router.callback_query(Open.filter(F.place.in_({Place.PERFORMANCE, Place.ANALYTICS})), flags=READS)
async def period_opened(_callback: CallbackQuery, callback_data: Open, ctx: Context, research: ResearchPort) -> None:
    """[Performance], [Analytics]"""
    await show_period(ctx, research, "p" if callback_data.place is Place.PERFORMANCE else "a", _DEFAULT)


@router.callback_query(Span.filter(), flags=READS)
async def span_pressed(_callback: CallbackQuery, callback_data: Span, ctx: Context, research: ResearchPort) -> None:
    """A period button."""
    await show_period(ctx, research, callback_data.kind, callback_data.period)
