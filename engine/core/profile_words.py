"""A profile's rules in words, for cards and documents."""

from dataclasses import fields, is_dataclass
from datetime import UTC, datetime
from typing import Any

from engine.core.market import HOUR_MS, timeframe_name
from engine.core.money import from_money
from engine.core.profile import Anchor, Profile, Protection


def parameters_of(strategy: object) -> tuple[tuple[str, str], ...]:
    """Return the parameters of a strategy and their values as text; empty for one that has none."""
    if not is_dataclass(strategy):
        return ()
    return tuple((field.name, _text(getattr(strategy, field.name))) for field in fields(strategy))


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "on" if value else "off"
    return f"{value:g}" if isinstance(value, float) else str(value)


def percent(ppm: int) -> str:
    """Return parts per million as percent."""
    return f"{ppm / 10_000:g} %"


def hours(length_ms: int) -> str:
    """Return a length of time in hours."""
    return f"{length_ms / HOUR_MS:g} h"


def warming_words(timeframe: int, until_ms: int) -> str:
    """Say that candles of a timeframe are too few until a time."""
    until = datetime.fromtimestamp(until_ms // 1000, UTC)
    return f"{timeframe_name(timeframe)} candles warming up until {until:%Y-%m-%d %H:%M} UTC"


def protection_words(profile: Profile) -> tuple[str, ...]:
    """Return what the desk does to open positions of a profile, and how its symbols rest, a sentence each."""
    rules = profile.protection
    found = [*_breakeven(rules), *_trail(rules)]
    if rules.exchange_trail_ppm is not None:
        found.append(f"Trailing stop on the exchange, {percent(rules.exchange_trail_ppm)} behind")
    if rules.losing_after_ms is not None:
        found.append(f"Losing after {hours(rules.losing_after_ms)}: closed")
    if rules.max_age_ms is not None:
        found.append(f"Closed after {hours(rules.max_age_ms)}")
    if profile.cooldown.length_ms:
        grid = profile.cooldown.anchor is Anchor.GRID
        length = timeframe_name(profile.cooldown.length_ms) if grid else hours(profile.cooldown.length_ms)
        found.append(f"Cooldown to the next {length} UTC" if grid else f"Cooldown {length} after a close")
    if profile.cooldown.quick_rest_ms:
        rest, within = profile.cooldown.quick_rest_ms, profile.cooldown.quick_within_ms
        found.append(f"Rests {hours(rest)} after an exit within {hours(within)} of the entry")
    return tuple(found)


def _breakeven(rules: Protection) -> list[str]:
    if rules.breakeven_profit is not None:
        return [f"Breakeven at +{from_money(rules.breakeven_profit).normalize():f} USDT"]
    return [f"Breakeven at +{percent(rules.breakeven_ppm)}"] if rules.breakeven_ppm is not None else []


def _trail(rules: Protection) -> list[str]:
    if rules.trail_from_ppm is None or rules.trail_by_ppm is None:
        return []
    return [f"Trail from +{percent(rules.trail_from_ppm)}, {percent(rules.trail_by_ppm)} behind the best price"]
