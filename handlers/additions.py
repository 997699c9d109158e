"""What people do that lets the desk risk more: positions by hand, symbols allowed or freed, going live."""

from engine.core import commands as c
from engine.core.commands import Done, Refused
from engine.core.snapshot import OrderResult
from handlers import deeds
from handlers.actions import GoLive, OpenPosition, SymbolOn, Unlocking
from handlers.clock import wall_ms
from handlers.context import Context
from handlers.golive import go_live
from handlers.spot import Screen
from handlers.views import manual as views
from handlers.views.outcome import render_changed, render_refused
from keyboards.confirm import changed_keyboard
from keyboards.data import Place
from keyboards.manual import opened_keyboard


async def perform(ctx: Context, action: OpenPosition | Unlocking | SymbolOn | GoLive) -> None:
    """Carry out a confirmed action of this kind."""
    match action:
        case OpenPosition():
            await open_position(ctx, action)
        case Unlocking(symbol=symbol):
            await unlock(ctx, symbol)
        case SymbolOn(profile=profile, symbol=symbol):
            await switch_symbol(ctx, profile, symbol, on=True)
        case GoLive():
            await go_live(ctx)


async def open_position(ctx: Context, action: OpenPosition) -> None:
    """Open what was previewed, and report when the order is over."""
    what = f"{'Long' if action.long else 'Short'} {action.symbol}"
    mode = ctx.snapshot.mode
    if mode != action.seen_mode:
        refusal = Refused(ctx.request_id, f"The desk is {mode.upper()} now; it was {action.seen_mode.upper()}.")
        await ctx.show(Screen(render_refused(what, refusal)))
        return
    command = c.OpenManual(
        command_id=ctx.request_id,
        by=ctx.actor.name,
        wall_ms=wall_ms(),
        symbol=action.symbol,
        long=action.long,
        quantity=action.quantity,
        seen_price=action.seen_price,
    )
    answer = await deeds.recorded(ctx, command, "open", f"{what} {action.quantity}")
    if isinstance(answer, Refused):
        await ctx.show(Screen(render_refused(what, answer), opened_keyboard(action.symbol)))
        return
    await ctx.show(Screen(views.render_opening(action.symbol, long=action.long)))
    ctx.jobs.start(_settled(ctx, action, answer), failed=lambda error: deeds.tell_failed(ctx, what, error))


async def _settled(ctx: Context, action: OpenPosition, answer: Done) -> None:
    results: tuple[OrderResult, ...] = await ctx.desk.settled(answer.orders, deeds.SETTLE_S)
    text = views.render_opened(results[0] if results else None, ctx.snapshot, action, by=ctx.actor.name)
    await ctx.show(Screen(text, opened_keyboard(action.symbol)))


async def unlock(ctx: Context, symbol: str) -> None:
    """End a cooldown."""
    command = c.UnlockSymbol(command_id=ctx.request_id, by=ctx.actor.name, wall_ms=wall_ms(), symbol=symbol)
    answer = await deeds.recorded(ctx, command, "unlock", symbol)
    text = render_changed(f"cooldown of {symbol} ended", answer, by=ctx.actor.name)
    await ctx.show(Screen(text, changed_keyboard(Place.COOLDOWNS)))


async def switch_symbol(ctx: Context, profile: str, symbol: str, *, on: bool) -> None:
    """Let a profile (empty: every one that has the symbol) enter on a symbol, or no longer."""
    names = [p.name for p in ctx.snapshot.profiles if symbol in p.symbols and profile in {"", p.name}]
    answer: c.Answer = Done(ctx.request_id)
    for number, name in enumerate(names or [profile]):
        command = c.SwitchSymbol(
            command_id=f"{ctx.request_id}.{number}" if number else ctx.request_id,
            by=ctx.actor.name,
            wall_ms=wall_ms(),
            profile=name,
            symbol=symbol,
            on=on,
        )
        answer = await deeds.recorded(ctx, command, "symbol", f"{symbol} in {name} {'on' if on else 'off'}")
        if isinstance(answer, Refused):
            break
    what = f"{symbol} {'on' if on else 'OFF'} in {', '.join(names) or profile}"
    text = render_changed(what, answer, by=ctx.actor.name)
    await ctx.show(Screen(text, changed_keyboard(Place.SYMBOLS)))
