"""Every setting of the desk: its type, default, meaning and what is allowed."""

from datetime import time
from decimal import Decimal
from pathlib import Path
from typing import Any

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from config.accounts import KEY, SECRET, AccountSpec, setting_of
from config.profiles import FileName, Hash, Parameters, ProfileSpec
from config.values import (
    AccountPreset,
    AdminIds,
    Amount,
    ApiCredential,
    BotToken,
    BybitEnv,
    DatabaseAddress,
    DeskMode,
    Env,
    Factor,
    Hour,
    HttpAddress,
    Level,
    LogLevel,
    Mode,
    Preset,
    SecondFactor,
    SecretAddress,
    SocketAddress,
    TimeOfDay,
    TimeZoneName,
    Window,
)

FILE_ONLY = frozenset(
    {"log_levels", "profiles", "limits", "bounds", "approval", "accounts", "strategies", "strategies_dir"}
)
# Not written as such: the keys of accounts have names that depend on the accounts.
COLLECTED = frozenset({"account_keys"})
_HTTP = "an address such as https://host:port"
_SOCKET = "an address such as wss://host/path"
_LEVELS = ", ".join(LogLevel)


def _setting(default: Any, about: str, allowed: str) -> Any:
    return Field(default, description=about, json_schema_extra={"allowed": allowed})


class Settings(BaseSettings):
    """One frozen value for the whole run; made by `config.load_settings`, never changed, swapped whole.

    Read secrets with `.get_secret_value()`, as late as possible.
    """

    model_config = SettingsConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True, validate_default=False)

    desk_name: str = Field(
        "main",
        pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,31}$",
        description="Name of this desk, shown in the chat and part of its order ids.",
        json_schema_extra={"allowed": "1 to 32 letters, digits, - or _"},
    )
    desk_mode: Mode = _setting(DeskMode.PAPER, "Where orders go.", ", ".join(DeskMode))
    desk_state_dir: Path = _setting(Path("state"), "Folder of everything that outlives the process.", "a folder")
    desk_timezone: TimeZoneName = _setting(
        "UTC", "Time zone of what people read and schedule.", "an IANA time zone such as Europe/Berlin"
    )
    initial_balance: Amount = _setting(Decimal(10000), "Starting balance of a paper account, in USDT.", "an amount > 0")
    daily_summary_at: TimeOfDay = _setting(time(0, 5), "When the daily summary is sent, in DESK_TIMEZONE.", "HH:MM")
    telegram_bot_token: BotToken | None = _setting(None, "The bot's token.", "the token as given by BotFather")
    telegram_admin_ids: AdminIds = _setting((), "Users who may do everything.", "Telegram user ids, comma-separated")
    telegram_api_url: HttpAddress = _setting("https://api.telegram.org", "The Bot API server.", _HTTP)
    bybit_env: Env | None = _setting(
        None, "Which of Bybit's worlds is used; follows DESK_MODE unless set (paper: live).", ", ".join(BybitEnv)
    )
    bybit_api_key: ApiCredential | None = _setting(None, "Key of the account.", "at least 8 visible characters")
    bybit_api_secret: ApiCredential | None = _setting(None, "Secret of the account.", "at least 8 visible characters")
    bybit_recv_window: Window = _setting(5_000, "How long a signed request stays valid, in ms.", "1000 to 60000")
    bybit_rest_url: HttpAddress | None = _setting(None, "REST server in place of Bybit's own.", _HTTP)
    bybit_ws_public_url: SocketAddress | None = _setting(None, "Public stream in place of Bybit's own.", _SOCKET)
    bybit_ws_private_url: SocketAddress | None = _setting(None, "Private stream in place of Bybit's own.", _SOCKET)
    allow_custom_hosts: bool = _setting(
        False, "Whether a key of Bybit's live world may be sent to hosts that are not Bybit's.", "0 or 1"
    )
    allow_live: bool = _setting(
        False, "Whether DESK_MODE=live may start; entries wait for /golive all the same.", "0 or 1"
    )
    second_factor: Factor = _setting(
        SecondFactor.LIVE,
        "Where a code of an authenticator is asked for before anything that adds risk: in live mode, or always.",
        ", ".join(SecondFactor),
    )
    database_url: DatabaseAddress | None = _setting(
        None,
        "The database; SQLite in DESK_STATE_DIR unless set.",
        "sqlite+aiosqlite:///PATH or postgresql+asyncpg://USER:PASSWORD@HOST/NAME",
    )
    alert_url: SecretAddress | None = _setting(
        None, "Called with POST when the desk stops, cannot alert, or waits to start.", _HTTP
    )
    heartbeat_url: SecretAddress | None = _setting(None, "Called while the desk is well (dead man's switch).", _HTTP)
    log_level: Level = _setting(LogLevel.INFO, "How much is logged.", _LEVELS)
    log_levels: dict[str, Level] = Field(
        default_factory=dict,
        description="Level by module, such as engine.live: DEBUG. In desk.yaml only.",
        json_schema_extra={"allowed": _LEVELS},
    )
    profiles: tuple[ProfileSpec, ...] = Field(
        (),
        description="Profiles: name, strategy, preset, symbols, params, settings, limits, bounds, approval. "
        "In desk.yaml only.",
        json_schema_extra={"allowed": "a list of profiles"},
    )
    limits: Parameters = Field(
        default_factory=dict,
        description="Limits of every account by name. In desk.yaml only.",
        json_schema_extra={"allowed": "a mapping of limit names to values"},
    )
    bounds: Parameters = Field(
        default_factory=dict,
        description="How loose the chat may make a limit of every account, by name. In desk.yaml only.",
        json_schema_extra={"allowed": "a mapping of limit names to values"},
    )
    approval: Parameters = Field(
        default_factory=dict,
        description="Which emergency limits of every account ask first, by name. In desk.yaml only.",
        json_schema_extra={"allowed": "a mapping of limit names to auto, ask, or the seconds of silence"},
    )
    account_preset: Preset = _setting(
        AccountPreset.STANDARD,
        "Loss limits of the account: standard (day -10, week -15, peak -25 %) or prop (-4, -8, -10 %).",
        ", ".join(AccountPreset),
    )
    day_reset_hour: Hour = _setting(0, "Hour, in UTC, at which the day of the account's limits begins.", "0 to 23")
    max_mark_gap: Decimal = Field(
        Decimal(1),
        gt=0,
        le=10,
        description="No entry while the last price is further from the mark than so many percent.",
        json_schema_extra={"allowed": "above 0, up to 10"},
    )
    guard_orders_a_minute: int = Field(
        60,
        ge=1,
        le=600,
        description="Runaway guard: so many entry orders within a minute are the most before everything is halted.",
        json_schema_extra={"allowed": "1 to 600"},
    )
    guard_notional_a_day: int = Field(
        100,
        ge=1,
        le=10_000,
        description="Runaway guard: the most that may be entered in a UTC day, as a multiple of the account's equity.",
        json_schema_extra={"allowed": "1 to 10000"},
    )
    accounts: tuple[AccountSpec, ...] = Field(
        (),
        description="Accounts with keys of their own: name, profiles, symbols, record, recv_window. In desk.yaml only.",
        json_schema_extra={"allowed": "a list of accounts"},
    )
    account_keys: dict[str, ApiCredential] = Field(default_factory=dict, description="Keys of accounts by setting.")

    strategies_dir: Path | None = _setting(
        None, "Folder of your own strategies, writable by the desk's user alone. In desk.yaml only.", "a folder"
    )
    strategies: dict[FileName, Hash] = Field(
        default_factory=dict,
        description="The sha256 of each file in STRATEGIES_DIR that may run. In desk.yaml only.",
        json_schema_extra={"allowed": "a mapping of file names to hashes"},
    )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Only what `load_settings` hands over: it merges the sources, and so can name each one in a mistake."""
        return (init_settings,)

    @property
    def bybit_world(self) -> BybitEnv:
        """The Bybit world in use: as set, else the one of DESK_MODE; paper trading reads the live world's prices."""
        if self.bybit_env is not None:
            return self.bybit_env
        return BybitEnv.LIVE if self.desk_mode is DeskMode.PAPER else BybitEnv(self.desk_mode)

    @property
    def database(self) -> str:
        """The SQLAlchemy address in use, with its password: never to be logged."""
        if self.database_url is not None:
            return self.database_url.get_secret_value()
        return f"sqlite+aiosqlite:///{self.desk_state_dir / 'desk.db'}"

    def of_account(self, account: AccountSpec) -> "Settings":
        """These settings as if the account were the only one: its name, its key, a state folder of its own; the
        database stays the one of all accounts.
        """
        mode = self.desk_mode.value
        own: dict[str, Any] = {
            "desk_name": account.name,
            "database_url": SecretStr(self.database),
            "desk_state_dir": self.desk_state_dir / "accounts" / account.name,
            "bybit_api_key": self.account_keys.get(setting_of(account.name, mode, KEY)),
            "bybit_api_secret": self.account_keys.get(setting_of(account.name, mode, SECRET)),
            "bybit_recv_window": account.recv_window,
            "accounts": (account,),
            "account_preset": account.preset or self.account_preset,
            "day_reset_hour": self.day_reset_hour if account.day_reset_hour is None else account.day_reset_hour,
        }
        return self.model_copy(update=own)

    def each_account(self) -> tuple["Settings", ...]:
        """The settings of every account as if it were alone; without accounts these themselves."""
        return tuple(self.of_account(account) for account in self.accounts) or (self,)

    @property
    def needs_second_factor(self) -> bool:
        """Whether what adds risk needs a code of an authenticator."""
        return self.desk_mode is DeskMode.LIVE or self.second_factor is SecondFactor.ALWAYS

    def secrets(self) -> tuple[str, ...]:
        """Every secret value held, for the redaction of logs."""
        values = (*(getattr(self, name) for name in type(self).model_fields), *self.account_keys.values())
        return tuple(value.get_secret_value() for value in values if isinstance(value, SecretStr))


def is_secret(name: str) -> bool:
    """True where the setting of that field name holds a secret: never shown, and to be had from a file (NAME_FILE)."""
    return name not in COLLECTED and "SecretStr" in repr(Settings.model_fields[name].annotation)
