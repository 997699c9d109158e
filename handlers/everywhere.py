"""The same on every account: pause, resume, close all."""

import asyncio
from dataclasses import replace

from engine.core.commands import ACCOUNT, Answer, Filter, Refused
from engine.core.holds import asks_first
from handlers import deeds
from handlers.actions import Action, CloseEverything, LockDown, PauseEntries
from handlers.asking import ask
from handlers.context import Context
from handlers.lockdown import lock_down
from handlers.spot import Screen
from handlers.views import words
from handlers.views.accounts import VALID, render_close_everywhere, render_everywhere
from handlers.views.confirm import render_late
from handlers.views.table import paragraphs
from keyboards.base import link, markup
from keyboards.data import Place

_HALTED = "is halted or held by a limit; choose it with /account and use /resume there"


def each(ctx: Context) -> tuple[Context, ...]:
    """The request once for every account; answers of all but the first appear in messages of their own."""
    made: list[Context] = []
    for seat in ctx.seats:
        spot = ctx.spot.of_account(seat.name, elsewhere=bool(made))
        made.append(replace(ctx, desk=seat.desk, store=seat.store, confirm=seat.confirm, spot=spot))
    return tuple(made)


async def pause(ctx: Context, until_ms: int | None) -> None:
    """Block entries on every account."""
    ctx.spot.label = ""
    if ctx.late:
        action = PauseEntries(until_ms=until_ms, everywhere=True)
        await ask(ctx, action, paragraphs(render_late("The pause"), VALID), "Pause all accounts")
        return
    await pause_now(ctx, until_ms)


async def pause_now(ctx: Context, until_ms: int | None) -> None:
    """Block entries on every account, without asking."""
    every = each(ctx)
    answers = await asyncio.gather(*(deeds.hold_entries(one, ACCOUNT, until_ms) for one in every))
    await _tell(ctx, every, answers, "Entries paused")


async def resume(ctx: Context) -> None:
    """Allow entries on every account that is not halted."""
    every = each(ctx)
    answers = await asyncio.gather(*(_resumed(one) for one in every))
    await _tell(ctx, every, answers, "Resumed")


async def _resumed(ctx: Context) -> Answer:
    if any(asks_first(hold) for hold in ctx.snapshot.holds):
        return Refused(ctx.request_id, f"{ctx.snapshot.account} {_HALTED}")
    return await deeds.allow_entries(ctx, ACCOUNT)


async def _tell(ctx: Context, every: tuple[Context, ...], answers: list[Answer], what: str) -> None:
    ctx.spot.label = ""
    text = render_everywhere(what, [one.snapshot for one in every], answers, by=ctx.actor.name)
    await ctx.show(Screen(text, markup([link("Accounts", Place.ACCOUNT), link("Status", Place.STATUS)])))


async def preview_close(ctx: Context, which: Filter) -> None:
    """Pause every account at once, show what closing all will send, and ask."""
    every = each(ctx)
    ctx.spot.label = ""
    answers = await asyncio.gather(*(deeds.hold_entries(one, ACCOUNT) for one in every))
    snapshots = [one.snapshot for one in every]
    seen = sum(len(snapshot.positions) for snapshot in snapshots)
    text = render_close_everywhere(snapshots, answers, wall_ms=ctx.wall_ms)
    if ctx.late:
        text = paragraphs(render_late("Closing all"), text)
    action = CloseEverything(which=which, seen_positions=seen, everywhere=True)
    await ask(ctx, action, text, f"Close {seen} · all accounts · {words.mode(ctx.snapshot.mode)}")


async def close_now(ctx: Context, which: Filter) -> None:
    """Close everything that matches on every account; each reports in a message of its own."""
    await asyncio.gather(*(deeds.close_all(one, which, "") for one in each(ctx)))


async def carried_out(ctx: Context, action: Action) -> bool:
    """Carry out a confirmed action that is meant for every account; False when it is meant for one."""
    match action:
        case CloseEverything(which=which, everywhere=True):
            await close_now(ctx, which)
        case PauseEntries(until_ms=until_ms, everywhere=True):
            await pause_now(ctx, until_ms)
        case LockDown():
            await lock_down(ctx)
        case _:
            return False
    return True
