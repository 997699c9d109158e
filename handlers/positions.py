"""Screens of positions: the list, one card, the balance."""

from aiogram import F, Router
from aiogram.filters import Command, CommandObject
from aiogram.types import CallbackQuery, Message

from handlers.arguments import NotFound, symbol_of, words_of
from handlers.context import READS, Context
from handlers.spot import Screen
from handlers.views import positions as views
from handlers.views.balance import render_balance
from handlers.views.why import render_no_position, render_unknown_symbol
from keyboards import positions as keys
from keyboards.data import Card, Open, Page, Place
from keyboards.panel import refresh_keyboard

router = Router(name="positions")


async def show_positions(ctx: Context, start: str = "") -> None:
    """Show the page of positions that starts with a symbol."""
    snapshot = ctx.snapshot
    ordered, shown = views.in_order(snapshot), views.positions_page(snapshot, start)
    text = views.render_positions(snapshot, start, wall_ms=ctx.wall_ms, zone=ctx.zone)
    await ctx.show(Screen(text, keys.positions_keyboard(ordered, shown, page_size=views.PAGE)))


@router.message(Command("positions"), flags=READS)
async def positions(_message: Message, ctx: Context) -> None:
    """`/positions`"""
    await show_positions(ctx)


@router.callback_query(Open.filter(F.place == Place.POSITIONS), flags=READS)
async def positions_pressed(_callback: CallbackQuery, ctx: Context) -> None:
    """[Positions]"""
    await show_positions(ctx)


@router.callback_query(Page.filter(), flags=READS)
async def page_pressed(_callback: CallbackQuery, callback_data: Page, ctx: Context) -> None:
    """A page of the list."""
    await show_positions(ctx, callback_data.start)


async def show_card(ctx: Context, text: str) -> None:
    """Show the card of the position on a symbol."""
    snapshot = ctx.snapshot
    found = symbol_of(text, snapshot)
    if isinstance(found, NotFound):
        await ctx.show(Screen(render_unknown_symbol(found.wanted, found.close)))
        return
    position = next((position for position in snapshot.positions if position.symbol == found.symbol), None)
    if position is None:
        await ctx.show(Screen(render_no_position(found.symbol), keys.gone_keyboard()))
        return
    card = views.render_card(position, snapshot, wall_ms=ctx.wall_ms, zone=ctx.zone)
    await ctx.show(Screen(card, keys.card_keyboard(position)))


@router.message(Command("position"), flags=READS)
async def position(_message: Message, command: CommandObject, ctx: Context) -> None:
    """`/position SYMBOL`"""
    typed = words_of(command.args)
    if len(typed) != 1:
        await ctx.usage("position", "One symbol is needed.", " ".join(typed))
        return
    await show_card(ctx, typed[0])


@router.callback_query(Card.filter(), flags=READS)
async def card_pressed(_callback: CallbackQuery, callback_data: Card, ctx: Context) -> None:
    """The card of one position."""
    await show_card(ctx, callback_data.symbol)


async def show_balance(ctx: Context) -> None:
    """Show the account's money."""
    text = render_balance(ctx.snapshot, wall_ms=ctx.wall_ms, zone=ctx.zone)
    await ctx.show(Screen(text, refresh_keyboard(Place.BALANCE)))


@router.message(Command("balance"), flags=READS)
async def balance(_message: Message, ctx: Context) -> None:
    """`/balance`"""
    await show_balance(ctx)


@router.callback_query(Open.filter(F.place == Place.BALANCE), flags=READS)
async def balance_pressed(_callback: CallbackQuery, ctx: Context) -> None:
    """[Balance]"""
    await show_balance(ctx)
