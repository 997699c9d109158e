"""The written reference of the settings says what the code does."""

import re
from pathlib import Path

import pytest

from config import load_settings
from config.reference import example_env, settings_page, write_reference
from config.settings import COLLECTED, FILE_ONLY, Settings, is_secret

_ROOT = Path(__file__).resolve().parents[3]


@pytest.mark.parametrize(("file", "text"), [("docs/settings.md", settings_page()), (".env.example", example_env())])
def test_the_written_files_are_up_to_date(file: str, text: str) -> None:
    assert (_ROOT / file).read_text(encoding="utf-8") == text, "run: make docs"


def test_the_example_names_every_setting_of_the_environment() -> None:
    expected = {name.upper() for name in Settings.model_fields if name not in FILE_ONLY | COLLECTED}
    expected |= {f"{name.upper()}_FILE" for name in Settings.model_fields if is_secret(name)}
    assert set(re.findall(r"^# ([A-Z_]+)=", example_env(), re.MULTILINE)) == expected


def test_the_example_with_every_line_in_force_is_valid(place: Path) -> None:
    lines = example_env().splitlines()
    in_force = [re.sub(r"^# (?=[A-Z_]+=)", "", line) for line in lines]
    (place / ".env").write_text("\n".join(in_force))
    assert load_settings() == Settings()


def test_the_secrets_are_known_as_such() -> None:
    secrets = {name for name in Settings.model_fields if is_secret(name)}
    assert secrets == {
        "telegram_bot_token",
        "bybit_api_key",
        "bybit_api_secret",
        "database_url",
        "alert_url",
        "heartbeat_url",
    }


def test_both_files_are_written_below_the_root(tmp_path: Path) -> None:
    write_reference(tmp_path)
    assert (tmp_path / "docs" / "settings.md").read_text() == settings_page()
    assert (tmp_path / ".env.example").read_text() == example_env()
