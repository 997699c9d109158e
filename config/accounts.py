"""Accounts in desk.yaml: their shape, the names of their keys, and what does not fit together in them."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from config.errors import Mistake
from config.profiles import Name, ProfileSpec, Symbol
from config.values import AccountPreset, BybitEnv, Hour, Preset, Window

KEY, SECRET = "api_key", "api_secret"
_PARTS = (KEY, SECRET)
_SYMBOLS = "symbols such as BTCUSDT"


def _field(default: Any, about: str, allowed: str) -> Any:
    return Field(default, description=about, json_schema_extra={"allowed": allowed})


class AccountSpec(BaseModel):
    """One account as written. `symbols`, when given, is all that it trades; `record` is fed to it, but never traded."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=False)

    name: Name = Field(
        description="Its name, in every message and in the names of its keys.",
        json_schema_extra={"allowed": "1 to 32 letters, digits, - or _"},
    )
    recv_window: Window = _field(5_000, "How long a signed request stays valid, in ms.", "1000 to 60000")
    profiles: tuple[Name, ...] = _field((), "The profiles that trade on it.", "names of profiles")
    symbols: tuple[Symbol, ...] = _field((), "The symbols it trades; without them those of its profiles.", _SYMBOLS)
    preset: Preset | None = _field(None, "Its loss limits, in place of ACCOUNT_PRESET.", ", ".join(AccountPreset))
    day_reset_hour: Hour | None = _field(None, "When its day begins, in place of DAY_RESET_HOUR.", "0 to 23")
    record: tuple[Symbol, ...] = _field((), "Symbols it only watches: candles and charts, no trades.", _SYMBOLS)


def allowed_of(field: str) -> str | None:
    """What is allowed in a field of an account; for a field that does not exist, the fields that do."""
    known = AccountSpec.model_fields
    if field not in known:
        return ", ".join(known)
    extra = known[field].json_schema_extra
    return str(extra["allowed"]) if isinstance(extra, dict) else None


def setting_of(account: str, mode: str, part: str) -> str:
    """The name of the setting that holds the `part` (api_key, api_secret) of an account's key in a mode."""
    return f"bybit_{_slug(account)}_{mode}_{part}"


def credential_names(written: object) -> tuple[str, ...]:
    """Every setting that may hold a key of the accounts as written, whatever else is wrong with them."""
    rows = written if isinstance(written, list) else []
    names = [row.get("name") for row in rows if isinstance(row, dict)]
    slugs = dict.fromkeys(name for name in names if isinstance(name, str) and name)
    return tuple(setting_of(name, mode, part) for name in slugs for mode in BybitEnv for part in _PARTS)


def mistakes_of(accounts: Sequence[AccountSpec], profiles: Sequence[ProfileSpec], source: str) -> Iterator[Mistake]:
    """What does not fit together in accounts that can be read one by one."""
    seen: dict[str, str] = {}
    for number, account in enumerate(accounts):
        slug = _slug(account.name)
        if slug in seen:
            problem = f"its keys would have the same names as those of account {seen[slug]!r}"
            yield _mistake(number, "name", account.name, problem, "names that differ in letters and digits", source)
        seen.setdefault(slug, account.name)
        yield from _profile_mistakes(number, account, [profile.name for profile in profiles], source)
        for symbol in sorted(set(account.symbols) & set(account.record)):
            problem = "is traded and only recorded at once"
            yield _mistake(number, "record", symbol, problem, "symbols that are not in symbols", source)
    assigned = {name for account in accounts for name in account.profiles}
    for profile in profiles:
        if profile.name not in assigned:
            names = ", ".join(account.name for account in accounts)
            problem, allowed = "no account trades this profile", f"name it in the profiles of an account: {names}"
            yield Mistake(key="PROFILES", source=source, value=repr(profile.name), problem=problem, allowed=allowed)


def _profile_mistakes(number: int, account: AccountSpec, known: list[str], source: str) -> Iterator[Mistake]:
    for name in sorted({name for name in account.profiles if account.profiles.count(name) > 1}):
        yield _mistake(number, "profiles", name, "is named more than once", "each profile once", source)
    for name in account.profiles:
        if known and name not in known:
            yield _mistake(number, "profiles", name, "no such profile", ", ".join(known), source)


def _mistake(number: int, field: str, value: str, problem: str, allowed: str, source: str) -> Mistake:
    key = f"ACCOUNTS[{number}].{field}"
    return Mistake(key=key, source=source, value=repr(value), problem=problem, allowed=allowed)


def missing_credentials(
    accounts: Sequence[AccountSpec], given: Mapping[str, object], mode: str
) -> Iterator[tuple[str, str]]:
    """Name the keys that are needed and not there, each with the reason."""
    for account in accounts:
        for world in BybitEnv:
            names = [setting_of(account.name, world, part) for part in _PARTS]
            here = [name for name in names if name in given]
            for name in names:
                if name in given:
                    continue
                if world == mode:
                    yield name, f"needed for account {account.name} with DESK_MODE={mode}"
                elif here:
                    yield name, "key and secret go together"


def _slug(name: str) -> str:
    return name.lower().replace("-", "_")
