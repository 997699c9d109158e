"""Settings of a run given as `name=value`: parameters of the strategy, rules of the profile, its limits."""

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal, InvalidOperation
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from engine.backtest.request import BacktestError
from engine.core.money import percent_to_ppm, to_money
from engine.core.profile import LimitSpec, Profile
from engine.core.strategy import Strategy
from engine.plan import check_needs
from engine.profile_settings import SETTINGS, check_rules
from engine.profile_settings import changed as with_settings
from engine.strategies.parameters import Parameter
from engine.strategies.parameters import parameters as declared
from engine.strategies.registry import build, known_parameters
from engine.user_strategies import Guarded, Source, StrategyFileError, build_user, read_source


def changed(profile: Profile, settings: Mapping[str, Any]) -> Profile:
    """Return a profile with settings of its own (`stop`, `notional`, `max_age` …); raises BacktestError, a ValueError,
    that names the setting.
    """
    try:
        return with_settings(profile, settings)
    except ValueError as error:
        raise BacktestError(str(error)) from error


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
            elif name in SETTINGS:
                profile = changed(profile, {name: value})
            elif name in limits:
                profile = _with_limit(profile, limits[name], value)
            else:
                raise _unknown(name, [*known, *SETTINGS, *limits])
        except BacktestError:
            raise
        except InvalidOperation as error:
            raise BacktestError(f"setting {name}: {value!r} is not a number") from error
        except (ValueError, OverflowError) as error:
            raise BacktestError(f"setting {name}: {value!r} cannot be used ({error})") from error
        given[name] = value
    try:
        strategy = build(profile.strategy, parameters) if source is None else Guarded(source, parameters)
        check_needs(strategy)
        check_rules(profile, strategy)
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


def _with_limit(profile: Profile, spec: LimitSpec, value: str) -> Profile:
    number = -abs(_positive(value.removeprefix("-")))
    changed = replace(spec, threshold=to_money(number) if spec.in_money else percent_to_ppm(number))
    return replace(profile, limits=tuple(changed if each.name == spec.name else each for each in profile.limits))
