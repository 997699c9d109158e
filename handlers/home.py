"""The way in: panel, menu, status, help, and what holds a symbol back."""

from contextlib import suppress

from aiogram import F, Router
from aiogram.exceptions import TelegramBadRequest
from aiogram.filters import Command, CommandObject
from aiogram.types import CallbackQuery, Message

from handlers import catalogue
from handlers.arguments import NotFound, symbol_of, words_of
from handlers.context import READS, Context
from handlers.spot import Screen
from handlers.views.help import render_help, render_topic, render_unknown_command
from handlers.views.panel import render_panel
from handlers.views.status import render_status
from handlers.views.why import render_unknown_symbol, render_why
from keyboards.data import Open, Place, Topic, Why
from keyboards.help import help_keyboard, topic_keyboard
from keyboards.panel import more_keyboard, panel_keyboard, refresh_keyboard
from keyboards.positions import why_keyboard

router = Router(name="home")
_SIGNALS = 4


def panel(ctx: Context) -> Screen:
    """The panel as it is now."""
    snapshot = ctx.snapshot
    others = [shot for seat in ctx.seats if (shot := seat.desk.snapshot()).account != snapshot.account]
    text = render_panel(snapshot, wall_ms=ctx.wall_ms, zone=ctx.zone, others=others)
    return Screen(text, panel_keyboard(snapshot, several=bool(others)))


@router.message(Command("start", "menu"), flags=READS)
async def menu(_message: Message, ctx: Context) -> None:
    """Send a new panel, pin it, and take the old one away."""
    panels, chat_id, bot = ctx.store.panels, ctx.spot.chat_id, ctx.spot.bot
    message_id = await ctx.spot.put(panel(ctx))
    old = await panels.get(chat_id)
    await panels.set(chat_id, message_id)
    # A chat may forbid pinning, and an old panel may be gone: the new one works all the same.
    with suppress(TelegramBadRequest):
        await bot.pin_chat_message(chat_id, message_id, disable_notification=True)
    if old is not None and old != message_id:
        with suppress(TelegramBadRequest):
            await bot.delete_message(chat_id, old)


@router.callback_query(Open.filter(F.place == Place.PANEL), flags=READS)
async def refresh(_callback: CallbackQuery, ctx: Context) -> None:
    """Draw the panel anew in place."""
    await ctx.show(panel(ctx))


@router.callback_query(Open.filter(F.place == Place.MORE), flags=READS)
async def more(_callback: CallbackQuery, ctx: Context) -> None:
    """Show the further screens."""
    await ctx.show(Screen("<b>More screens</b>", more_keyboard()))


async def show_status(ctx: Context) -> None:
    """Show the whole state."""
    text = render_status(ctx.snapshot, wall_ms=ctx.wall_ms, zone=ctx.zone)
    await ctx.show(Screen(text, refresh_keyboard(Place.STATUS)))


@router.message(Command("status"), flags=READS)
async def status(_message: Message, ctx: Context) -> None:
    """`/status`"""
    await show_status(ctx)


@router.callback_query(Open.filter(F.place == Place.STATUS), flags=READS)
async def status_pressed(_callback: CallbackQuery, ctx: Context) -> None:
    """[Status]"""
    await show_status(ctx)


async def show_help(ctx: Context, topic: str) -> None:
    """Show all commands, one command, or the commands of a topic."""
    allowed = catalogue.commands_for(ctx.actor.role)
    found = catalogue.find(topic)
    in_topic = [info for info in allowed if info.topic == topic.lower()]
    if not topic:
        await ctx.show(Screen(render_help(allowed), help_keyboard(catalogue.TOPICS)))
    elif found is not None:
        await ctx.show(Screen(render_topic(f"/{found.name}", [found]), topic_keyboard()))
    elif in_topic:
        await ctx.show(Screen(render_topic(topic.lower(), in_topic), topic_keyboard()))
    else:
        await ctx.show(
            Screen(render_unknown_command(topic.lstrip("/"), catalogue.close_names(topic)), topic_keyboard())
        )


@router.message(Command("help"), flags=READS)
async def help_typed(_message: Message, command: CommandObject, ctx: Context) -> None:
    """`/help [topic]`"""
    await show_help(ctx, " ".join(words_of(command.args)))


@router.callback_query(Open.filter(F.place == Place.HELP), flags=READS)
async def help_pressed(_callback: CallbackQuery, ctx: Context) -> None:
    """[Help]"""
    await show_help(ctx, "")


@router.callback_query(Topic.filter(), flags=READS)
async def topic_pressed(_callback: CallbackQuery, callback_data: Topic, ctx: Context) -> None:
    """A topic of the help."""
    await show_help(ctx, callback_data.name)


async def show_why(ctx: Context, text: str) -> None:
    """Show what the desk thinks of a symbol."""
    snapshot = ctx.snapshot
    found = symbol_of(text, snapshot)
    if isinstance(found, NotFound):
        await ctx.show(Screen(render_unknown_symbol(found.wanted, found.close)))
        return
    view = next((symbol for symbol in snapshot.symbols if symbol.symbol == found.symbol), None)
    if view is None:
        await ctx.show(Screen(render_unknown_symbol(found.symbol, ())))
        return
    signals = await ctx.store.queries.signals(_SIGNALS, 0, symbol=found.symbol)
    text = render_why(view, snapshot, signals, wall_ms=ctx.wall_ms, zone=ctx.zone)
    await ctx.show(Screen(text, why_keyboard(found.symbol)))


@router.message(Command("why"), flags=READS)
async def why(_message: Message, command: CommandObject, ctx: Context) -> None:
    """`/why SYMBOL`"""
    typed = words_of(command.args)
    if len(typed) != 1:
        await ctx.usage("why", "One symbol is needed.", " ".join(typed))
        return
    await show_why(ctx, typed[0])


@router.callback_query(Why.filter(), flags=READS)
async def why_pressed(_callback: CallbackQuery, callback_data: Why, ctx: Context) -> None:
    """[Why]"""
    await show_why(ctx, callback_data.symbol)
