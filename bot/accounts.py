"""From settings to what trades: the account, its profiles and their strategies, with every mistake named."""

import secrets
import string
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from difflib import get_close_matches
from typing import Any

from bot.user_code import Made, make
from config import AccountPreset, AccountSpec, Settings
from config.profiles import ProfileSpec
from engine import presets
from engine.backtest.overrides import changed
from engine.core.ids import check_code
from engine.core.market import HOUR_MS
from engine.core.money import PPM, percent_to_ppm
from engine.core.profile import Account, Action, ApprovalMode, LimitSpec, Profile, Runaway
from engine.core.requests import limit_text, limit_value
from engine.core.strategy import Strategy
from engine.plan import check_needs, timeframes
from engine.profile_settings import check_rules
from engine.strategies.registry import FACTORIES, build

TAG_KEY = "install_tag"
# Shorter than it takes to read the message makes no sense, nor does a question that is forgotten.
_SILENCE_S = (10, 600)


class AccountError(ValueError):
    """Profiles or limits that cannot be used; the message says which, why, and what is there."""


@dataclass(frozen=True, slots=True)
class Trading:
    """An account with the strategies of its profiles by profile name; `blocked` says which may not enter, and why."""

    account: Account
    strategies: Mapping[str, Strategy]
    blocked: Mapping[str, str] = field(default_factory=dict)

    def following(self, found: Mapping[str, tuple[str, ...]]) -> "Trading":
        """Return the same with other symbols for some profiles, by name; an empty list changes nothing."""
        profiles = (replace(p, symbols=found.get(p.name) or p.symbols) for p in self.account.profiles)
        return replace(self, account=replace(self.account, profiles=tuple(profiles)))

    def only(self, symbols: Iterable[str], *, base_ms: int) -> "Trading":
        """Return the same without symbols that have no candles and profiles that would need finer candles."""
        there = set(symbols)
        kept = []
        for profile in self.account.profiles:
            mine = tuple(symbol for symbol in profile.symbols if symbol in there)
            lengths = timeframes(profile, self.strategies[profile.name])
            if mine and not any(length % base_ms for length in lengths):
                kept.append(replace(profile, symbols=mine))
        return replace(self, account=replace(self.account, profiles=tuple(kept)))


def new_tag() -> str:
    """Return a random tag for the order ids of a new installation."""
    return "p" + "".join(secrets.choice(string.ascii_lowercase + string.digits) for _ in range(3))


def tradings(settings: Settings, *, tag: str) -> list[Trading]:
    """Build what trades on every account; raises AccountError with the mistakes of all."""
    made, wrong = [], dict[str, None]()
    for alone in settings.each_account():
        try:
            made.append(trading(alone, tag=tag))
        except AccountError as error:
            wrong[str(error)] = None
    if wrong:
        raise AccountError("\n".join(wrong))
    return made


def trading(settings: Settings, *, tag: str) -> Trading:
    """Build what trades on one account; raises AccountError."""
    made = [_profile(spec, settings) for spec in settings.profiles] or [
        (p, Made(build(p.strategy, {}))) for p in presets.DEFAULT
    ]
    codes = [profile.code for profile, _ in made]
    if len(set(codes)) < len(codes):
        raise AccountError(f"two profiles share a code: {', '.join(codes)}; give them names that differ in six letters")
    account = settings.accounts[0] if len(settings.accounts) == 1 else None
    if account is not None:
        made = _assigned(account, made, chosen={spec.name for spec in settings.profiles if spec.symbols})
    base = presets.account((p for p, _ in made), mode=settings.desk_mode.value, tag=tag, name=settings.desk_name)
    usual = presets.PROP_LIMITS if settings.account_preset is AccountPreset.PROP else base.limits
    base = replace(
        base,
        limits=_limits(usual, settings, "the account"),
        max_mark_gap_ppm=percent_to_ppm(settings.max_mark_gap),
        day_begins_ms=settings.day_reset_hour * HOUR_MS,
        runaway=Runaway(orders_a_minute=settings.guard_orders_a_minute, notional_a_day=settings.guard_notional_a_day),
    )
    blocked = {profile.name: it.blocked for profile, it in made if it.blocked}
    return Trading(base, {profile.name: it.strategy for profile, it in made}, blocked)


def _assigned(
    account: AccountSpec, made: list[tuple[Profile, Made]], *, chosen: Collection[str]
) -> list[tuple[Profile, Made]]:
    there = {profile.name: (profile, strategy) for profile, strategy in made}
    missing = [name for name in account.profiles if name not in there]
    if missing:
        raise AccountError(f"account {account.name}: no profile {', '.join(missing)}; there are: {', '.join(there)}")
    found = []
    for name in account.profiles:
        profile, strategy = there[name]
        # Symbols that a profile names itself are its choice; the preset's are only a proposal.
        own = profile.symbols if name in chosen or not account.symbols else account.symbols
        symbols = tuple(symbol for symbol in own if not account.symbols or symbol in account.symbols)
        symbols = tuple(symbol for symbol in symbols if symbol not in account.record)
        if not symbols:
            allowed = f"it trades {', '.join(own)}, the account {', '.join(account.symbols) or 'all but its record'}"
            raise AccountError(f"account {account.name}: profile {name} has no symbol there; {allowed}")
        largest = 0 if account.symbols else profile.largest
        found.append((replace(profile, symbols=symbols, largest=largest), strategy))
    return found


def _profile(spec: ProfileSpec, settings: Settings) -> tuple[Profile, Made]:
    wanted = spec.preset or spec.name
    preset = presets.PROFILES.get(wanted)
    if preset is None:
        near = get_close_matches(wanted, presets.PROFILES, 1)
        hint = f"did you mean {near[0]!r}?" if near else f"there are: {', '.join(presets.PROFILES)}"
        raise AccountError(f"profile {spec.name}: no preset {wanted!r}; {hint}")
    if spec.strategy != preset.strategy and (spec.strategy in FACTORIES or settings.strategies_dir is None):
        raise AccountError(f"profile {spec.name}: preset {wanted} runs {preset.strategy}, not {spec.strategy}")
    code = preset.code if spec.name == preset.name else "".join(c for c in spec.name.lower() if c.isalnum())[:6]
    owner = f"profile {spec.name}"
    named = tuple(replace(limit, profile=spec.name) for limit in preset.limits)
    profile = replace(
        preset,
        name=spec.name,
        code=check_code(code),
        strategy=spec.strategy,
        symbols=spec.symbols or preset.symbols,
        # Who names symbols wants these.
        largest=0 if spec.symbols else preset.largest,
        limits=_limits(named, spec, owner),
    )
    try:
        made = make(spec.strategy, spec.params, settings)
        check_needs(made.strategy)
        profile = changed(profile, spec.settings)
        if not made.blocked:
            check_rules(profile, made.strategy)
        return profile, made
    except ValueError as error:
        raise AccountError(f"profile {spec.name}: {error}") from error


def _limits(limits: tuple[LimitSpec, ...], said: Settings | ProfileSpec, owner: str) -> tuple[LimitSpec, ...]:
    bounded = _bounded(limits, said.bounds, owner)
    found = _approved(_overridden(bounded, said.limits, owner), said.approval, owner)
    for spec in found:
        if spec.threshold < spec.floor:
            beyond = f"{limit_text(spec, spec.threshold)}, beyond its bound {limit_text(spec, spec.floor)}"
            raise AccountError(f"{owner}: limit {spec.name} is {beyond}")
    return found


def _values(
    limits: tuple[LimitSpec, ...], values: Mapping[str, Any], owner: str
) -> Iterator[tuple[str, LimitSpec, int]]:
    known = {limit.name: limit for limit in limits}
    for name, value in values.items():
        if name not in known:
            raise AccountError(f"{owner} has no limit {name!r}; it has: {', '.join(known) or 'none'}")
        if not isinstance(value, int | Decimal) or isinstance(value, bool):
            raise AccountError(f"{owner}: limit {name} must be a number, not {value!r}")
        yield name, known[name], limit_value(known[name], Decimal(value))


def _bounded(limits: tuple[LimitSpec, ...], values: Mapping[str, Any], owner: str) -> tuple[LimitSpec, ...]:
    known = {limit.name: limit for limit in limits}
    for name, spec, floor in _values(limits, values, owner):
        if not (spec.in_money or floor >= -PPM) or floor >= spec.ceiling:
            raise AccountError(f"{owner}: the bound of {name} cannot be {limit_text(spec, floor)}")
        known[name] = replace(spec, floor=floor)
    return tuple(known.values())


def _overridden(limits: tuple[LimitSpec, ...], values: Mapping[str, Any], owner: str) -> tuple[LimitSpec, ...]:
    known = {limit.name: limit for limit in limits}
    for name, spec, threshold in _values(limits, values, owner):
        if not spec.floor <= threshold <= spec.ceiling:
            bounds = f"{limit_text(spec, spec.ceiling)} to {limit_text(spec, spec.floor)}"
            raise AccountError(f"{owner}: limit {name} must be {bounds}, not {limit_text(spec, threshold)}")
        known[name] = replace(spec, threshold=threshold)
    return tuple(known.values())


def _approved(limits: tuple[LimitSpec, ...], modes: Mapping[str, Any], owner: str) -> tuple[LimitSpec, ...]:
    known = {limit.name: limit for limit in limits if limit.action is Action.EMERGENCY}
    for name, mode in modes.items():
        if name not in known:
            there = ", ".join(known) or "none"
            raise AccountError(f"{owner} has no limit {name!r} whose action is emergency; it has: {there}")
        known[name] = _with_mode(known[name], mode, owner)
    return tuple(known.get(limit.name, limit) for limit in limits)


def _with_mode(spec: LimitSpec, mode: object, owner: str) -> LimitSpec:
    if mode in set(ApprovalMode):
        return replace(spec, approval=ApprovalMode(str(mode)))
    if not isinstance(mode, int) or isinstance(mode, bool) or not _SILENCE_S[0] <= mode <= _SILENCE_S[1]:
        allowed = f"auto, ask, or {_SILENCE_S[0]} to {_SILENCE_S[1]} seconds"
        raise AccountError(f"{owner}: approval of {spec.name} must be {allowed}, not {mode!r}")
    return replace(spec, approval=ApprovalMode.ASK, approval_ms=mode * 1_000)
