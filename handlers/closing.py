"""Close one position, or all that match: preview, confirmation, result."""

from dataclasses import dataclass

from aiogram import F, Router
from aiogram.filters import Command, CommandObject
from aiogram.types import CallbackQuery, Message

from engine.core.commands import ACCOUNT, Answer, Filter, Refused, Scope
from handlers import deeds, everywhere
from handlers.actions import CloseEverything, CloseOne
from handlers.arguments import NotFound, close_names, same_name, symbol_of, whole_of, words_of
from handlers.asking import ask
from handlers.context import REDUCES, Context
from handlers.spot import Screen
from handlers.views import confirm as views
from handlers.views import words
from handlers.views.table import paragraphs
from handlers.views.why import render_no_position, render_unknown_symbol
from keyboards.accounts import ALL
from keyboards.base import button
from keyboards.confirm import paused_keyboard
from keyboards.data import Ask, Close, DeskOrder
from keyboards.positions import gone_keyboard

router = Router(name="closing")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What a close-all was asked to close; `trouble` when it could not be read."""

    which: Filter = Filter.ALL
    profile: str = ""
    now: bool = False
    everywhere: bool = False
    trouble: str = ""


def _wanted(typed: list[str], ctx: Context) -> Wanted:
    profiles = [profile.name for profile in ctx.snapshot.profiles]
    filters, named_ = [], []
    for word in typed:
        profile = same_name(word, profiles)
        if profile is not None:
            named_.append(profile)
        elif word.lower() in {member.value for member in Filter}:
            filters.append(Filter(word.lower()))
        elif word.lower() != "now":
            near = close_names(word, [*profiles, *Filter, "now"])
            hint = f" Did you mean {' or '.join(near)}?" if near else ""
            return Wanted(trouble=f"{word} is no profile, filter or now.{hint}")
    if len(filters) > 1 or len(named_) > 1:
        return Wanted(trouble="At most one profile and one filter are understood.")
    said = {word.lower() for word in typed}
    everywhere_ = len(ctx.seats) > 1 and "all" in said
    if everywhere_ and named_:
        return Wanted(trouble="all means every account: leave out the profile.")
    which = filters[0] if filters else Filter.ALL
    return Wanted(which=which, profile=named_[0] if named_ else "", now="now" in said, everywhere=everywhere_)


@router.message(Command("closeall", "panic"), flags=REDUCES)
async def closeall(_message: Message, command: CommandObject, ctx: Context) -> None:
    """`/closeall [profile, losers, longs or shorts] [all] [now]`"""
    typed = words_of(command.args)
    wanted = _wanted(typed, ctx)
    if wanted.trouble:
        await ctx.usage("closeall", wanted.trouble, " ".join(typed))
    elif wanted.everywhere and wanted.now and not ctx.late:
        await everywhere.close_now(ctx, wanted.which)
    elif wanted.everywhere:
        await everywhere.preview_close(ctx, wanted.which)
    elif wanted.now and not ctx.late:
        await deeds.close_all(ctx, wanted.which, wanted.profile)
    else:
        await _preview_all(ctx, wanted)


@router.callback_query(Ask.filter(F.order == DeskOrder.CLOSE_ALL), flags=REDUCES)
async def closeall_pressed(_callback: CallbackQuery, callback_data: Ask, ctx: Context) -> None:
    """[CLOSE ALL], [All accounts]"""
    if callback_data.scope == ALL:
        await everywhere.preview_close(ctx.elsewhere(), Filter.ALL)
        return
    await _preview_all(ctx.elsewhere(), Wanted())


async def _preview_all(ctx: Context, wanted: Wanted) -> None:
    scope = Scope("profile", wanted.profile) if wanted.profile else ACCOUNT
    answer = await deeds.hold_entries(ctx, scope)
    snapshot = ctx.snapshot
    found = views.matching(snapshot, wanted.which, wanted.profile)
    entries = views.entries(snapshot, wanted.profile)
    text = views.render_close_all_preview(
        snapshot, wanted.which, wanted.profile, wall_ms=ctx.wall_ms, paused=_paused_words(answer, scope)
    )
    if ctx.late:
        text = paragraphs(views.render_late("Closing all"), text)
    if not found and not entries:
        await ctx.show(Screen(text, paused_keyboard(deeds.scope_token(scope))))
        return
    further = [button("All accounts", Ask(order=DeskOrder.CLOSE_ALL, scope=ALL))] if len(ctx.seats) > 1 else []
    action = CloseEverything(which=wanted.which, profile=wanted.profile, seen_positions=len(found))
    act = f"Close {len(found)}" if found else "Cancel entries"
    where = words.where(snapshot) if ctx.seats[1:] else words.mode(snapshot.mode)
    await ask(ctx, action, text, f"{act} · {where}", further=further)


def _paused_words(answer: Answer, scope: Scope) -> str:
    if isinstance(answer, Refused):
        return f"Entries could not be paused: {answer.reason}"
    return f"Entries of {words.scope(scope)} are paused already, whatever you press."


async def preview_one(ctx: Context, symbol: str, percent: int) -> None:
    """Show what closing (part of) a position will send, and ask."""
    snapshot = ctx.snapshot
    position = next((position for position in snapshot.positions if position.symbol == symbol), None)
    if position is None:
        await ctx.show(Screen(render_no_position(symbol), gone_keyboard()))
        return
    if not views.part(position, percent):
        await ctx.show(Screen(views.render_too_small(position, percent), gone_keyboard()))
        return
    text = views.render_close_preview(position, percent, snapshot, wall_ms=ctx.wall_ms)
    part = "" if percent == 100 else f" {percent}%"
    action = CloseOne(symbol=symbol, percent=percent, seen_quantity=position.quantity)
    where = words.where(snapshot) if ctx.seats[1:] else words.mode(snapshot.mode)
    await ask(ctx, action, text, f"Close {symbol}{part} · {where}")


@router.message(Command("close"), flags=REDUCES)
async def close(_message: Message, command: CommandObject, ctx: Context) -> None:
    """`/close SYMBOL [percent] [now]`"""
    given = words_of(command.args)
    typed = [word for word in given if word.lower() != "now"]
    percent = whole_of(typed[1], least=1, most=100) if len(typed) == 2 else 100
    if not 1 <= len(typed) <= 2 or percent is None:
        trouble = "The percentage is a whole number from 1 to 100." if len(typed) == 2 else "One symbol is needed."
        await ctx.usage("close", trouble, " ".join(given))
        return
    found = symbol_of(typed[0], ctx.snapshot)
    if isinstance(found, NotFound):
        await ctx.show(Screen(render_unknown_symbol(found.wanted, found.close)))
        return
    if typed != given and not ctx.late:
        await deeds.close_one(ctx, found.symbol, percent)
        return
    await preview_one(ctx, found.symbol, percent)


@router.callback_query(Close.filter(), flags=REDUCES)
async def close_pressed(_callback: CallbackQuery, callback_data: Close, ctx: Context) -> None:
    """[Close], [Close half]"""
    await preview_one(ctx, callback_data.symbol, min(100, max(1, callback_data.percent)))
