"""What no other screen understood: unknown commands, other texts, buttons of another time."""

from aiogram import F, Router
from aiogram.types import CallbackQuery, Message

from handlers import catalogue
from handlers.context import ANSWERS, READS, Context
from handlers.spot import Screen, acknowledge
from handlers.views.help import render_small_talk, render_unknown_command
from keyboards.data import Nothing

router = Router(name="fallback")


@router.callback_query(Nothing.filter(), flags=READS)
async def nothing(_callback: CallbackQuery) -> None:
    """A button that only informs."""


@router.callback_query(flags=READS | ANSWERS)
async def out_of_date(callback: CallbackQuery) -> None:
    """A button that nobody knows any more."""
    await acknowledge(callback, "This button is out of date. /menu")


@router.message(F.text.startswith("/"), flags=READS)
async def unknown_command(message: Message, ctx: Context) -> None:
    """A command that does not exist."""
    word = (message.text or "").split()[0].lstrip("/").partition("@")[0]
    await ctx.show(Screen(render_unknown_command(word, catalogue.close_names(word))))


@router.message(flags=READS)
async def small_talk(_message: Message, ctx: Context) -> None:
    """A text that is not a command."""
    await ctx.show(Screen(render_small_talk()))
