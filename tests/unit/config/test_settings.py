"""Reading settings: precedence, files of secrets, shapes and derived values."""

from datetime import time
from decimal import Decimal
from pathlib import Path

import pytest
from pydantic import ValidationError

from config import BybitEnv, DeskMode, LogLevel, load_settings

_TOKEN = "123456:" + "t" * 35


def test_without_any_setting_the_desk_trades_on_paper(place: Path) -> None:
    settings = load_settings()
    assert settings.desk_mode is DeskMode.PAPER
    assert settings.bybit_world is BybitEnv.LIVE
    assert settings.desk_timezone == "UTC"
    assert settings.daily_summary_at == time(0, 5)
    assert settings.database == "sqlite+aiosqlite:///state/desk.db"
    assert settings.secrets() == ()
    assert not place.joinpath("state").exists()


@pytest.mark.parametrize(
    ("sources", "expected"),
    [("yaml", "yaml"), ("dotenv yaml", "dotenv"), ("env dotenv yaml", "env"), ("cli env dotenv yaml", "cli")],
)
def test_the_strongest_source_wins(place: Path, monkeypatch: pytest.MonkeyPatch, sources: str, expected: str) -> None:
    present = sources.split()
    if "yaml" in present:
        (place / "desk.yaml").write_text("desk_name: yaml")
    if "dotenv" in present:
        (place / ".env").write_text("DESK_NAME=dotenv\n")
    if "env" in present:
        monkeypatch.setenv("DESK_NAME", "env")
    overrides = {"desk_name": "cli" if "cli" in present else None}
    assert load_settings(overrides=overrides).desk_name == expected


def test_an_empty_value_counts_as_not_set(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (place / ".env").write_text("DESK_NAME=two\nTELEGRAM_BOT_TOKEN=\n")
    monkeypatch.setenv("DESK_NAME", "")
    settings = load_settings()
    assert (settings.desk_name, settings.telegram_bot_token) == ("two", None)


def test_a_secret_can_be_kept_in_a_file(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (place / "token").write_text(f"{_TOKEN}\n")
    monkeypatch.setenv("TELEGRAM_BOT_TOKEN_FILE", str(place / "token"))
    settings = load_settings()
    assert settings.telegram_bot_token is not None
    assert settings.telegram_bot_token.get_secret_value() == _TOKEN
    assert settings.secrets() == (_TOKEN,)
    assert _TOKEN not in repr(settings)


def test_a_secret_file_in_the_environment_beats_a_value_in_a_weaker_source(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (place / "token").write_text(_TOKEN)
    (place / ".env").write_text(f"TELEGRAM_BOT_TOKEN=9{_TOKEN}\n")
    monkeypatch.setenv("TELEGRAM_BOT_TOKEN_FILE", "token")
    assert load_settings().secrets() == (_TOKEN,)


@pytest.mark.parametrize(("text", "expected"), [("7", (7,)), ("7, 8,7", (7, 8)), ("[7, 8]", (7, 8))])
def test_admins_are_a_list_of_user_ids(place: Path, text: str, expected: tuple[int, ...]) -> None:
    (place / "desk.yaml").write_text(f"telegram_admin_ids: {text}")
    assert load_settings().telegram_admin_ids == expected


@pytest.mark.parametrize("text", ["12:30", '"12:30"'])
def test_a_time_of_day_may_be_written_without_quotes_in_yaml(place: Path, text: str) -> None:
    (place / "desk.yaml").write_text(f"daily_summary_at: {text}")
    assert load_settings().daily_summary_at == time(12, 30)


def test_profiles_keep_fractions_exact(place: Path) -> None:
    text = """
    limits: {max_open_positions: 3}
    profiles:
      - {name: majors, strategy: rules8, preset: cft, symbols: [BTCUSDT], params: {stop_pct: 0.1, targets: [0.5, 1]}}
    """
    (place / "other.yaml").write_text(text)
    settings = load_settings(config=place / "other.yaml")
    (profile,) = settings.profiles
    assert (profile.name, profile.preset, profile.symbols) == ("majors", "cft", ("BTCUSDT",))
    assert profile.params == {"stop_pct": Decimal("0.1"), "targets": (Decimal("0.5"), 1)}
    assert settings.limits == {"max_open_positions": 3}


def test_the_world_of_bybit_follows_the_mode(place: Path) -> None:
    keys = "BYBIT_API_KEY=abcdefgh\nBYBIT_API_SECRET=ijklmnop\n"
    (place / ".env").write_text(f"DESK_MODE=Live\n{keys}")
    assert load_settings().bybit_world is BybitEnv.LIVE
    (place / ".env").write_text("DESK_MODE=paper\nBYBIT_ENV=testnet\n")
    assert load_settings().bybit_world is BybitEnv.TESTNET


def test_levels_of_modules_come_from_the_file(place: Path) -> None:
    (place / "desk.yaml").write_text("LOG_LEVEL: warning\nlog_levels: {engine.live: trace}")
    settings = load_settings()
    assert settings.log_level is LogLevel.WARNING
    assert settings.log_levels == {"engine.live": LogLevel.TRACE}


def test_settings_cannot_be_changed(place: Path) -> None:
    settings = load_settings()
    with pytest.raises(ValidationError, match="frozen"):
        settings.desk_name = "other"
    assert place.is_dir()


def test_the_database_address_is_used_as_set(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql+asyncpg://desk:pass-word@db/desk")
    settings = load_settings()
    assert settings.database == "postgresql+asyncpg://desk:pass-word@db/desk"
    assert settings.secrets() == (settings.database,)
    assert "pass-word" not in repr(settings)
    assert place.is_dir()
