"""Signals and what became of them: traded, refused by which check with which numbers, conflicts."""

from aiogram import F, Router
from aiogram.filters import Command
from aiogram.types import CallbackQuery, Message

from handlers.context import READS, Context
from handlers.spot import Screen
from handlers.views.signals import PAGE, render_signals
from keyboards.data import Open, Place, SignalPage
from keyboards.lists import signals_keyboard

router = Router(name="signals")


async def show_signals(ctx: Context, page: int = 1) -> None:
    """Show a page of signals, newest first."""
    page = max(1, page)
    rows = await ctx.store.queries.signals(PAGE + 1, (page - 1) * PAGE)
    text = render_signals(rows[:PAGE], page=page, mode=ctx.snapshot.mode, zone=ctx.zone)
    await ctx.show(Screen(text, signals_keyboard(page=page, more=len(rows) > PAGE)))


@router.message(Command("signals"), flags=READS)
async def signals(_message: Message, ctx: Context) -> None:
    """`/signals`"""
    await show_signals(ctx)


@router.callback_query(Open.filter(F.place == Place.SIGNALS), flags=READS)
async def signals_pressed(_callback: CallbackQuery, ctx: Context) -> None:
    """[Signals]"""
    await show_signals(ctx)


@router.callback_query(SignalPage.filter(), flags=READS)
async def page_pressed(_callback: CallbackQuery, callback_data: SignalPage, ctx: Context) -> None:
    """A page of signals."""
    await show_signals(ctx, callback_data.page)
