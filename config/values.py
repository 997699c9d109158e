"""The kinds of value a setting can have: each parser refuses what the desk could not work with."""

import re
from collections.abc import Callable
from datetime import time
from decimal import Decimal
from enum import StrEnum
from typing import Annotated
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator as After
from pydantic import BeforeValidator, Field, PlainValidator, SecretStr

_MINUTES_PER_DAY = 24 * 60

type Scalar = bool | int | Decimal | str
type ScalarOrList = Scalar | tuple[Scalar, ...]


class DeskMode(StrEnum):
    """Where orders go: a simulated exchange, or one of Bybit's three worlds."""

    PAPER = "paper"
    DEMO = "demo"
    TESTNET = "testnet"
    LIVE = "live"


class BybitEnv(StrEnum):
    """Which of Bybit's worlds market data and accounts come from."""

    DEMO = "demo"
    TESTNET = "testnet"
    LIVE = "live"


class SecondFactor(StrEnum):
    """Where a code of an authenticator is asked for: in live mode, or always."""

    LIVE = "live"
    ALWAYS = "always"


class AccountPreset(StrEnum):
    """Which loss limits an account begins with: the usual ones, or those of a funded trader."""

    STANDARD = "standard"
    PROP = "prop"


class LogLevel(StrEnum):
    """How much is logged, from everything to next to nothing."""

    TRACE = "TRACE"
    DEBUG = "DEBUG"
    INFO = "INFO"
    WARNING = "WARNING"
    ERROR = "ERROR"
    CRITICAL = "CRITICAL"


def _lowered(value: object) -> object:
    return value.strip().lower() if isinstance(value, str) else value


def _uppered(value: object) -> object:
    return value.strip().upper() if isinstance(value, str) else value


def _check_timezone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ValueError("no such time zone") from error
    return value


def _parse_admin_ids(value: object) -> tuple[int, ...]:
    parts: list[object]
    if isinstance(value, str):
        parts = [part.strip() for part in value.split(",") if part.strip()]
    else:
        parts = list(value) if isinstance(value, list | tuple) else [value]
    if not all(re.fullmatch(r"[1-9]\d{0,15}", str(part)) for part in parts):
        raise ValueError("not a list of Telegram user ids")
    return tuple(dict.fromkeys(int(str(part)) for part in parts))


def _parse_clock(value: object) -> time:
    # YAML 1.1 reads an unquoted 12:30 as the base-60 number 750.
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < _MINUTES_PER_DAY:
        return time(value // 60, value % 60)
    if isinstance(value, time):
        return value
    match = re.fullmatch(r"([01]\d|2[0-3]):([0-5]\d)", str(value))
    if match is None:
        raise ValueError("not a time of day")
    return time(int(match[1]), int(match[2]))


def _parse_amount(value: object) -> Decimal:
    text = str(value)
    if isinstance(value, bool) or not re.fullmatch(r"\d{1,15}(\.\d{1,8})?", text) or Decimal(text) == 0:
        raise ValueError("not a positive amount")
    return Decimal(text)


def _parse_scalar(value: object) -> Scalar:
    if isinstance(value, float):
        number = Decimal(str(value))
        if not number.is_finite():
            raise ValueError("not a finite number")
        return number
    if isinstance(value, bool | int | Decimal | str):
        return value
    raise ValueError("not a number, a text or true/false")


def _parse_scalars(value: object) -> ScalarOrList:
    if isinstance(value, list | tuple):
        return tuple(_parse_scalar(part) for part in value)
    return _parse_scalar(value)


def _url_check(*schemes: str) -> Callable[[str], str]:
    def check(value: str) -> str:
        parts = urlsplit(value)
        if parts.scheme not in schemes or not parts.hostname or re.search(r"\s", value):
            raise ValueError("not such an address")
        return value.rstrip("/")

    return check


def _secret_check(pattern: str, problem: str) -> Callable[[SecretStr], SecretStr]:
    def check(value: SecretStr) -> SecretStr:
        if re.fullmatch(pattern, value.get_secret_value()) is None:
            raise ValueError(problem)
        return value

    return check


Mode = Annotated[DeskMode, BeforeValidator(_lowered)]
Env = Annotated[BybitEnv, BeforeValidator(_lowered)]
Factor = Annotated[SecondFactor, BeforeValidator(_lowered)]
Preset = Annotated[AccountPreset, BeforeValidator(_lowered)]
Level = Annotated[LogLevel, BeforeValidator(_uppered)]
TimeZoneName = Annotated[str, After(_check_timezone)]
AdminIds = Annotated[tuple[int, ...], PlainValidator(_parse_admin_ids)]
TimeOfDay = Annotated[time, PlainValidator(_parse_clock)]
Window = Annotated[int, Field(ge=1_000, le=60_000)]
Hour = Annotated[int, Field(ge=0, le=23)]
Amount = Annotated[Decimal, PlainValidator(_parse_amount)]
Parameter = Annotated[ScalarOrList, PlainValidator(_parse_scalars)]
HttpAddress = Annotated[str, After(_url_check("http", "https"))]
SocketAddress = Annotated[str, After(_url_check("ws", "wss"))]
BotToken = Annotated[SecretStr, After(_secret_check(r"\d{1,20}:[A-Za-z0-9_-]{20,}", "not a bot token"))]
ApiCredential = Annotated[SecretStr, After(_secret_check(r"[!-~]{8,}", "not a key"))]
SecretAddress = Annotated[SecretStr, After(_secret_check(r"https?://[^\s/]+\S*", "not such an address"))]
DatabaseAddress = Annotated[
    SecretStr, After(_secret_check(r"(sqlite\+aiosqlite:///|postgresql\+asyncpg://)\S+", "not such an address"))
]
