"""The three answers to an emergency: they need no confirmation, and the safest of them counts."""

from aiogram import Router
from aiogram.types import CallbackQuery

from engine.core.commands import Choice, Refused
from handlers import deeds
from handlers.context import ANSWERS, REDUCES, Context
from handlers.spot import acknowledge
from keyboards.data import Emergency

router = Router(name="emergency")
_SAID = {
    Choice.CLOSE: "Closing all.",
    Choice.PAUSE: "Paused only: everything stays open, entries stay blocked.",
    Choice.KEEP: "Kept for 15 minutes; entries stay blocked.",
}


@router.callback_query(Emergency.filter(), flags={**REDUCES, **ANSWERS})
async def answered(callback: CallbackQuery, callback_data: Emergency, ctx: Context) -> None:
    """[CLOSE ALL … NOW], [Pause only], [Keep 15 min]"""
    before = ctx.snapshot.positions
    answer = await deeds.answer_emergency(ctx, callback_data.number, callback_data.choice)
    if isinstance(answer, Refused):
        await acknowledge(callback, answer.reason, alert=True)
        return
    await acknowledge(callback, " ".join(answer.notes) or _SAID[callback_data.choice])
    if answer.orders:
        await deeds.report_close(ctx.elsewhere(), answer, before, "Closing all")
