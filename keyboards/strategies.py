"""Keyboards of profiles and rules."""

from collections.abc import Sequence

from aiogram.types import InlineKeyboardMarkup

from engine.core.snapshot import ProfileView
from keyboards.base import button, in_rows, link, markup
from keyboards.data import Ask, DeskOrder, Place, StrategyCard, SwitchProfile, SwitchRule, SymbolsOf
from keyboards.tokens import token


def strategies_keyboard(profiles: tuple[ProfileView, ...]) -> InlineKeyboardMarkup:
    """A button for each profile."""
    return markup(
        *in_rows([button(profile.name, StrategyCard(profile=token(profile.name))) for profile in profiles], 2),
        [link("Refresh", Place.STRATEGIES), link("Status", Place.STATUS)],
    )


def rules_keyboard(profile: ProfileView, labels: Sequence[str]) -> InlineKeyboardMarkup:
    """A switch for the profile, one for each rule (`labels` in their order), pausing, and the way back."""
    name = token(profile.name)
    switch = button(
        f"{profile.name}: on → switch OFF" if profile.enabled else f"{profile.name}: OFF → switch on",
        SwitchProfile(profile=name, on=not profile.enabled),
    )
    rules = [
        button(f"{label}: {'on' if on else 'OFF'}", SwitchRule(profile=name, rule=token(rule), on=not on))
        for label, (rule, on) in zip(labels, profile.rules, strict=True)
    ]
    return markup(
        [switch],
        *in_rows(rules, 1),
        [
            button("Pause profile", Ask(order=DeskOrder.PAUSE, scope=f"p.{name}")),
            button("Resume", Ask(order=DeskOrder.RESUME, scope=f"p.{name}")),
        ],
        [
            button("Refresh", StrategyCard(profile=name)),
            button("Symbols", SymbolsOf(profile=name)),
            link("Strategies", Place.STRATEGIES),
        ],
    )
