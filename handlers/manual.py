"""Trades by hand: preview with size, stop, target, cost and risk, then the confirmation."""

from decimal import Decimal

from aiogram import Router
from aiogram.filters import Command, CommandObject
from aiogram.types import CallbackQuery, Message

from handlers.actions import OpenPosition
from handlers.arguments import NotFound, number_of, symbol_of, words_of
from handlers.asking import ask
from handlers.context import ADDS, Context
from handlers.spot import Screen
from handlers.views import words
from handlers.views.manual import render_manual_preview, render_no_entry
from handlers.views.why import render_unknown_symbol
from keyboards.base import DANGER
from keyboards.data import ManualEntry
from keyboards.manual import opened_keyboard

router = Router(name="manual")


async def show_preview(ctx: Context, symbol: str, amount: Decimal | None, *, long: bool) -> None:
    """Show what the entry would be, and ask unless a check refuses it."""
    snapshot = ctx.snapshot
    found = ctx.desk.preview(symbol, long=long, amount=amount)
    if isinstance(found, str):
        await ctx.show(Screen(render_no_entry(symbol, found, long=long)))
        return
    text = render_manual_preview(found, snapshot)
    if found.refusal:
        await ctx.show(Screen(text, opened_keyboard(symbol)))
        return
    action = OpenPosition(
        symbol=symbol, long=long, quantity=found.quantity, seen_price=found.price, seen_mode=snapshot.mode
    )
    label = f"{'Buy' if long else 'Sell'} {found.quantity.normalize():f} {symbol} · {words.mode(snapshot.mode)}"
    await ask(ctx, action, text, label, style=DANGER)


@router.message(Command("long", "short"), flags=ADDS)
async def typed_entry(_message: Message, command: CommandObject, ctx: Context) -> None:
    """`/long SYMBOL [usd]`, `/short SYMBOL [usd]`"""
    typed, name = words_of(command.args), command.command.lower()
    amount = number_of(typed[1]) if len(typed) == 2 else None
    if not 1 <= len(typed) <= 2 or (len(typed) == 2 and (amount is None or amount <= 0)):
        trouble = f"{typed[1]} is not an amount in USDT." if len(typed) == 2 else "A symbol and perhaps an amount."
        await ctx.usage(name, trouble, " ".join(typed))
        return
    found = symbol_of(typed[0], ctx.snapshot)
    if isinstance(found, NotFound):
        await ctx.show(Screen(render_unknown_symbol(found.wanted, found.close)))
        return
    await show_preview(ctx, found.symbol, amount, long=name == "long")


@router.callback_query(ManualEntry.filter(), flags=ADDS)
async def pressed_entry(_callback: CallbackQuery, callback_data: ManualEntry, ctx: Context) -> None:
    """[Long], [Short]"""
    found = symbol_of(callback_data.symbol, ctx.snapshot)
    if isinstance(found, NotFound):
        await ctx.show(Screen(render_unknown_symbol(found.wanted, found.close)))
        return
    await show_preview(ctx.elsewhere(), found.symbol, None, long=callback_data.long)
