"""Merge command line, environment, .env and desk.yaml into Settings, finding every mistake in one reading."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError
from pydantic_settings import DotEnvSettingsSource, EnvSettingsSource

from config.errors import Mistake, SettingsError
from config.settings import FILE_ONLY, Settings, is_secret
from config.values import BybitEnv

_OWN_PREFIXES = ("desk_", "telegram_", "bybit_")
_FILE = "_file"
_ACCOUNT_MODES = frozenset(BybitEnv)


@dataclass(frozen=True, slots=True)
class _Layer:
    source: str
    values: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class _Found:
    value: Any
    source: str


def load_settings(
    *,
    config: Path | None = None,
    env_file: Path = Path(".env"),
    overrides: Mapping[str, object] | None = None,
    required: Collection[str] = (),
) -> Settings:
    """The settings of this run: command line (`overrides`) > environment > .env > desk.yaml > default.

    `config` is the desk.yaml; without it ./desk.yaml is read if present. `overrides` and `required` go by field name
    (`desk_mode`); overrides that are None are ignored. Empty values count as not set. Raises SettingsError with every
    mistake at once.
    """
    mistakes: list[Mistake] = []
    layers = [
        _Layer("command line", {key: value for key, value in (overrides or {}).items() if value is not None}),
        _Layer("environment", EnvSettingsSource(Settings).env_vars),
        _Layer(str(env_file), _read_env_file(env_file, mistakes)),
        _read_desk_yaml(config, mistakes),
    ]
    mistakes.extend(_unknown_keys(layers))
    found = dict(_found_values(layers, mistakes))
    settings, invalid = _validated(found)
    mistakes.extend(invalid)
    mistakes.extend(_contradictions(found))
    mistakes.extend(_missing(name, "required here and not set") for name in required if name not in found)
    if settings is None or mistakes:
        raise SettingsError(list(dict.fromkeys(mistakes)))
    return settings


def _read_env_file(path: Path, mistakes: list[Mistake]) -> Mapping[str, Any]:
    try:
        return DotEnvSettingsSource(Settings, env_file=path, env_file_encoding="utf-8").env_vars
    except (OSError, UnicodeDecodeError) as error:
        mistakes.append(Mistake(key=str(path), source="file", problem=f"cannot be read: {error}"))
        return {}


def _read_desk_yaml(config: Path | None, mistakes: list[Mistake]) -> _Layer:
    path = config or Path("desk.yaml")
    if config is None and not path.exists():
        return _Layer(str(path), {})
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        mistakes.append(Mistake(key=str(path), source="file", problem=f"cannot be read: {error.strerror}"))
        return _Layer(str(path), {})
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        mistakes.append(Mistake(key=str(path), source="file", problem=f"is not valid YAML: {_yaml_place(error)}"))
        return _Layer(str(path), {})
    if content is not None and not isinstance(content, dict):
        mistakes.append(Mistake(key=str(path), source="file", problem="must hold a mapping of settings at its top"))
        content = None
    return _Layer(str(path), {str(key).lower(): value for key, value in (content or {}).items()})


def _yaml_place(error: Exception) -> str:
    # The library's own text quotes the line, which may hold a secret.
    mark = getattr(error, "problem_mark", None)
    return "unreadable text" if mark is None else f"line {mark.line + 1}, column {mark.column + 1}"


def _unknown_keys(layers: Sequence[_Layer]) -> Iterator[Mistake]:
    known = set(Settings.model_fields) | {name + _FILE for name in Settings.model_fields if is_secret(name)}
    for position, layer in enumerate(layers):
        of_a_file = position == len(layers) - 1
        for key in layer.values:
            if key in known or not (of_a_file or key.startswith(_OWN_PREFIXES)):
                continue
            close = get_close_matches(key, known, n=1)
            hint = f"; did you mean {close[0].upper()}?" if close else ""
            yield Mistake(key=key.upper(), source=layer.source, problem=f"no such setting{hint}")


def _found_values(layers: Sequence[_Layer], mistakes: list[Mistake]) -> Iterator[tuple[str, _Found]]:
    for name in Settings.model_fields:
        for layer in layers[-1:] if name in FILE_ONLY else layers:
            found = _found_in(layer, name, mistakes)
            if found is not None:
                yield name, found
                break


def _found_in(layer: _Layer, name: str, mistakes: list[Mistake]) -> _Found | None:
    value = layer.values.get(name)
    path = layer.values.get(name + _FILE) if is_secret(name) else None
    if path in (None, ""):
        return None if value in (None, "") else _Found(value, layer.source)
    key = (name + _FILE).upper()
    if value not in (None, ""):
        problem = f"{name.upper()} is set as well: keep one of the two"
        mistakes.append(Mistake(key=key, source=layer.source, problem=problem))
    try:
        content = Path(str(path)).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError):
        content = ""
    if not content:
        problem = "the file is absent, unreadable or empty"
        mistakes.append(Mistake(key=key, source=layer.source, value=repr(str(path)), problem=problem))
        return None
    return _Found(content, f"{layer.source}, {key}")


def _validated(found: Mapping[str, _Found]) -> tuple[Settings | None, list[Mistake]]:
    try:
        settings = Settings(**{name: item.value for name, item in found.items()})
    except ValidationError as error:
        return None, [_from_pydantic(item, found) for item in error.errors(include_url=False)]
    names = [profile.name for profile in settings.profiles]
    twice = sorted({name for name in names if names.count(name) > 1})
    problem = "this profile name is used more than once"
    return settings, [
        Mistake(key="PROFILES", source=found["profiles"].source, value=repr(name), problem=problem) for name in twice
    ]


def _from_pydantic(error: Mapping[str, Any], found: Mapping[str, _Found]) -> Mistake:
    name, *inner = error["loc"]
    steps = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in inner)
    extra = Settings.model_fields[name].json_schema_extra
    return Mistake(
        key=f"{name.upper()}{steps}",
        source=found[name].source,
        value=None if is_secret(name) or error["type"] == "missing" else repr(error["input"]),
        problem=error["msg"].removeprefix("Value error, "),
        allowed=str(extra["allowed"]) if isinstance(extra, dict) and not inner else None,
    )


def _contradictions(found: Mapping[str, _Found]) -> Iterator[Mistake]:
    mode = str(found["desk_mode"].value).strip().lower() if "desk_mode" in found else "paper"
    needed: tuple[str, ...] = ()
    if mode in _ACCOUNT_MODES:
        needed = ("bybit_api_key", "bybit_api_secret")
        world = found.get("bybit_env")
        if world is not None and str(world.value).strip().lower() != mode:
            yield Mistake(
                key="BYBIT_ENV",
                source=world.source,
                value=repr(str(world.value)),
                problem=f"contradicts DESK_MODE={mode}",
                allowed=f"{mode}, or not set",
            )
    if ("bybit_api_key" in found) != ("bybit_api_secret" in found):
        needed = ("bybit_api_key", "bybit_api_secret")
    for name in needed:
        if name not in found:
            reason = f"needed with DESK_MODE={mode}" if mode in _ACCOUNT_MODES else "key and secret go together"
            yield _missing(name, reason)


def _missing(name: str, problem: str) -> Mistake:
    return Mistake(key=name.upper(), source="not set", problem=problem)
