"""What the configuration check finds wrong with profiles, for the people of a running desk. Pure."""

from collections.abc import Mapping
from dataclasses import replace

from bot.check_findings import Finding, Grade
from bot.check_rules import rule_findings
from bot.check_symbols import size_findings
from engine.core.feed_events import Contradicted
from engine.core.market import Instrument
from engine.core.money import Money, Ticks
from engine.core.profile import Account
from engine.core.strategy import Strategy


def contradictions(
    account: Account,
    strategies: Mapping[str, Strategy],
    *,
    instruments: Mapping[str, Instrument],
    prices: Mapping[str, Ticks],
    equity: Money,
    absent: Mapping[str, tuple[str, ...]],
) -> list[Contradicted]:
    """Return what `check` warns of, by profile, at prices in ticks and an equity. `absent` are symbols, by profile,
    that the exchange does not list.
    """
    found: dict[str, list[str]] = {}
    for name, symbols in absent.items():
        found[name] = [f"Not listed and left out: {', '.join(symbols)}."]
    for profile in account.profiles:
        alone = replace(account, profiles=(profile,))
        seen = [*rule_findings(alone, strategies, equity), *size_findings((profile,), instruments, prices, equity)]
        found.setdefault(profile.name, []).extend(_words(profile.name, each) for each in seen if each.grade != Grade.OK)
    return [Contradicted(name, tuple(words)) for name, words in found.items() if words]


def _words(profile: str, finding: Finding) -> str:
    what = finding.what.removeprefix(f"profile {profile}: ")
    return f"{what[:1].upper()}{what[1:]}: {finding.todo}."
