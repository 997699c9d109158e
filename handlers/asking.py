"""Asking before acting: the preview with its two buttons, bound to one person, chat and message, expired after 30 s."""

from aiogram.enums import ButtonStyle

from engine.journal import JournalUnavailable
from handlers.actions import Action, adds_risk
from handlers.context import Context
from handlers.spot import Screen
from handlers.views.confirm import render_expired, render_unconfirmable
from handlers.views.safety import lockdown_words, render_barred, trouble_words
from keyboards.base import DANGER, Row
from keyboards.confirm import confirm_keyboard

VALID_S = 30.0


async def ask(
    ctx: Context, action: Action, preview: str, label: str, *, style: ButtonStyle = DANGER, further: Row = ()
) -> None:
    """Show the preview of an action; the button's label says the act, `further` buttons what may be meant instead."""
    if adds_risk(action) and (why := await barred(ctx)):
        await ctx.show(Screen(render_barred(preview, why)))
        return
    try:
        nonce = await ctx.confirm.ask(ctx.actor, ctx.spot.chat_id, action)
    except JournalUnavailable as error:
        await ctx.show(Screen(render_unconfirmable(preview, str(error), adds=adds_risk(action))))
        return
    keyboard = confirm_keyboard(label, nonce, adds=adds_risk(action), style=style, further=further)
    message_id = await ctx.spot.put(Screen(preview, keyboard))
    await ctx.confirm.bind(nonce, message_id)
    ctx.jobs.start(_expire(ctx, preview), name=nonce)


async def barred(ctx: Context) -> str:
    """Why nothing that adds risk is accepted from this person now; empty when it is."""
    locked = ctx.safety.lockdown.reason()
    if locked:
        return lockdown_words(locked)
    if not ctx.safety.factor.required:
        return ""
    return trouble_words(await ctx.safety.factor.ready(ctx.actor.user_id), ctx.zone)


def settle(ctx: Context, nonce: str) -> None:
    """The confirmation was pressed or withdrawn: it will not be shown as expired."""
    ctx.jobs.stop(nonce)


async def _expire(ctx: Context, preview: str) -> None:
    await ctx.jobs.sleep(VALID_S)
    await ctx.show(Screen(render_expired(preview)))
