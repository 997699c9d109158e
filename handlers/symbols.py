"""The symbols of a profile: seeing them, switching them."""

from aiogram import F, Router
from aiogram.filters import Command, CommandObject
from aiogram.types import CallbackQuery, Message

from engine.core.snapshot import ProfileView, Snapshot
from handlers import additions
from handlers.actions import SymbolOn
from handlers.arguments import NotFound, close_names, same_name, symbol_of, words_of
from handlers.asking import ask
from handlers.context import ADDS, READS, REDUCES, Context
from handlers.spot import Screen
from handlers.views import words
from handlers.views.strategies import render_switch_preview
from handlers.views.symbols import render_symbols, shown_symbols
from handlers.views.why import render_unknown_symbol
from keyboards.base import SUCCESS
from keyboards.data import Open, Place, SwitchSymbol, SymbolsOf
from keyboards.symbols import profiles_keyboard, symbols_keyboard
from keyboards.tokens import named

router = Router(name="symbols")


def _pressed(snapshot: Snapshot, pressed: str) -> ProfileView | None:
    name = named(pressed, [profile.name for profile in snapshot.profiles])
    return next((profile for profile in snapshot.profiles if profile.name == name), None)


async def show_symbols(ctx: Context, profile: ProfileView, start: str = "") -> None:
    """Show the symbols of a profile, a page at a time."""
    page = shown_symbols(profile, start)
    await ctx.show(Screen(render_symbols(profile, page, ctx.snapshot), symbols_keyboard(profile, page)))


async def choose(ctx: Context) -> None:
    """Show the only profile's symbols, or the profiles to choose from."""
    profiles = ctx.snapshot.profiles
    if len(profiles) == 1:
        await show_symbols(ctx, profiles[0])
        return
    text = "<b>Symbols</b>: which profile?" if profiles else "No profile is configured."
    await ctx.show(Screen(text, profiles_keyboard(profiles)))


@router.message(Command("symbols"), flags=READS)
async def symbols(_message: Message, command: CommandObject, ctx: Context) -> None:
    """`/symbols [profile]`"""
    typed, names = words_of(command.args), [profile.name for profile in ctx.snapshot.profiles]
    if not typed:
        await choose(ctx)
        return
    name = same_name(typed[0], names)
    profile = next((profile for profile in ctx.snapshot.profiles if profile.name == name), None)
    if profile is None or len(typed) > 1:
        near = close_names(" ".join(typed), names)
        hint = f"Did you mean {' or '.join(near)}?" if near else f"Profiles: {', '.join(names) or 'none'}."
        await ctx.usage("symbols", f"There is no profile {' '.join(typed)}. {hint}", " ".join(typed))
        return
    await show_symbols(ctx, profile)


@router.callback_query(Open.filter(F.place == Place.SYMBOLS), flags=READS)
async def symbols_pressed(_callback: CallbackQuery, ctx: Context) -> None:
    """[Symbols]"""
    await choose(ctx)


@router.callback_query(SymbolsOf.filter(), flags=READS)
async def page_pressed(_callback: CallbackQuery, callback_data: SymbolsOf, ctx: Context) -> None:
    """The symbols of a profile, from one on."""
    profile = _pressed(ctx.snapshot, callback_data.profile)
    await (_gone(ctx) if profile is None else show_symbols(ctx, profile, callback_data.start))


async def _gone(ctx: Context) -> None:
    await ctx.show(Screen("That profile no longer trades this symbol. Nothing was changed. /symbols"))


@router.callback_query(SwitchSymbol.filter(F.on.is_(False)), flags=REDUCES)
async def off_pressed(_callback: CallbackQuery, callback_data: SwitchSymbol, ctx: Context) -> None:
    """Switch a symbol off, at once."""
    profile = _pressed(ctx.snapshot, callback_data.profile)
    if profile is None or callback_data.symbol not in profile.symbols:
        await _gone(ctx)
        return
    await additions.switch_symbol(ctx, profile.name, callback_data.symbol, on=False)


@router.callback_query(SwitchSymbol.filter(F.on.is_(True)), flags=ADDS)
async def on_pressed(_callback: CallbackQuery, callback_data: SwitchSymbol, ctx: Context) -> None:
    """Switch a symbol on, after asking."""
    profile = _pressed(ctx.snapshot, callback_data.profile)
    if profile is None or callback_data.symbol not in profile.symbols:
        await _gone(ctx)
        return
    await _ask(ctx, SymbolOn(profile=profile.name, symbol=callback_data.symbol))


async def _ask(ctx: Context, wanted: SymbolOn) -> None:
    symbol, profile = wanted.symbol, wanted.profile
    what = f"{symbol} in {profile}" if profile else f"{symbol} in every profile that has it"
    what = f"{symbol} in {profile}, which has not watched it so far" if wanted.add else what
    text = render_switch_preview(what, ctx.snapshot)
    label = f"Switch on · {words.mode(ctx.snapshot.mode)}"
    await ask(ctx, wanted, text, label, style=SUCCESS)


async def _wanted(command: CommandObject, ctx: Context) -> SymbolOn | None:
    """The symbol and profile (or nothing) that were typed; None when an answer was given instead."""
    typed, name = words_of(command.args), command.command.lower()
    if not 1 <= len(typed) <= 2:
        await ctx.usage(name, "A symbol is needed, and perhaps a profile.", " ".join(typed))
        return None
    found = symbol_of(typed[0], ctx.snapshot, ctx.desk.listed() if name == "watch" else ())
    if isinstance(found, NotFound):
        await ctx.show(Screen(render_unknown_symbol(found.wanted, found.close)))
        return None
    names = [profile.name for profile in ctx.snapshot.profiles]
    owners = [profile.name for profile in ctx.snapshot.profiles if found.symbol in profile.symbols]
    profile = same_name(typed[1], names) if len(typed) == 2 else ""
    if profile is None:
        why = f"No profile here is called {typed[1]}. There are {', '.join(names)}."
    elif profile in owners or (owners and not profile):
        return SymbolOn(profile=profile, symbol=found.symbol)
    elif profile and name == "watch" and found.symbol in ctx.desk.listed():
        return SymbolOn(profile=profile, symbol=found.symbol, add=True)
    else:
        have = f"It is traded by {', '.join(owners)}." if owners else "No profile has it: say which one is to watch it."
        why = f"{found.symbol} is not a symbol of {profile or 'any profile'}. {have}"
    await ctx.usage(name, why, " ".join(typed))
    return None


@router.message(Command("watch"), flags=ADDS)
async def watch(_message: Message, command: CommandObject, ctx: Context) -> None:
    """`/watch SYMBOL [profile]`"""
    wanted = await _wanted(command, ctx)
    if wanted is not None:
        await _ask(ctx, wanted)


@router.message(Command("unwatch"), flags=REDUCES)
async def unwatch(_message: Message, command: CommandObject, ctx: Context) -> None:
    """`/unwatch SYMBOL [profile]`"""
    wanted = await _wanted(command, ctx)
    if wanted is not None:
        await additions.switch_symbol(ctx, wanted.profile, wanted.symbol, on=False)
