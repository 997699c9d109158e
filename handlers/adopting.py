"""Give a position that was opened outside the desk to a profile: preview, confirmation, result."""

from aiogram import Router
from aiogram.types import CallbackQuery

from engine.core.commands import AdoptPosition
from handlers.actions import Adopt
from handlers.asking import ask
from handlers.clock import wall_ms
from handlers.context import ADDS, Context
from handlers.deeds import recorded
from handlers.spot import Screen
from handlers.views import adopting as views
from handlers.views import words
from handlers.views.why import render_no_position
from keyboards.base import PRIMARY
from keyboards.data import TakeOver
from keyboards.positions import gone_keyboard, taken_keyboard

router = Router(name="adopting")


@router.callback_query(TakeOver.filter(), flags=ADDS)
async def adopt_pressed(_callback: CallbackQuery, callback_data: TakeOver, ctx: Context) -> None:
    """[Adopt] on the card of an external position."""
    snapshot, symbol = ctx.snapshot, callback_data.symbol
    position = next((position for position in snapshot.positions if position.symbol == symbol), None)
    if position is None:
        await ctx.show(Screen(render_no_position(symbol), gone_keyboard()))
        return
    if not position.adopter:
        await ctx.show(Screen(views.render_no_adopter(position), taken_keyboard(symbol)))
        return
    text = views.render_adopt_preview(position, snapshot)
    action = Adopt(symbol=symbol, profile=position.adopter)
    await ask(ctx, action, text, f"Adopt {symbol} · {words.mode(snapshot.mode)}", style=PRIMARY)


async def adopt(ctx: Context, symbol: str, profile: str) -> None:
    """Carry out a confirmed adoption."""
    command = AdoptPosition(
        command_id=ctx.request_id, by=ctx.actor.name, wall_ms=wall_ms(), symbol=symbol, profile=profile
    )
    answer = await recorded(ctx, command, "adopt", f"{symbol} by {profile}")
    text = views.render_adopted(symbol, profile, answer, by=ctx.actor.name)
    await ctx.show(Screen(text, taken_keyboard(symbol)))
