"""Mistakes in the settings: all at once, with key, value and what is allowed, never a secret."""

from pathlib import Path
from typing import Any

import pytest

from config import SettingsError, load_settings

_KEYS = "BYBIT_API_KEY=abcdefgh\nBYBIT_API_SECRET=ijklmnop\n"


def _mistakes(**arguments: Any) -> SettingsError:
    with pytest.raises(SettingsError) as caught:
        load_settings(**arguments)
    return caught.value


def test_every_mistake_is_reported_at_once(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (place / "desk.yaml").write_text("daily_summary_at: noon\nprofile: []\nlog_levels: {engine: loud}")
    (place / ".env").write_text("DESK_MODE=liv\nDESK_MDOE=live\nINITIAL_BALANCE=-5\n")
    monkeypatch.setenv("DESK_TIMEZONE", "Mars/Olympus")
    error = _mistakes(required=["telegram_bot_token"])
    keys = {mistake.key for mistake in error.mistakes}
    expected = {"DAILY_SUMMARY_AT", "PROFILE", "LOG_LEVELS.engine", "DESK_MODE", "DESK_MDOE", "INITIAL_BALANCE"}
    assert keys == expected | {"DESK_TIMEZONE", "TELEGRAM_BOT_TOKEN"}
    text = str(error)
    assert text.startswith("8 mistakes in the settings:\n")
    assert "DESK_MODE = 'liv' (.env)" in text
    assert "allowed: paper, demo, testnet, live" in text
    assert "no such setting; did you mean DESK_MODE?" in text
    assert "DESK_TIMEZONE = 'Mars/Olympus' (environment): no such time zone" in text


@pytest.mark.parametrize(
    "values",
    [
        {"TELEGRAM_BOT_TOKEN": "sesame-open"},
        {"BYBIT_API_KEY": "sesame open", "BYBIT_API_SECRET": "sesame open"},
        {"DATABASE_URL": "mysql://sesame@db/x"},
        {"ALERT_URL": "ftp://sesame"},
        {"TELEGRAM_BOT_TOKEN": "{sesame"},
    ],
)
@pytest.mark.parametrize(("file", "separator"), [(".env", "="), ("desk.yaml", ": ")])
def test_a_secret_is_never_shown(place: Path, values: dict[str, str], file: str, separator: str) -> None:
    (place / file).write_text("".join(f"{key}{separator}{value}\n" for key, value in values.items()))
    assert "sesame" not in str(_mistakes())


@pytest.mark.parametrize("world", ["demo", "testnet"])
def test_live_orders_in_another_world_are_a_contradiction(place: Path, world: str) -> None:
    (place / ".env").write_text(f"DESK_MODE=live\nBYBIT_ENV={world}\n{_KEYS}")
    (mistake,) = _mistakes().mistakes
    assert (mistake.key, mistake.problem) == ("BYBIT_ENV", "contradicts DESK_MODE=live")


@pytest.mark.parametrize("mode", ["demo", "testnet", "live"])
def test_an_account_needs_key_and_secret(place: Path, mode: str) -> None:
    (place / ".env").write_text(f"DESK_MODE={mode}\n")
    assert {mistake.key for mistake in _mistakes().mistakes} == {"BYBIT_API_KEY", "BYBIT_API_SECRET"}


def test_a_key_without_its_secret_is_a_mistake_on_paper_too(place: Path) -> None:
    (place / ".env").write_text("BYBIT_API_KEY=abcdefgh\n")
    (mistake,) = _mistakes().mistakes
    assert (mistake.key, mistake.problem) == ("BYBIT_API_SECRET", "key and secret go together")


def test_a_secret_file_that_cannot_be_read_is_named(place: Path) -> None:
    (place / ".env").write_text("TELEGRAM_BOT_TOKEN_FILE=nowhere\n")
    (mistake,) = _mistakes().mistakes
    assert (mistake.key, mistake.value) == ("TELEGRAM_BOT_TOKEN_FILE", "'nowhere'")


def test_a_value_beside_its_own_file_is_ambiguous(place: Path) -> None:
    token = "123456:" + "t" * 35
    (place / "token").write_text(token)
    (place / ".env").write_text(f"TELEGRAM_BOT_TOKEN={token}\nTELEGRAM_BOT_TOKEN_FILE=token\n")
    (mistake,) = _mistakes().mistakes
    assert mistake.problem == "TELEGRAM_BOT_TOKEN is set as well: keep one of the two"


@pytest.mark.parametrize("content", ["- a\n- b\n", "a: [", "\tx: 1", "!!python/object:os.system {}"])
def test_a_file_that_is_no_mapping_is_refused(place: Path, content: str) -> None:
    (place / "desk.yaml").write_text(content)
    (mistake,) = _mistakes().mistakes
    assert mistake.key == "desk.yaml"


def test_a_config_that_is_asked_for_must_exist(place: Path) -> None:
    (mistake,) = _mistakes(config=place / "absent.yaml").mistakes
    assert mistake.key.endswith("absent.yaml")


@pytest.mark.parametrize(
    ("profile", "key"),
    [
        ("{strategy: rules8}", "PROFILES[0].name"),
        ("{name: a, strategy: rules8, colour: red}", "PROFILES[0].colour"),
        ("{name: a, strategy: rules8, symbols: [btc/usdt]}", "PROFILES[0].symbols[0]"),
        ("{name: a, strategy: rules8, params: {x: {y: 1}}}", "PROFILES[0].params.x"),
        ("{name: a, strategy: rules8, limits: {x: .inf}}", "PROFILES[0].limits.x"),
        ("{name: a, strategy: x}, {name: a, strategy: y}", "PROFILES"),
    ],
)
def test_a_profile_of_the_wrong_shape_is_refused(place: Path, profile: str, key: str) -> None:
    (place / "desk.yaml").write_text(f"profiles: [{profile}]")
    assert [mistake.key for mistake in _mistakes().mistakes] == [key]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("telegram_admin_ids", "7, me"),
        ("telegram_admin_ids", "-7"),
        ("daily_summary_at", "24:00"),
        ("daily_summary_at", "1440"),
        ("initial_balance", "0"),
        ("initial_balance", "nan"),
        ("initial_balance", "1e9"),
        ("bybit_rest_url", "wss://host"),
        ("bybit_ws_public_url", "host:80"),
        ("desk_name", "a b"),
        ("desk_timezone", "../etc/passwd"),
    ],
)
def test_a_value_the_desk_cannot_work_with_is_refused(place: Path, name: str, value: str) -> None:
    (mistake,) = _mistakes(overrides={name: value}).mistakes
    assert (mistake.key, mistake.source, mistake.value) == (name.upper(), "command line", repr(value))
    assert place.is_dir()
