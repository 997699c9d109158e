"""Settings of a run given as `name=value`: parameters of the strategy, rules of the profile, its limits."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from decimal import Decimal, InvalidOperation
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from engine.backtest.request import BacktestError
from engine.core.market import HOUR_MS, timeframe_ms
from engine.core.money import PPM, percent_to_ppm, to_money
from engine.core.profile import LimitSpec, Profile, SizeMode, Sizing
from engine.core.strategy import Away, Strategy
from engine.plan import check_needs
from engine.strategies.parameters import Parameter
from engine.strategies.parameters import parameters as declared
from engine.strategies.registry import build, known_parameters
from engine.user_strategies import Source, StrategyFileError, build_user, read_source

type _Change = Callable[[Profile, str], Profile]


def changed(profile: Profile, settings: Mapping[str, Any]) -> Profile:
    """Return a profile with rules of its own (`stop`, `notional`, `max_age` …); raises BacktestError, a ValueError,
    that names the setting.
    """
    for name, value in settings.items():
        if name not in _CHANGES:
            raise _unknown(name, list(_CHANGES))
        try:
            # YAML reads a bare `off` as false.
            profile = _CHANGES[name](profile, "off" if value is False else str(value))
        except (ValueError, OverflowError, InvalidOperation) as error:
            raise BacktestError(f"setting {name}: {value!r} cannot be used ({error})") from error
    return profile


def overridden(
    profile: Profile, settings: tuple[str, ...], file: Path | None = None
) -> tuple[Profile, Strategy, dict[str, str]]:
    """Return the profile with its settings changed, its strategy (that of a file, when given), and the settings by
    name as text.

    Raises BacktestError for text that is no `name=value`, an unknown name (with the nearest one) or a value that cannot
    be.
    """
    parameters: dict[str, Any] = {}
    given: dict[str, str] = {}
    source = _source(file) if file is not None else None
    profile = profile if source is None else replace(profile, strategy=source.name)
    known = known_parameters(profile.strategy) if source is None else _parameters_of(source)
    limits = {f"limit.{spec.name}": spec for spec in profile.limits}
    for text in settings:
        name, sign, value = (part.strip() for part in text.partition("="))
        if not sign or not name or not value:
            raise BacktestError(f"setting {text!r}: write it as name=value, for example stop=0.8")
        try:
            if name in known:
                parameters[name] = known[name].checked(value)
            elif name in _CHANGES:
                profile = _CHANGES[name](profile, value)
            elif name in limits:
                profile = _with_limit(profile, limits[name], value)
            else:
                raise _unknown(name, [*known, *_CHANGES, *limits])
        except BacktestError:
            raise
        except InvalidOperation as error:
            raise BacktestError(f"setting {name}: {value!r} is not a number") from error
        except (ValueError, OverflowError) as error:
            raise BacktestError(f"setting {name}: {value!r} cannot be used ({error})") from error
        given[name] = value
    try:
        strategy = build(profile.strategy, parameters) if source is None else build_user(source, parameters)
        check_needs(strategy)
        return profile, strategy, given
    except ValueError as error:
        raise BacktestError(str(error)) from error


def _source(file: Path) -> Source:
    try:
        return read_source(file)
    except StrategyFileError as error:
        raise BacktestError(str(error)) from error


def _parameters_of(source: Source) -> Mapping[str, Parameter]:
    try:
        return declared(type(build_user(source, {})))
    except ValueError as error:
        raise BacktestError(str(error)) from error


def _unknown(name: str, names: list[str]) -> BacktestError:
    near = get_close_matches(name, names, 1, 0.5)
    return BacktestError(f"there is no setting {name!r}; " + (f"did you mean {near[0]!r}?" if near else _list(names)))


def _list(names: list[str]) -> str:
    return f"there are: {', '.join(sorted(names))}"


def _positive(value: str) -> Decimal:
    number = Decimal(value)
    if not number.is_finite() or number <= 0:
        raise ValueError("a number above zero is needed")
    return number


def _ppm(value: str) -> int:
    return percent_to_ppm(_positive(value))


def _whole(value: str) -> int:
    number = int(value)
    if number < 1:
        raise ValueError("a whole number from 1 on is needed")
    return number


def _hours(value: str) -> int:
    return int(_positive(value) * HOUR_MS)


def _sized(mode: SizeMode) -> _Change:
    def change(profile: Profile, value: str) -> Profile:
        share = mode in {SizeMode.EQUITY_MARGIN, SizeMode.EQUITY_RISK}
        amount = {"ppm": _ppm(value)} if share else {"amount": to_money(_positive(value))}
        return replace(profile, sizing=Sizing(mode=mode, cap=profile.sizing.cap, **amount))

    return change


def _guarded(name: str, read: Callable[[str], Any]) -> _Change:
    def change(profile: Profile, value: str) -> Profile:
        changes: dict[str, Any] = {name: None if value == "off" else read(value)}
        return replace(profile, protection=replace(profile.protection, **changes))

    return change


def _set(name: str, read: Callable[[str], Any], *, removable: bool = False) -> _Change:
    def change(profile: Profile, value: str) -> Profile:
        changes: dict[str, Any] = {name: None if removable and value == "off" else read(value)}
        return replace(profile, **changes)

    return change


def _cooldown(profile: Profile, value: str) -> Profile:
    return replace(profile, cooldown=replace(profile.cooldown, length_ms=0 if value == "off" else _hours(value)))


def _with_limit(profile: Profile, spec: LimitSpec, value: str) -> Profile:
    number = -abs(_positive(value.removeprefix("-")))
    changed = replace(spec, threshold=to_money(number) if spec.in_money else percent_to_ppm(number))
    return replace(profile, limits=tuple(changed if each.name == spec.name else each for each in profile.limits))


_CHANGES: dict[str, _Change] = {
    "timeframe": _set("timeframe", timeframe_ms),
    "leverage": _set("leverage", _whole),
    "max_positions": _set("max_positions", _whole),
    "stop": _set("stop", lambda value: Away(_ppm(value)), removable=True),
    "target": _set("target", lambda value: Away(_ppm(value)), removable=True),
    "min_rr": _set("min_rr_ppm", lambda value: int(_positive(value) * PPM), removable=True),
    "turnover_floor": _set("turnover_floor", int),
    "notional": _sized(SizeMode.NOTIONAL),
    "margin": _sized(SizeMode.MARGIN),
    "equity_margin": _sized(SizeMode.EQUITY_MARGIN),
    "equity_risk": _sized(SizeMode.EQUITY_RISK),
    "cooldown": _cooldown,
    "max_cost_share": _set("max_cost_share_ppm", _ppm, removable=True),
    "exchange_trail": _guarded("exchange_trail_ppm", _ppm),
    "breakeven": _guarded("breakeven_ppm", _ppm),
    "breakeven_profit": _guarded("breakeven_profit", lambda value: to_money(_positive(value))),
    "trail_from": _guarded("trail_from_ppm", _ppm),
    "trail_by": _guarded("trail_by_ppm", _ppm),
    "losing_after": _guarded("losing_after_ms", _hours),
    "max_age": _guarded("max_age_ms", _hours),
}
