"""Lockdown: nothing that adds risk is accepted any more, on any account, until the host lifts it."""

from aiogram import Router
from aiogram.filters import Command
from aiogram.types import Message

from handlers import deeds
from handlers.actions import LockDown
from handlers.asking import ask
from handlers.context import REDUCES, Context
from handlers.spot import Screen
from handlers.views import words
from handlers.views.confirm import render_late
from handlers.views.safety import render_locked_down
from handlers.views.table import paragraphs
from keyboards.base import link, markup
from keyboards.data import Place

router = Router(name="lockdown")


@router.message(Command("lockdown"), flags=REDUCES)
async def lockdown(_message: Message, ctx: Context) -> None:
    """`/lockdown`: at once, because it only makes things safer."""
    ctx.spot.label = ""
    if ctx.late:
        text = paragraphs(render_late("The lockdown"), "Valid for 30 s.")
        await ask(ctx, LockDown(), text, f"Lock down · {words.mode(ctx.snapshot.mode)}")
        return
    await lock_down(ctx)


async def lock_down(ctx: Context) -> None:
    """Lock every account down, and say how it is lifted."""
    ctx.spot.label = ""
    before = ctx.safety.lockdown.reason()
    answers = await ctx.safety.lockdown.begin(ctx.actor, ctx.request_id)
    deeds.audit_later(ctx, "lockdown", f"{len(answers)} accounts", answers[0])
    text = render_locked_down(ctx.snapshot, ctx.safety.lockdown.reason(), again=bool(before))
    keyboard = markup([link("Positions", Place.POSITIONS), link("Status", Place.STATUS)])
    await ctx.show(Screen(text, keyboard))
