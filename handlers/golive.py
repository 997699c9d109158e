"""Going live: what would trade, with what limits, on which account; then the confirmation that lifts the hold."""

from aiogram import Router
from aiogram.filters import Command
from aiogram.types import Message

from engine.core.snapshot import Snapshot
from handlers import deeds
from handlers.actions import GoLive
from handlers.asking import ask
from handlers.context import ADDS, Context
from handlers.spot import Screen
from handlers.views import safety as views
from keyboards.confirm import running_keyboard

router = Router(name="golive")


def _waits(snapshot: Snapshot) -> bool:
    return any(hold.lift == "golive" for hold in snapshot.holds)


@router.message(Command("golive"), flags=ADDS)
async def golive(_message: Message, ctx: Context) -> None:
    """`/golive`"""
    snapshot, terms = ctx.snapshot, ctx.safety.live.terms
    if terms is None:
        await ctx.show(Screen(views.render_not_live(snapshot)))
    elif not _waits(snapshot):
        await ctx.show(Screen(views.render_live_already(snapshot)))
    elif faults := ctx.safety.live.faults(snapshot.account):
        await ctx.show(Screen(views.render_unfit(snapshot, "; ".join(faults))))
    else:
        text = views.render_golive_preview(snapshot, terms)
        await ask(ctx, GoLive(account=snapshot.account), text, f"Go live · {snapshot.account}")


async def go_live(ctx: Context) -> None:
    """Keep the confirmation and let the account trade; JournalUnavailable when it cannot be kept."""
    answer = await ctx.safety.live.confirm(ctx.snapshot.account, ctx.actor, ctx.request_id)
    await deeds.audit(ctx, "golive", ctx.snapshot.account, answer)
    await ctx.show(Screen(views.render_gone_live(ctx.snapshot, answer, by=ctx.actor.name), running_keyboard()))
