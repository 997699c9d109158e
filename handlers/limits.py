"""Loss limits: the list, trying a value, and changing it after a preview."""

import re
from decimal import Decimal

from aiogram import Bot, F, Router
from aiogram.filters import Command, CommandObject
from aiogram.types import CallbackQuery, Message

from engine.core.snapshot import LimitView, Snapshot
from handlers import deeds
from handlers.actions import LimitChange
from handlers.arguments import close_names, number_of, words_of
from handlers.asking import ask
from handlers.context import ADDS, JUDGES, PREPARES, READS, Context
from handlers.spot import Screen
from handlers.views import limits as views
from handlers.views import words
from handlers.views.format import esc
from keyboards import limits as keys
from keyboards.base import DANGER, PRIMARY
from keyboards.data import LimitCard, LimitSet, LimitType, Open, Place
from keyboards.tokens import named

router = Router(name="limits")
_ASKED = re.compile(r"New value for limit (\S+) \(")


async def show_limits(ctx: Context) -> None:
    """Show all limits."""
    snapshot = ctx.snapshot
    ordered = views.in_order(snapshot)
    labels = tuple(words.limit_name(limit) for limit in ordered)
    await ctx.show(Screen(views.render_limits(snapshot, ctx.zone), keys.limits_keyboard(ordered, labels)))


@router.message(Command("limits"), flags=READS)
async def limits(_message: Message, ctx: Context) -> None:
    """`/limits`"""
    await show_limits(ctx)


@router.callback_query(Open.filter(F.place == Place.LIMITS), flags=READS)
async def limits_pressed(_callback: CallbackQuery, ctx: Context) -> None:
    """[Limits]"""
    await show_limits(ctx)


def _by_key(snapshot: Snapshot, key: str | None) -> LimitView | None:
    return next((limit for limit in snapshot.limits if limit.key == key), None)


def _by_token(snapshot: Snapshot, pressed: str) -> LimitView | None:
    return _by_key(snapshot, named(pressed, [limit.key for limit in snapshot.limits]))


def _typed(snapshot: Snapshot, name: str) -> LimitView | None:
    # The list calls the limits of the account so.
    wanted = name.lower().removeprefix("account ")
    return next((limit for limit in snapshot.limits if wanted in {limit.key.lower(), words.limit_name(limit)}), None)


async def _gone(ctx: Context) -> None:
    await ctx.show(Screen("This limit no longer exists. /limits shows those that do."))


async def show_limit(ctx: Context, limit: LimitView, draft: Decimal) -> None:
    """Show one limit and the value being tried."""
    label = words.amount(draft, in_money=limit.in_money)
    text = views.render_limit(limit, draft, ctx.snapshot)
    await ctx.show(Screen(text, keys.limit_keyboard(limit, draft, label)))


@router.callback_query(LimitCard.filter(), flags=READS)
async def card_pressed(_callback: CallbackQuery, callback_data: LimitCard, ctx: Context) -> None:
    """A limit, or a press of its − and + buttons."""
    limit = _by_token(ctx.snapshot, callback_data.key)
    if limit is None:
        await _gone(ctx)
        return
    await show_limit(ctx, limit, number_of(callback_data.draft) or limit.threshold)


async def preview(ctx: Context, limit: LimitView, value: Decimal, *, confirmed: int = 0) -> None:
    """Show what a change would mean, and ask."""
    snapshot = ctx.snapshot
    new = -abs(value)
    if new == limit.threshold:
        await ctx.show(
            Screen(f"The limit is {words.amount(new, in_money=limit.in_money)} already. Nothing was changed.")
        )
        return
    if not limit.loosest <= new <= limit.tightest:
        now = words.amount(limit.threshold, in_money=limit.in_money)
        keyboard = keys.limit_keyboard(limit, limit.threshold, now)
        await ctx.show(Screen(views.render_out_of_bounds(limit, new), keyboard))
        return
    loosens = new < limit.threshold
    action = LimitChange(key=limit.key, old=limit.threshold, new=new, loosens=loosens, confirmed=confirmed)
    text = views.render_limit_preview(limit, new, snapshot, loosens=loosens, second=confirmed > 0)
    act = "Loosen" if loosens else "Tighten"
    label = f"{act} to {words.amount(new, in_money=limit.in_money)} · {words.mode(snapshot.mode)}"
    closes = views.reached_at_once(limit, new)
    await ask(ctx, action, text, label, style=DANGER if loosens or closes else PRIMARY)


async def confirmed_change(ctx: Context, action: LimitChange) -> None:
    """Set a limit whose change was confirmed; what loosens the limit of now is asked twice."""
    limit = _by_key(ctx.snapshot, action.key)
    if limit is None:
        await _gone(ctx)
    elif action.new < limit.threshold and not (action.loosens and action.confirmed):
        await preview(ctx, limit, action.new, confirmed=1 if action.loosens else 0)
    else:
        await deeds.change_limit(ctx, action.key, action.new)


@router.callback_query(LimitSet.filter(), flags=PREPARES)
async def set_pressed(_callback: CallbackQuery, callback_data: LimitSet, ctx: Context) -> None:
    """[Set …]"""
    limit, value = _by_token(ctx.snapshot, callback_data.key), number_of(callback_data.value)
    if limit is None or value is None:
        await _gone(ctx)
        return
    await preview(ctx, limit, value)


@router.message(Command("limit"), flags=ADDS | JUDGES)
async def limit_typed(_message: Message, command: CommandObject, ctx: Context) -> None:
    """`/limit NAME VALUE`; with the name alone the limit is shown."""
    typed = words_of(command.args)
    snapshot = ctx.snapshot
    alone = _typed(snapshot, " ".join(typed))
    if alone is not None:
        await show_limit(ctx, alone, alone.threshold)
        return
    name, value = " ".join(typed[:-1] or typed), number_of(typed[-1]) if len(typed) > 1 else None
    limit = _typed(snapshot, name)
    if limit is None or value is None:
        await ctx.usage("limit", _trouble(snapshot, name, typed, known=limit is not None), " ".join(typed))
        return
    await preview(ctx, limit, value)


def _trouble(snapshot: Snapshot, name: str, typed: list[str], *, known: bool) -> str:
    if not typed:
        return "A limit and its new value are needed; /limits shows them."
    if known:
        return f"{typed[-1]} is not a number."
    near = close_names(name, [limit.key for limit in snapshot.limits])
    return f"There is no limit {name}.{f' Did you mean {" or ".join(near)}?' if near else ' /limits shows them.'}"


@router.callback_query(LimitType.filter(), flags=PREPARES)
async def type_pressed(_callback: CallbackQuery, callback_data: LimitType, ctx: Context) -> None:
    """[Type a value]: opens the reply field."""
    limit = _by_token(ctx.snapshot, callback_data.key)
    if limit is None:
        await _gone(ctx)
        return
    now = words.amount(limit.threshold, in_money=limit.in_money)
    unit = "USDT" if limit.in_money else "percent"
    await ctx.spot.ask_typed(
        f"New value for limit {esc(limit.key)} (now {now}), in {unit}:", f"for example {now.split()[0]}"
    )


@router.message(F.reply_to_message.text.regexp(_ASKED).as_("asked"), flags=ADDS | JUDGES)
async def value_replied(message: Message, asked: re.Match[str], bot: Bot, ctx: Context) -> None:
    """The typed answer to [Type a value]."""
    original = message.reply_to_message
    limit = _by_key(ctx.snapshot, asked[1])
    if original is None or original.from_user is None or original.from_user.id != bot.id or limit is None:
        await _gone(ctx)
        return
    value = number_of(message.text or "")
    if value is None:
        await ctx.usage("limit", f"{message.text} is not a number.", limit.key)
        return
    await preview(ctx, limit, value)
