"""Which account the chat is about: the list with states, and switching."""

from aiogram import F, Router
from aiogram.filters import Command, CommandObject
from aiogram.types import CallbackQuery, Message

from handlers.arguments import close_names, same_name, words_of
from handlers.context import READS, Context
from handlers.spot import Screen
from handlers.views.accounts import render_accounts
from keyboards.accounts import accounts_keyboard
from keyboards.data import Open, PickAccount, Place
from keyboards.tokens import named

router = Router(name="account")


async def show_accounts(ctx: Context, note: str = "") -> None:
    """Show every account and the one that is chosen."""
    # This screen is about all of them.
    ctx.spot.label = ""
    snapshots = [seat.desk.snapshot() for seat in ctx.seats] or [ctx.snapshot]
    chosen = ctx.accounts.of_chat(ctx.spot.chat_id).name if ctx.accounts is not None else ctx.snapshot.account
    names = [snapshot.account for snapshot in snapshots]
    text = render_accounts(snapshots, chosen, wall_ms=ctx.wall_ms, note=note)
    await ctx.show(Screen(text, accounts_keyboard(names, chosen)))


def _names(ctx: Context) -> list[str]:
    return [seat.name for seat in ctx.seats] or [ctx.snapshot.account]


async def _choose(ctx: Context, name: str) -> None:
    note = ""
    if ctx.accounts is not None and not await ctx.accounts.choose(ctx.spot.chat_id, name):
        note = "The choice could not be stored: it lasts until the desk is started again."
    await show_accounts(ctx, note)


@router.message(Command("account"), flags=READS)
async def account(_message: Message, command: CommandObject, ctx: Context) -> None:
    """`/account [name]`"""
    typed = words_of(command.args)
    names = _names(ctx)
    found = same_name(typed[0], names) if len(typed) == 1 else None
    if not typed:
        await show_accounts(ctx)
    elif found is None:
        near = close_names(typed[0], names) or names
        await ctx.usage("account", f"There is no account {' '.join(typed)}; there are: {', '.join(near)}.", "")
    else:
        await _choose(ctx, found)


@router.callback_query(Open.filter(F.place == Place.ACCOUNT), flags=READS)
async def accounts_pressed(_callback: CallbackQuery, ctx: Context) -> None:
    """[Account …], [Refresh]"""
    await show_accounts(ctx)


@router.callback_query(PickAccount.filter(), flags=READS)
async def picked(_callback: CallbackQuery, callback_data: PickAccount, ctx: Context) -> None:
    """An account of the list."""
    names = _names(ctx)
    name = named(callback_data.name, names)
    if name is None:
        await show_accounts(ctx, "That account is gone. Nothing was changed.")
        return
    await _choose(ctx, name)
