"""The account's past, read from the exchange while the desk goes on: one run at a time, watched in place."""

import time
from dataclasses import dataclass

from aiogram import Router
from aiogram.filters import Command, CommandObject
from aiogram.types import CallbackQuery, Message

from engine.exchanges.base import QueryFailedError
from engine.journal import JournalUnavailable
from handlers import deeds
from handlers.arguments import whole_of, words_of
from handlers.context import PREPARES, Context
from handlers.ports import SyncPort
from handlers.spot import Screen
from handlers.views import words
from handlers.views.format import esc
from handlers.views.sync import outcome_lines, render_synced, render_syncing
from keyboards.data import SyncStop
from keyboards.sync import running_keyboard

router = Router(name="syncing")
_EVERY_S = 2.0
_MOST_MONTHS = 24
_WORK = "sync"


@dataclass(slots=True)
class _Watch:
    """Shows progress in place, at most every two seconds."""

    ctx: Context
    shown_at: float = 0.0

    async def progress(self, done: int, total: int) -> None:
        if time.monotonic() - self.shown_at >= _EVERY_S:
            self.shown_at = time.monotonic()
            await self.ctx.show(Screen(render_syncing(done, total), running_keyboard()))


@router.message(Command("sync"), flags=PREPARES)
async def sync_typed(_message: Message, command: CommandObject, ctx: Context, sync: SyncPort | None) -> None:
    """`/sync [months]`: what is new, or the last months."""
    typed = words_of(command.args)
    months = whole_of(typed[0], least=1, most=_MOST_MONTHS) if typed else 0
    if months is None or len(typed) > 1:
        await ctx.usage("sync", f"The number of months is a whole number from 1 to {_MOST_MONTHS}.", " ".join(typed))
        return
    if sync is None:
        await ctx.show(Screen("A paper account has no past on an exchange. Nothing was asked for."))
        return
    if ctx.jobs.going(_WORK):
        await ctx.show(Screen("The account's past is being read already. Wait for it or cancel it."))
        return
    ctx.jobs.start(_run(ctx, sync, months), name=_WORK, failed=lambda error: deeds.tell_failed(ctx, "Sync", error))


@router.callback_query(SyncStop.filter(), flags=PREPARES)
async def stop_pressed(_callback: CallbackQuery, ctx: Context) -> None:
    """[Cancel]: what was read is kept."""
    stopped = ctx.jobs.stop(_WORK)
    text = "Stopped. What was read is kept; /sync goes on." if stopped else "Nothing is being read any more."
    await ctx.show(Screen(text))


async def _run(ctx: Context, sync: SyncPort, months: int) -> None:
    watch = _Watch(ctx)
    await ctx.show(Screen(render_syncing(0, 0), running_keyboard()))
    try:
        found = await (sync.backfill(months, watch.progress) if months else sync.now(watch.progress))
    except QueryFailedError as error:
        text = f"The exchange did not answer ({esc(error)}). What was read is kept; /sync goes on."
        await ctx.show(Screen(text))
    except JournalUnavailable as error:
        await ctx.show(Screen(f"The database cannot be used ({esc(error)}). Trading is not affected."))
    else:
        await ctx.show(Screen(render_synced(outcome_lines(found), words.where(ctx.snapshot))))
