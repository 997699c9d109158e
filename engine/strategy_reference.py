"""The written reference of strategies and presets, made of what they declare: python -m engine.strategy_reference."""

import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

from engine.core.market import HOUR_MS, timeframe_name
from engine.core.money import from_money
from engine.core.picture import size_words
from engine.core.profile import Anchor, Cooldown, LimitSpec, Profile, Protection
from engine.core.protection import describe
from engine.core.strategy import Away, Level
from engine.presets import DEFAULT, PROFILES
from engine.profile_settings import SETTINGS
from engine.strategies.parameters import Parameter
from engine.strategies.registry import FACTORIES, known_parameters

FILE = "docs/strategies.md"
_HEAD = """# Strategies

Made from the code by `make docs`; a test compares it. A profile is a strategy with its parameters, symbols, sizing and
limits; its preset is where it starts. Parameters are set in `desk.yaml` (`params`) and, for a backtest, with `--set`.
A value that is not allowed is refused with its name, its unit and what is allowed.

Signals are decided on closed candles only, but for `orderflow`, which decides on updates of the book. How to add one of
your own: [write-a-strategy.md](write-a-strategy.md).
"""

_SETTINGS = """## Settings of a profile

What a profile changes of its preset, in `desk.yaml` (`settings`) or, for a backtest, with `--set`. Every strategy has
them; what is left out stays as the preset below has it. The last size that is named holds.
"""


def strategies_page() -> str:
    """Return the whole page as Markdown."""
    return "\n".join([_HEAD, *(_strategy(name) for name in FACTORIES), _presets(PROFILES)])


def write_page(root: Path) -> None:
    """Write the page below a project's root."""
    (root / FILE).write_text(strategies_page(), encoding="utf-8")


def _strategy(name: str) -> str:
    about = (sys.modules[FACTORIES[name].__module__].__doc__ or "").split("\n\n")[0].replace("\n", " ").strip()
    parameters = known_parameters(name)
    if not parameters:
        return f"## {name}\n\n{about}\n\nNo parameters.\n"
    head = "| parameter | default | unit | allowed | meaning |\n|---|---|---|---|---|\n"
    return f"## {name}\n\n{about}\n\n{head}" + "".join(_row(parameter) for parameter in parameters.values())


def _row(parameter: Parameter) -> str:
    default = ("on" if parameter.default else "off") if isinstance(parameter.default, bool) else parameter.default
    cells = (f"`{parameter.name}`", f"`{default}`", parameter.unit, parameter.allowed, parameter.about)
    return f"| {' | '.join(cells)} |\n"


def _presets(profiles: Mapping[str, Profile]) -> str:
    usual = ", ".join(f"`{profile.name}`" for profile in DEFAULT)
    text = f"\n{_settings()}\n## Presets\n\nWithout profiles in `desk.yaml` these trade: {usual}.\n"
    return text + "".join(f"\n### {name}\n\n{_table(_facts(profile))}" for name, profile in profiles.items())


def _settings() -> str:
    head = "| setting | unit | allowed | meaning |\n|---|---|---|---|\n"
    rows = ((f"`{name}`", each.known.unit, each.allowed, each.known.about) for name, each in SETTINGS.items())
    return f"{_SETTINGS}\n{head}" + "".join(f"| {' | '.join(cells)} |\n" for cells in rows)


def _table(rows: Iterable[tuple[str, str]]) -> str:
    return "| setting | value |\n|---|---|\n" + "".join(f"| {name} | {value} |\n" for name, value in rows)


def _facts(profile: Profile) -> list[tuple[str, str]]:
    symbols = ", ".join(symbol.removesuffix("USDT") for symbol in profile.symbols) + " (…USDT)"
    if profile.largest:
        symbols = f"the {profile.largest} USDT perpetuals of the largest 24 h turnover; where it is not known {symbols}"
    cap = f", at most {profile.sizing.cap} × equity" if profile.sizing.cap else ""
    return [
        ("strategy", profile.strategy),
        ("timeframe", timeframe_name(profile.timeframe)),
        ("symbols", symbols),
        ("size", size_words(profile) + cap),
        ("leverage", f"{profile.leverage}×"),
        ("positions at once", str(profile.max_positions)),
        ("stop, target", f"{_level(profile.stop)}, {_level(profile.target)}"),
        ("open positions", _protection(profile.protection)),
        ("rest of a symbol", _cooldown(profile.cooldown)),
        ("24 h turnover", f"at least {profile.turnover_floor:,} USDT" if profile.turnover_floor else "any"),
        ("costs", _costs(profile)),
        ("limits", "; ".join(_limit(limit) for limit in profile.limits) or "the account's alone"),
    ]


def _level(level: Level | None) -> str:
    return f"{level.ppm / 10_000:g} %" if isinstance(level, Away) else "by the strategy"


def _protection(rules: Protection) -> str:
    return "; ".join(describe(rules)) or "stop and target alone"


def _cooldown(rule: Cooldown) -> str:
    words = []
    if rule.length_ms:
        grid = "until the next boundary of" if rule.anchor is Anchor.GRID else "for"
        words.append(f"{grid} {rule.length_ms / HOUR_MS:g} h")
    if rule.quick_rest_ms:
        words.append(f"{rule.quick_rest_ms / HOUR_MS:g} h after an exit within {rule.quick_within_ms / HOUR_MS:g} h")
    return "; ".join(words) or "none, 4 h after a close by hand"


def _costs(profile: Profile) -> str:
    if profile.max_cost_share_ppm is None:
        return "not compared with the stop"
    slip = f", slippage {profile.cost_slippage_ppm / 100:g} bps a side" if profile.cost_slippage_ppm else ""
    return f"at most {profile.max_cost_share_ppm / 10_000:g} % of the stop distance{slip}"


def _limit(limit: LimitSpec) -> str:
    value = f"{from_money(limit.threshold).normalize():f} USDT" if limit.in_money else f"{limit.threshold / 10_000:g} %"
    return f"{limit.name} {value}: {limit.action.value.replace('_', ' ')}"


if __name__ == "__main__":
    write_page(Path(__file__).resolve().parent.parent)
