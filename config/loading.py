"""Merge command line, environment, .env and desk.yaml into Settings, finding every mistake in one reading."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import yaml
from pydantic import SecretStr, TypeAdapter, ValidationError
from pydantic_settings import DotEnvSettingsSource, EnvSettingsSource

from config.accounts import allowed_of, credential_names, missing_credentials, mistakes_of
from config.errors import Mistake, SettingsError
from config.settings import COLLECTED, FILE_ONLY, Settings, is_secret
from config.values import ApiCredential, BybitEnv

_OWN_PREFIXES = ("desk_", "telegram_", "bybit_")
_FILE = "_file"
_ACCOUNT_MODES = frozenset(BybitEnv)
_PAIR = ("bybit_api_key", "bybit_api_secret")
_CREDENTIAL: TypeAdapter[SecretStr] = TypeAdapter(ApiCredential)


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
    credentials = credential_names(layers[-1].values.get("accounts"))
    mistakes.extend(_unknown_keys(layers, credentials))
    found = dict(_found_values(layers, mistakes))
    keys = _account_keys(layers, credentials, mistakes)
    settings, invalid = _validated(found, keys)
    mistakes.extend(invalid)
    mistakes.extend(_contradictions(found))
    if settings is not None and settings.accounts:
        mistakes.extend(_account_mistakes(settings, found))
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


def _unknown_keys(layers: Sequence[_Layer], credentials: Sequence[str]) -> Iterator[Mistake]:
    secret = [*credentials, *(name for name in Settings.model_fields if is_secret(name))]
    known = {*Settings.model_fields, *secret, *(name + _FILE for name in secret)} - COLLECTED
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
        if name in COLLECTED:
            continue
        found = _first(layers[-1:] if name in FILE_ONLY else layers, name, mistakes, secret=is_secret(name))
        if found is not None:
            yield name, found


def _first(layers: Sequence[_Layer], name: str, mistakes: list[Mistake], *, secret: bool) -> _Found | None:
    found = (_found_in(layer, name, mistakes, secret=secret) for layer in layers)
    return next((item for item in found if item is not None), None)


def _account_keys(layers: Sequence[_Layer], names: Sequence[str], mistakes: list[Mistake]) -> dict[str, SecretStr]:
    keys: dict[str, SecretStr] = {}
    for name in names:
        found = _first(layers, name, mistakes, secret=True)
        if found is None:
            continue
        try:
            keys[name] = _CREDENTIAL.validate_python(found.value)
        except ValidationError:
            allowed = "at least 8 visible characters"
            mistakes.append(Mistake(key=name.upper(), source=found.source, problem="not a key", allowed=allowed))
            keys[name] = SecretStr("")
    return keys


def _account_mistakes(settings: Settings, found: Mapping[str, _Found]) -> Iterator[Mistake]:
    yield from mistakes_of(settings.accounts, settings.profiles, found["accounts"].source)
    for name, why in missing_credentials(settings.accounts, settings.account_keys, settings.desk_mode.value):
        yield _missing(name, why)
    owners: dict[str, str] = {}
    for name, key in settings.account_keys.items():
        other = owners.setdefault(key.get_secret_value() or name, name)
        if other != name and name.endswith("_api_key"):
            yield Mistake(key=name.upper(), source="accounts", problem=f"is the same key as {other.upper()}")


def _found_in(layer: _Layer, name: str, mistakes: list[Mistake], *, secret: bool) -> _Found | None:
    value = layer.values.get(name)
    path = layer.values.get(name + _FILE) if secret else None
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


def _validated(found: Mapping[str, _Found], keys: Mapping[str, SecretStr]) -> tuple[Settings | None, list[Mistake]]:
    try:
        settings = Settings(**{name: item.value for name, item in found.items()})
    except ValidationError as error:
        return None, [_from_pydantic(item, found) for item in error.errors(include_url=False)]
    names = [profile.name for profile in settings.profiles]
    twice = sorted({name for name in names if names.count(name) > 1})
    problem = "this profile name is used more than once"
    # Keys were judged one by one, so that a mistake names the setting and not this collection of them.
    return settings.model_copy(update={"account_keys": dict(keys)}), [
        Mistake(key="PROFILES", source=found["profiles"].source, value=repr(name), problem=problem) for name in twice
    ]


def _from_pydantic(error: Mapping[str, Any], found: Mapping[str, _Found]) -> Mistake:
    name, *inner = error["loc"]
    steps = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in inner)
    extra = Settings.model_fields[name].json_schema_extra
    allowed = str(extra["allowed"]) if isinstance(extra, dict) and not inner else None
    if name == "accounts" and len(inner) > 1:
        allowed = allowed_of(str(inner[1]))
    return Mistake(
        key=f"{name.upper()}{steps}",
        source=found[name].source,
        value=None if is_secret(name) or error["type"] == "missing" else repr(error["input"]),
        problem=error["msg"].removeprefix("Value error, "),
        allowed=allowed,
    )


def _contradictions(found: Mapping[str, _Found]) -> Iterator[Mistake]:
    mode = str(found["desk_mode"].value).strip().lower() if "desk_mode" in found else "paper"
    needed: tuple[str, ...] = ()
    if "accounts" in found:
        yield from _shadowed(found)
    if mode in _ACCOUNT_MODES:
        needed = () if "accounts" in found else _PAIR
        world = found.get("bybit_env")
        if world is not None and str(world.value).strip().lower() != mode:
            yield Mistake(
                key="BYBIT_ENV",
                source=world.source,
                value=repr(str(world.value)),
                problem=f"contradicts DESK_MODE={mode}",
                allowed=f"{mode}, or not set",
            )
    if ("bybit_api_key" in found) != ("bybit_api_secret" in found) and "accounts" not in found:
        needed = _PAIR
    for name in needed:
        if name not in found:
            reason = f"needed with DESK_MODE={mode}" if mode in _ACCOUNT_MODES else "key and secret go together"
            yield _missing(name, reason)


def _shadowed(found: Mapping[str, _Found]) -> Iterator[Mistake]:
    # Silently leaving a key aside would let somebody believe that it is in use.
    for name in (*_PAIR, "bybit_recv_window"):
        if name in found:
            problem = "is not used beside accounts: each account has its own"
            yield Mistake(key=name.upper(), source=found[name].source, problem=problem, allowed="not set")


def _missing(name: str, problem: str) -> Mistake:
    return Mistake(key=name.upper(), source="not set", problem=problem)
