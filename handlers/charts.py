"""Pictures: drawn beside the desk, changed in place by their buttons, sent as a file on request."""

import re
from typing import TYPE_CHECKING

from aiogram import F, Router
from aiogram.enums import ChatAction
from aiogram.filters import Command, CommandObject
from aiogram.types import CallbackQuery, Message

from handlers import deeds
from handlers.arguments import NotFound, length_ms, symbol_of, words_of
from handlers.chart_requests import KINDS, build, month_of, neighbours, with_frame
from handlers.context import READS, Context
from handlers.ports import ChartPort
from handlers.spot import Screen, Shot
from handlers.views.format import esc
from handlers.views.table import paragraphs
from handlers.views.why import render_unknown_symbol
from keyboards.charts import TIMEFRAMES, charts_keyboard, picture_keyboard
from keyboards.data import Open, Picture, Place

if TYPE_CHECKING:
    from engine.analytics.charts.requests import ChartRequest

router = Router(name="charts")
_FRAMES = frozenset({"1m", "3m", "5m", "15m", "30m", "1h", "2h", "4h", "6h", "12h", "1d"})
_INDICATORS = re.compile(r"^Indicators: (.+)$", re.MULTILINE)
_MENU_SYMBOLS = 18


@router.callback_query(Open.filter(F.place == Place.CHARTS), flags=READS)
async def menu_pressed(_callback: CallbackQuery, ctx: Context) -> None:
    """[Charts]"""
    await show_menu(ctx)


async def show_menu(ctx: Context) -> None:
    """Show what can be drawn: every kind, and candles of the watched symbols."""
    names = [symbol.symbol for symbol in ctx.snapshot.symbols]
    text = paragraphs(
        "<b>Charts</b>",
        f"{len(names) - _MENU_SYMBOLS} more symbols by typing." if len(names) > _MENU_SYMBOLS else "",
        "For example <code>/chart btc 1h ema50 supertrend</code>",
    )
    await ctx.show(Screen(text, charts_keyboard(names[:_MENU_SYMBOLS])))


@router.message(Command("chart"), flags=READS)
async def chart(_message: Message, command: CommandObject, ctx: Context, charts: ChartPort) -> None:
    """`/chart equity, drawdown, distribution, pnl, calendar [month], or SYMBOL [timeframe] [indicators]`"""
    typed = words_of(command.args)
    if not typed:
        await show_menu(ctx)
        return
    if typed[0].lower() in KINDS:
        await _kind_typed(typed, ctx, charts)
        return
    found = symbol_of(typed[0], ctx.snapshot)
    if isinstance(found, NotFound):
        await ctx.show(Screen(render_unknown_symbol(found.wanted, found.close)))
        return
    frame = typed[1].lower() if len(typed) > 1 and typed[1].lower() in _FRAMES else ""
    if len(typed) > 1 and not frame and length_ms(typed[1]):
        await ctx.usage("chart", f"{typed[1]} is not a timeframe.", f"candles of {found.symbol}")
        return
    indicators = tuple(word.lower() for word in typed[2 if frame else 1 :])
    await draw(ctx, charts, Picture(what=found.symbol, frame=frame), indicators)


async def _kind_typed(typed: list[str], ctx: Context, charts: ChartPort) -> None:
    kind, rest = typed[0].lower(), typed[1:]
    known = month_of(rest[0]) is not None if rest and kind == "calendar" else True
    periods = not rest or kind == "calendar" or rest[0].lower() in {"today", "all"} or length_ms(rest[0]) is not None
    if len(rest) > 1 or not known or not periods:
        wanted = "A month is written 2025-11." if kind == "calendar" else "A period is written 7d, 4w, today or all."
        await ctx.usage("chart", wanted, f"{kind} chart")
        return
    await draw(ctx, charts, Picture(what=kind, frame=rest[0].lower() if rest else ""), ())


@router.callback_query(Picture.filter(), flags=READS)
async def picture_pressed(callback: CallbackQuery, callback_data: Picture, ctx: Context, charts: ChartPort) -> None:
    """Another timeframe, period, month or look, or the same as a file."""
    known = {symbol.symbol for symbol in ctx.snapshot.symbols} | {
        position.symbol for position in ctx.snapshot.positions
    }
    if callback_data.what not in {*KINDS, *known}:
        await ctx.elsewhere().show(Screen("That symbol is no longer watched. /chart shows what can be drawn."))
        return
    caption = callback.message.caption if isinstance(callback.message, Message) else None
    written = _INDICATORS.search(caption or "")
    indicators = tuple(written[1].split()) if written and not callback_data.fresh else ()
    await draw(ctx, charts, callback_data, indicators)


async def draw(ctx: Context, charts: ChartPort, wanted: Picture, indicators: tuple[str, ...]) -> None:
    """Build the request, then draw beside the handler and show the picture."""
    filled = with_frame(wanted, ctx.snapshot, ctx.zone)
    if filled.what not in KINDS and filled.frame not in _FRAMES:
        await ctx.elsewhere().show(Screen(f"Unknown timeframe. Known: {', '.join(TIMEFRAMES)}."))
        return
    request = await build(filled, indicators, ctx)
    if isinstance(request, str):
        await ctx.elsewhere().show(Screen(esc(request)))
        return
    await ctx.spot.bot.send_chat_action(ctx.spot.chat_id, ChatAction.UPLOAD_PHOTO, message_thread_id=ctx.spot.thread_id)
    work = _drawn(ctx, charts, filled, indicators, request)
    ctx.jobs.start(work, failed=lambda error: deeds.tell_failed(ctx, "Drawing", error))


async def _drawn(
    ctx: Context, charts: ChartPort, shown: Picture, indicators: tuple[str, ...], request: "ChartRequest"
) -> None:
    from engine.analytics.charts.requests import Picture as Drawn

    found = await charts.render(request)
    if not isinstance(found, Drawn):
        await ctx.elsewhere().show(Screen(esc(found.reason)))
        return
    caption = paragraphs(esc(found.caption), f"Indicators: {esc(' '.join(indicators))}" if indicators else "")
    month = month_of(shown.frame) if shown.what == "calendar" else None
    keyboard = picture_keyboard(shown, months=neighbours(*month) if month else None)
    shot = Shot(png=found.png, name=f"{shown.what}-{shown.frame}", caption=caption, keyboard=keyboard)
    await (ctx.spot.attach(shot) if shown.file else ctx.spot.show(shot))
