"""What people do to the desk, once for commands and buttons alike: the command, its audit line, the answer shown."""

from decimal import Decimal
from typing import Any

from aiogram.types import InlineKeyboardMarkup

from engine.core import commands as c
from engine.core.commands import Answer, Command, Done, Filter, Refused, Scope
from engine.core.snapshot import PositionView
from engine.journal import JournalUnavailable
from handlers.clock import wall_ms
from handlers.context import Context
from handlers.spot import Screen
from handlers.views import outcome, words
from handlers.views.format import esc
from keyboards import confirm as keys
from keyboards.data import Place
from keyboards.tokens import token

SETTLE_S = 10.0
_AUDIT_AGAIN_S = 5.0


async def pause(ctx: Context, scope: Scope, until_ms: int | None) -> None:
    """Block entries in a scope and say so."""
    answer = await hold_entries(ctx, scope, until_ms)
    text = outcome.render_paused(answer, scope, until_ms, ctx.zone, by=ctx.actor.name)
    await ctx.show(Screen(text, keys.paused_keyboard(scope_token(scope))))


async def hold_entries(ctx: Context, scope: Scope, until_ms: int | None = None) -> Answer:
    """Block entries in a scope, silently."""
    command = c.Pause(
        command_id=f"{ctx.request_id}.p", by=ctx.actor.name, wall_ms=wall_ms(), scope=scope, until_ms=until_ms
    )
    return await _at_once(ctx, command, "pause", words.scope(scope))


async def resume(ctx: Context, scope: Scope) -> None:
    """Lift what an admin may lift, and name the limits that are still breached."""
    answer = await allow_entries(ctx, scope)
    text = outcome.render_resumed(answer, scope, ctx.snapshot, by=ctx.actor.name)
    await ctx.show(Screen(text, keys.running_keyboard(scope_token(scope))))


async def allow_entries(ctx: Context, scope: Scope) -> Answer:
    """Lift what an admin may lift, silently."""
    command = c.Resume(command_id=ctx.request_id, by=ctx.actor.name, wall_ms=wall_ms(), scope=scope)
    return await recorded(ctx, command, "resume", words.scope(scope))


async def close_one(ctx: Context, symbol: str, percent: int) -> None:
    """Close one position or part of it, and report when the order is over."""
    before = ctx.snapshot.positions
    command = c.ClosePosition(
        command_id=ctx.request_id, by=ctx.actor.name, wall_ms=wall_ms(), symbol=symbol, percent=percent
    )
    answer = await _at_once(ctx, command, "close", f"{symbol} {percent}%")
    await report_close(ctx, answer, before, f"Closing {symbol}")


async def close_all(ctx: Context, which: Filter, profile: str) -> None:
    """Close everything that matches, and report when the orders are over."""
    before = ctx.snapshot.positions
    command = c.CloseAll(command_id=ctx.request_id, by=ctx.actor.name, wall_ms=wall_ms(), which=which, profile=profile)
    answer = await _at_once(ctx, command, "closeall", f"{which} {profile}".strip())
    await report_close(ctx, answer, before, "Closing all")


async def answer_emergency(ctx: Context, number: int, choice: c.Choice) -> Answer:
    """Answer the question of an emergency limit, silently."""
    command = c.AnswerEmergency(
        command_id=ctx.request_id, by=ctx.actor.name, wall_ms=wall_ms(), number=number, choice=choice
    )
    return await _at_once(ctx, command, "emergency", f"question {number} {choice}")


async def change_limit(ctx: Context, key: str, value: Decimal) -> None:
    """Set a limit."""
    command = c.ChangeLimit(command_id=ctx.request_id, by=ctx.actor.name, wall_ms=wall_ms(), key=key, value=value)
    await _changed(ctx, command, "limit", f"limit {key}")


async def switch_rule(ctx: Context, profile: str, rule: str, *, on: bool) -> None:
    """Switch a rule of a profile."""
    command = c.SwitchRule(
        command_id=ctx.request_id, by=ctx.actor.name, wall_ms=wall_ms(), profile=profile, rule=rule, on=on
    )
    await _changed(ctx, command, "rule", f"{profile} rule {rule} {'on' if on else 'off'}")


async def switch_profile(ctx: Context, profile: str, *, on: bool) -> None:
    """Switch the entries of a profile."""
    command = c.SwitchProfile(command_id=ctx.request_id, by=ctx.actor.name, wall_ms=wall_ms(), profile=profile, on=on)
    await _changed(ctx, command, "profile", f"profile {profile} {'on' if on else 'off'}")


def scope_token(scope: Scope) -> str:
    """A scope as buttons carry it."""
    return "" if scope.kind == "account" else f"{scope.kind[0]}.{token(scope.name)}"


async def _changed(ctx: Context, command: Command, action: str, what: str) -> None:
    answer = await recorded(ctx, command, action, what)
    place = Place.LIMITS if action == "limit" else Place.STRATEGIES
    await ctx.show(Screen(outcome.render_changed(what, answer, by=ctx.actor.name), keys.changed_keyboard(place)))


async def recorded(ctx: Context, command: Command, action: str, detail: str) -> Answer:
    """Give a command to the desk and keep the audit line."""
    answer = await ctx.desk.command(command)
    await audit(ctx, action, detail, answer)
    return answer


async def _at_once(ctx: Context, command: Command, action: str, detail: str) -> Answer:
    # What makes the desk safer must not wait for the audit line, nor fail with it.
    answer = await ctx.desk.command(command)
    audit_later(ctx, action, detail, answer)
    return answer


async def audit(ctx: Context, action: str, detail: str, answer: Answer) -> None:
    """Keep an audit line of what somebody did and what was answered; later where the database is away now."""
    line = _line(ctx, action, detail, answer)
    try:
        await ctx.store.audit.add(**line)
    except JournalUnavailable:
        # It is done whether or not it can be put on record now.
        ctx.jobs.start(_kept(ctx, line))


def audit_later(ctx: Context, action: str, detail: str, answer: Answer) -> None:
    """Keep an audit line beside the handler, as soon as the database takes it."""
    ctx.jobs.start(_kept(ctx, _line(ctx, action, detail, answer)))


def _line(ctx: Context, action: str, detail: str, answer: Answer) -> dict[str, Any]:
    said = f"refused: {answer.reason}" if isinstance(answer, Refused) else "done"
    who = {"user_id": ctx.actor.user_id, "name": ctx.actor.name}
    return {"at_ms": wall_ms(), **who, "action": action, "detail": detail, "answer": said}


async def _kept(ctx: Context, line: dict[str, Any]) -> None:
    while True:
        try:
            await ctx.store.audit.add(**line)
        except JournalUnavailable:
            await ctx.jobs.sleep(_AUDIT_AGAIN_S)
        else:
            return


async def report_close(ctx: Context, answer: Answer, before: tuple[PositionView, ...], what: str) -> None:
    """Show that closing orders are under way, and what became of them when they are over."""
    if isinstance(answer, Refused):
        await ctx.show(Screen(outcome.render_refused(what, answer), _after_close(ctx)))
        return
    if answer.orders:
        await ctx.show(Screen(outcome.render_closing(len(answer.orders))))
    ctx.jobs.start(_settled(ctx, answer, before), failed=lambda error: _no_news(ctx, answer, error))


async def _settled(ctx: Context, answer: Done, before: tuple[PositionView, ...]) -> None:
    results = await ctx.desk.settled(answer.orders, SETTLE_S) if answer.orders else ()
    held = {position.symbol: position for position in before}
    text = outcome.render_closed(results, held, ctx.snapshot, answer=answer, by=ctx.actor.name)
    await ctx.show(Screen(text, _after_close(ctx)))


def _after_close(ctx: Context) -> InlineKeyboardMarkup:
    return keys.after_close_keyboard(held=bool(ctx.snapshot.holds))


async def _no_news(ctx: Context, answer: Done, error: BaseException) -> None:
    text = outcome.render_no_news(len(answer.orders), type(error).__name__)
    await ctx.spot.elsewhere().put(Screen(text, _after_close(ctx)))


async def tell_failed(ctx: Context, what: str, error: BaseException) -> None:
    """Say that work begun for a reader broke."""
    text = (
        f"<b>{esc(what)} failed</b> ({esc(type(error).__name__)}). Trading is not affected. Try again, or see /health."
    )
    await ctx.spot.elsewhere().put(Screen(text))
