"""The typed code: deleted, judged, and where it is right the one action that waited for it is carried out."""

from contextlib import suppress

from aiogram import F, Router
from aiogram.exceptions import TelegramBadRequest, TelegramForbiddenError
from aiogram.types import CallbackQuery, Message

from engine.core.commands import Answer, Done, Refused
from handlers import deeds
from handlers.codes import Codes, Pending
from handlers.confirming import perform
from handlers.context import ADDS, REDUCES, SECRET, Context
from handlers.safety import Right, Spent, Verdict, Wrong
from handlers.spot import Screen
from handlers.views import safety as views
from keyboards.data import DropCode

router = Router(name="second_factor")
_CODE = r"^\s*[0-9]{3} ?[0-9]{3}\s*$"


@router.message(F.text.regexp(_CODE), flags=ADDS | SECRET)
async def code_typed(message: Message, ctx: Context, codes: Codes) -> None:
    """A code of six digits."""
    # In a group the bot may not be allowed to; used up, the code is worth nothing there.
    with suppress(TelegramBadRequest, TelegramForbiddenError):
        await ctx.spot.bot.delete_message(message.chat.id, message.message_id)
    pending = codes.of(ctx.actor.user_id)
    if pending is None:
        await ctx.show(Screen(views.render_unasked()))
        return
    if pending.lockdowns != ctx.safety.lockdown.times:
        # Lifted by now, or this would not be heard at all; but it was begun so that nothing under way goes on.
        codes.take(ctx.actor.user_id, pending)
        why = "The desk was locked down after it was confirmed."
        await pending.ctx.show(Screen(views.render_no_code(pending.preview, why)))
        return
    digits = "".join((message.text or "").split())
    verdict = await ctx.safety.factor.check(ctx.actor.user_id, digits)
    await deeds.audit(ctx, "second factor", type(pending.action).__name__, _answer(ctx, verdict))
    await _judged(ctx, codes, pending, verdict)


def _answer(ctx: Context, verdict: Verdict) -> Answer:
    if isinstance(verdict, Right):
        return Done(ctx.request_id)
    return Refused(ctx.request_id, type(verdict).__name__.lower())


async def _judged(ctx: Context, codes: Codes, pending: Pending, verdict: Verdict) -> None:
    match verdict:
        case Right():
            if codes.take(ctx.actor.user_id, pending):
                await perform(pending.ctx, pending.action)
            else:
                await ctx.show(Screen(views.render_too_late()))
        case Wrong(left=left):
            await ctx.show(Screen(views.render_wrong(left)))
        case Spent():
            await ctx.show(Screen(views.render_spent()))
        case _:
            codes.take(ctx.actor.user_id, pending)
            why = views.trouble_words(verdict, ctx.zone)
            await pending.ctx.show(Screen(views.render_no_code(pending.preview, why)))


@router.callback_query(DropCode.filter(), flags=REDUCES)
async def dropped(_callback: CallbackQuery, ctx: Context, codes: Codes) -> None:
    """[Cancel] below the question for a code: what waits in this message is withdrawn."""
    pending = codes.of(ctx.actor.user_id)
    if pending is None or pending.ctx.spot.message_id != ctx.spot.message_id:
        return
    codes.take(ctx.actor.user_id, pending)
    await pending.ctx.show(Screen(views.render_no_code(pending.preview, "Cancelled.")))
