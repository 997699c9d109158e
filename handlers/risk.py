"""What is at risk now, and the symbols that rest."""

from aiogram import F, Router
from aiogram.filters import Command, CommandObject
from aiogram.types import CallbackQuery, Message

from handlers.actions import Unlocking
from handlers.arguments import NotFound, symbol_of, words_of
from handlers.asking import ask
from handlers.context import ADDS, READS, Context
from handlers.spot import Screen
from handlers.views import words
from handlers.views.risk import render_cooldowns, render_risk, render_unlock_preview, resting
from handlers.views.why import render_unknown_symbol
from keyboards.base import DANGER
from keyboards.data import Open, Place, Unlock
from keyboards.risk import cooldowns_keyboard, risk_keyboard

router = Router(name="risk")


async def show_risk(ctx: Context) -> None:
    """Show exposure, stops, nearest limits and holds."""
    await ctx.show(Screen(render_risk(ctx.snapshot, wall_ms=ctx.wall_ms, zone=ctx.zone), risk_keyboard()))


@router.message(Command("risk"), flags=READS)
async def risk(_message: Message, ctx: Context) -> None:
    """`/risk`"""
    await show_risk(ctx)


@router.callback_query(Open.filter(F.place == Place.RISK), flags=READS)
async def risk_pressed(_callback: CallbackQuery, ctx: Context) -> None:
    """[Risk]"""
    await show_risk(ctx)


async def show_cooldowns(ctx: Context) -> None:
    """Show the symbols that rest."""
    snapshot = ctx.snapshot
    await ctx.show(Screen(render_cooldowns(snapshot, ctx.zone), cooldowns_keyboard(resting(snapshot))))


@router.message(Command("cooldowns"), flags=READS)
async def cooldowns(_message: Message, ctx: Context) -> None:
    """`/cooldowns`"""
    await show_cooldowns(ctx)


@router.callback_query(Open.filter(F.place == Place.COOLDOWNS), flags=READS)
async def cooldowns_pressed(_callback: CallbackQuery, ctx: Context) -> None:
    """[Cooldowns]"""
    await show_cooldowns(ctx)


async def preview_unlock(ctx: Context, text: str) -> None:
    """Ask before a cooldown is ended."""
    snapshot = ctx.snapshot
    found = symbol_of(text, snapshot)
    if isinstance(found, NotFound):
        await ctx.show(Screen(render_unknown_symbol(found.wanted, found.close)))
        return
    view = next((symbol for symbol in resting(snapshot) if symbol.symbol == found.symbol), None)
    if view is None:
        await ctx.show(Screen(f"{found.symbol} has no cooldown. Nothing was changed. /why {found.symbol} tells more."))
        return
    preview = render_unlock_preview(view, snapshot, ctx.zone)
    await ask(ctx, Unlocking(symbol=view.symbol), preview, f"Unlock · {words.mode(snapshot.mode)}", style=DANGER)


@router.message(Command("unlock"), flags=ADDS)
async def unlock(_message: Message, command: CommandObject, ctx: Context) -> None:
    """`/unlock SYMBOL`"""
    typed = words_of(command.args)
    if len(typed) != 1:
        await ctx.usage("unlock", "One symbol is needed; /cooldowns lists those that rest.", " ".join(typed))
        return
    await preview_unlock(ctx, typed[0])


@router.callback_query(Unlock.filter(), flags=ADDS)
async def unlock_pressed(_callback: CallbackQuery, callback_data: Unlock, ctx: Context) -> None:
    """[Unlock …]"""
    await preview_unlock(ctx, callback_data.symbol)
