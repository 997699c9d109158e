"""Keyboards of the symbols of profiles."""

from collections.abc import Sequence

from aiogram.types import InlineKeyboardButton, InlineKeyboardMarkup

from engine.core.snapshot import ProfileView
from keyboards.base import BACK, ON, button, in_rows, link, markup
from keyboards.data import Place, StrategyCard, SwitchSymbol, SymbolsOf
from keyboards.tokens import token


def profiles_keyboard(profiles: Sequence[ProfileView]) -> InlineKeyboardMarkup:
    """A button for each profile."""
    return markup(
        *in_rows([button(profile.name, SymbolsOf(profile=token(profile.name))) for profile in profiles], 2),
        [link("Strategies", Place.STRATEGIES)],
    )


def symbols_keyboard(profile: ProfileView, shown: Sequence[str]) -> InlineKeyboardMarkup:
    """A switch for each shown symbol, and the pages."""
    name = token(profile.name)
    switches = [
        button(
            f"{symbol.removesuffix('USDT')}: {'OFF' if symbol in profile.symbols_off else 'on'}",
            SwitchSymbol(profile=name, symbol=symbol, on=symbol in profile.symbols_off),
        )
        for symbol in shown
    ]
    return markup(
        *in_rows(switches, 3),
        _pages(profile, shown, name),
        [button("Rules", StrategyCard(profile=name)), link("Strategies", Place.STRATEGIES)],
    )


def _pages(profile: ProfileView, shown: Sequence[str], name: str) -> list[InlineKeyboardButton]:
    first = profile.symbols.index(shown[0]) if shown else 0
    after = first + len(shown)
    row = []
    if first:
        before = profile.symbols[max(0, first - len(shown))]
        row.append(button(BACK, SymbolsOf(profile=name, start=before)))
    if after < len(profile.symbols):
        row.append(button(ON, SymbolsOf(profile=name, start=profile.symbols[after])))
    return row
