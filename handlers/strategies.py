"""Profiles and their rules: seeing them, switching them."""

from aiogram import F, Router
from aiogram.filters import Command, CommandObject
from aiogram.types import CallbackQuery, Message

from engine.core.snapshot import ProfileView, Snapshot
from handlers import deeds
from handlers.actions import ProfileOn, RuleOn
from handlers.arguments import close_names, same_name, words_of
from handlers.asking import ask
from handlers.context import ADDS, READS, REDUCES, Context
from handlers.spot import Screen
from handlers.views import words
from handlers.views.strategies import render_rules, render_strategies, render_strategy, render_switch_preview
from keyboards.base import SUCCESS
from keyboards.data import Open, Place, StrategyCard, SwitchProfile, SwitchRule
from keyboards.strategies import rules_keyboard, strategies_keyboard
from keyboards.tokens import named

router = Router(name="strategies")


async def show_strategies(ctx: Context) -> None:
    """Show all profiles."""
    snapshot = ctx.snapshot
    await ctx.show(Screen(render_strategies(snapshot), strategies_keyboard(snapshot.profiles)))


@router.message(Command("strategies"), flags=READS)
async def strategies(_message: Message, ctx: Context) -> None:
    """`/strategies`"""
    await show_strategies(ctx)


@router.callback_query(Open.filter(F.place == Place.STRATEGIES), flags=READS)
async def strategies_pressed(_callback: CallbackQuery, ctx: Context) -> None:
    """[Strategies]"""
    await show_strategies(ctx)


def _profile(snapshot: Snapshot, name: str | None) -> ProfileView | None:
    return next((profile for profile in snapshot.profiles if profile.name == name), None)


def _pressed(snapshot: Snapshot, pressed: str) -> ProfileView | None:
    return _profile(snapshot, named(pressed, [profile.name for profile in snapshot.profiles]))


async def _gone(ctx: Context) -> None:
    await ctx.show(Screen("That profile or rule no longer exists. Nothing was changed. /strategies"))


async def show_rules(ctx: Context, profile: ProfileView) -> None:
    """Show one profile."""
    labels = [words.rule(profile.strategy, rule) for rule, _ in profile.rules]
    await ctx.show(Screen(render_rules(profile, ctx.snapshot), rules_keyboard(profile, labels)))


@router.message(Command("strategy"), flags=READS)
async def strategy(_message: Message, command: CommandObject, ctx: Context) -> None:
    """`/strategy PROFILE`: everything about one profile."""
    typed, profiles = words_of(command.args), ctx.snapshot.profiles
    names = [profile.name for profile in profiles]
    profile = _profile(ctx.snapshot, same_name(" ".join(typed), names))
    if profile is None:
        near = close_names(" ".join(typed), names)
        hint = f"Did you mean {' or '.join(near)}?" if near else f"Profiles: {', '.join(names) or 'none'}."
        trouble = f"There is no profile {' '.join(typed)}." if typed else "A profile is needed."
        await ctx.usage("strategy", f"{trouble} {hint}", " ".join(typed))
        return
    labels = [words.rule(profile.strategy, rule) for rule, _ in profile.rules]
    await ctx.show(Screen(render_strategy(profile, ctx.snapshot), rules_keyboard(profile, labels)))


@router.message(Command("rules"), flags=READS)
async def rules(_message: Message, command: CommandObject, ctx: Context) -> None:
    """`/rules [profile]`; without a name the only profile, or the list."""
    typed, profiles = words_of(command.args), ctx.snapshot.profiles
    names = [profile.name for profile in profiles]
    if not typed and len(profiles) != 1:
        await show_strategies(ctx)
        return
    profile = _profile(ctx.snapshot, same_name(" ".join(typed), names)) if typed else profiles[0]
    if profile is None:
        near = close_names(" ".join(typed), names)
        hint = f"Did you mean {' or '.join(near)}?" if near else f"Profiles: {', '.join(names) or 'none'}."
        await ctx.usage("rules", f"There is no profile {' '.join(typed)}. {hint}", " ".join(typed))
        return
    await show_rules(ctx, profile)


@router.callback_query(StrategyCard.filter(), flags=READS)
async def rules_pressed(_callback: CallbackQuery, callback_data: StrategyCard, ctx: Context) -> None:
    """The rules of a profile."""
    profile = _pressed(ctx.snapshot, callback_data.profile)
    await (_gone(ctx) if profile is None else show_rules(ctx, profile))


@router.callback_query(SwitchProfile.filter(F.on.is_(False)), flags=REDUCES)
async def profile_off(_callback: CallbackQuery, callback_data: SwitchProfile, ctx: Context) -> None:
    """Switch a profile off, at once."""
    profile = _pressed(ctx.snapshot, callback_data.profile)
    await (_gone(ctx) if profile is None else deeds.switch_profile(ctx, profile.name, on=False))


@router.callback_query(SwitchProfile.filter(F.on.is_(True)), flags=ADDS)
async def profile_on(_callback: CallbackQuery, callback_data: SwitchProfile, ctx: Context) -> None:
    """Switch a profile on, after asking."""
    profile = _pressed(ctx.snapshot, callback_data.profile)
    if profile is None:
        await _gone(ctx)
        return
    await _ask(ctx, ProfileOn(profile=profile.name), f"profile {profile.name}")


@router.callback_query(SwitchRule.filter(F.on.is_(False)), flags=REDUCES)
async def rule_off(_callback: CallbackQuery, callback_data: SwitchRule, ctx: Context) -> None:
    """Switch a rule off, at once."""
    profile, rule = _pressed_rule(ctx.snapshot, callback_data)
    if profile is None or rule is None:
        await _gone(ctx)
        return
    await deeds.switch_rule(ctx, profile.name, rule, on=False)


@router.callback_query(SwitchRule.filter(F.on.is_(True)), flags=ADDS)
async def rule_on(_callback: CallbackQuery, callback_data: SwitchRule, ctx: Context) -> None:
    """Switch a rule on, after asking."""
    profile, rule = _pressed_rule(ctx.snapshot, callback_data)
    if profile is None or rule is None:
        await _gone(ctx)
        return
    await _ask(
        ctx, RuleOn(profile=profile.name, rule=rule), f"{profile.name} rule {words.rule(profile.strategy, rule)}"
    )


def _pressed_rule(snapshot: Snapshot, pressed: SwitchRule) -> tuple[ProfileView | None, str | None]:
    profile = _pressed(snapshot, pressed.profile)
    return profile, named(pressed.rule, [rule for rule, _ in profile.rules]) if profile else None


async def _ask(ctx: Context, action: ProfileOn | RuleOn, what: str) -> None:
    snapshot = ctx.snapshot
    label = f"Switch on · {words.mode(snapshot.mode)}"
    await ask(ctx, action, render_switch_preview(what, snapshot), label, style=SUCCESS)
