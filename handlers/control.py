"""Pause and resume entries."""

from dataclasses import dataclass

from aiogram import F, Router
from aiogram.filters import Command, CommandObject
from aiogram.types import CallbackQuery, Message

from engine.core.commands import ACCOUNT, Scope
from engine.core.facts import Hold
from engine.core.holds import asks_first, liftable
from engine.core.snapshot import Snapshot
from handlers import deeds, everywhere
from handlers.actions import PauseEntries, ResumeEntries
from handlers.arguments import Found, close_names, length_ms, same_name, symbol_of, words_of
from handlers.asking import ask
from handlers.context import ADDS, REDUCES, Context
from handlers.spot import Screen
from handlers.views import confirm as views
from handlers.views import words
from handlers.views.outcome import render_resume_preview
from handlers.views.table import paragraphs
from keyboards.accounts import ALL
from keyboards.data import Ask, DeskOrder
from keyboards.tokens import named

router = Router(name="control")


@dataclass(frozen=True, slots=True)
class Wrong:
    """What could not be read, and what looks like it."""

    trouble: str


def scope_of(text: str, snapshot: Snapshot) -> Scope | Wrong:
    """A profile or a symbol as typed."""
    names = [profile.name for profile in snapshot.profiles]
    profile = same_name(text, names)
    if profile is not None:
        return Scope("profile", profile)
    found = symbol_of(text, snapshot)
    if isinstance(found, Found):
        return Scope("symbol", found.symbol)
    near = [*close_names(text, names), *found.close]
    return Wrong(f"{text} is neither a profile nor a symbol of this desk.{_maybe(near)}")


def _maybe(names: list[str]) -> str:
    return f" Did you mean {' or '.join(names[:3])}?" if names else ""


def _pressed_scope(text: str, snapshot: Snapshot) -> Scope | None:
    kind, _, name = text.partition(".")
    if not text:
        return ACCOUNT
    if kind == "p":
        profile = named(name, [profile.name for profile in snapshot.profiles])
        return Scope("profile", profile) if profile else None
    symbol = named(name, [symbol.symbol for symbol in snapshot.symbols])
    return Scope("symbol", symbol) if symbol else None


def _pause_arguments(typed: list[str], ctx: Context) -> tuple[Scope, int | None] | Wrong:
    lengths = [length for word in typed if (length := length_ms(word)) is not None]
    rest = [word for word in typed if length_ms(word) is None and word.lower() != "all"]
    if len(lengths) > 1 or len(rest) > 1:
        return Wrong("At most one profile or symbol and one time are understood.")
    scope = scope_of(rest[0], ctx.snapshot) if rest else ACCOUNT
    return scope if isinstance(scope, Wrong) else (scope, ctx.wall_ms + lengths[0] if lengths else None)


@router.message(Command("pause"), flags=REDUCES)
async def pause(_message: Message, command: CommandObject, ctx: Context) -> None:
    """`/pause [profile, symbol or all] [time]`"""
    typed = words_of(command.args)
    all_accounts = len(ctx.seats) > 1 and "all" in {word.lower() for word in typed}
    match _pause_arguments(typed, ctx):
        case Wrong(trouble=trouble):
            await ctx.usage("pause", trouble, " ".join(typed))
        case (scope, until_ms) if all_accounts and scope == ACCOUNT:
            await everywhere.pause(ctx, until_ms)
        case _ if all_accounts:
            await ctx.usage("pause", "all means every account: leave out the profile or symbol.", " ".join(typed))
        case (scope, until_ms) if ctx.late:
            text = paragraphs(views.render_late("The pause"), "Valid for 30 s.")
            await ask(ctx, PauseEntries(scope=scope, until_ms=until_ms), text, f"Pause {words.scope(scope)}")
        case (scope, until_ms):
            await deeds.pause(ctx, scope, until_ms)


@router.callback_query(Ask.filter(F.order == DeskOrder.PAUSE), flags=REDUCES)
async def pause_pressed(_callback: CallbackQuery, callback_data: Ask, ctx: Context) -> None:
    """[Pause], [Pause all]"""
    if callback_data.scope == ALL:
        await everywhere.pause_now(ctx.elsewhere(), None)
        return
    scope = _pressed_scope(callback_data.scope, ctx.snapshot)
    if scope is None:
        await ctx.elsewhere().show(Screen("That profile or symbol is gone. Nothing was paused. /status"))
        return
    await deeds.pause(ctx.elsewhere(), scope, None)


def _halted(holds: tuple[Hold, ...], scope: Scope) -> bool:
    return any(asks_first(hold) for hold in liftable(holds, scope))


async def _resume(ctx: Context, scope: Scope) -> None:
    snapshot = ctx.snapshot
    if _halted(snapshot.holds, scope):
        label = f"Lift the halt · {words.mode(snapshot.mode)}"
        await ask(ctx, ResumeEntries(scope=scope), render_resume_preview(snapshot, scope), label)
        return
    await deeds.resume(ctx, scope)


@router.message(Command("resume"), flags=ADDS)
async def resume(_message: Message, command: CommandObject, ctx: Context) -> None:
    """`/resume [profile or symbol]`"""
    given = words_of(command.args)
    typed = [word for word in given if word.lower() != "all"]
    if typed != given and not typed and len(ctx.seats) > 1:
        await everywhere.resume(ctx)
        return
    scope = scope_of(typed[0], ctx.snapshot) if typed else ACCOUNT
    if len(typed) > 1 or isinstance(scope, Wrong):
        trouble = scope.trouble if isinstance(scope, Wrong) else "At most one profile or symbol is understood."
        await ctx.usage("resume", trouble, " ".join(typed))
        return
    await _resume(ctx, scope)


@router.callback_query(Ask.filter(F.order == DeskOrder.RESUME), flags=ADDS)
async def resume_pressed(_callback: CallbackQuery, callback_data: Ask, ctx: Context) -> None:
    """[Resume]"""
    scope = _pressed_scope(callback_data.scope, ctx.snapshot)
    if scope is None:
        await ctx.elsewhere().show(Screen("That profile or symbol is gone. Nothing was resumed. /status"))
        return
    await _resume(ctx.elsewhere(), scope)
