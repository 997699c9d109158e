"""Accounts in desk.yaml: read with their keys, and every mistake told at once."""

from pathlib import Path

import pytest

from config import SettingsError, load_settings

_TWO = """
profiles:
  - {name: majors, strategy: rules8, preset: cft}
  - {name: fast, strategy: ma_cross, preset: ma_cross}
accounts:
  - {name: trend, profiles: [majors], symbols: [BTCUSDT]}
  - {name: scalp-2, profiles: [fast], record: [SOLUSDT], recv_window: 10000}
"""
_KEYS = """
BYBIT_TREND_DEMO_API_KEY=trendkey1
BYBIT_TREND_DEMO_API_SECRET=trendsecret1
BYBIT_SCALP_2_DEMO_API_KEY=scalpkey1
BYBIT_SCALP_2_DEMO_API_SECRET=scalpsecret1
"""


def _mistakes() -> dict[str, str]:
    with pytest.raises(SettingsError) as caught:
        load_settings()
    return {mistake.key: str(mistake) for mistake in caught.value.mistakes}


def test_each_account_has_its_own_key_window_and_folder(place: Path) -> None:
    (place / "desk.yaml").write_text(_TWO)
    (place / ".env").write_text(f"DESK_MODE=demo\n{_KEYS}")
    settings = load_settings()
    trend, scalp = (settings.of_account(account) for account in settings.accounts)
    assert trend.bybit_api_key is not None
    assert scalp.bybit_api_secret is not None
    assert trend.bybit_api_key.get_secret_value() == "trendkey1"
    assert scalp.bybit_api_secret.get_secret_value() == "scalpsecret1"
    assert (trend.bybit_recv_window, scalp.bybit_recv_window) == (5_000, 10_000)
    assert trend.desk_state_dir != scalp.desk_state_dir
    assert (trend.desk_name, scalp.desk_name) == ("trend", "scalp-2")


def test_keys_of_accounts_are_hidden_from_logs_and_from_the_settings_text(place: Path) -> None:
    (place / "desk.yaml").write_text(_TWO)
    (place / ".env").write_text(f"DESK_MODE=demo\n{_KEYS}")
    settings = load_settings()
    assert {"trendkey1", "trendsecret1", "scalpkey1", "scalpsecret1"} <= set(settings.secrets())
    assert "trendkey1" not in repr(settings)


def test_a_key_can_come_from_a_file(place: Path) -> None:
    (place / "key").write_text("fromafile1\n")
    (place / "desk.yaml").write_text(_TWO)
    (place / ".env").write_text(_KEYS.replace("API_KEY=trendkey1", f"API_KEY_FILE={place / 'key'}"))
    assert load_settings().account_keys["bybit_trend_demo_api_key"].get_secret_value() == "fromafile1"


def test_paper_accounts_need_no_keys_and_without_accounts_nothing_changes(place: Path) -> None:
    assert load_settings().accounts == ()
    (place / "desk.yaml").write_text(_TWO)
    assert [account.name for account in load_settings().accounts] == ["trend", "scalp-2"]


def test_missing_keys_are_named_for_every_account_at_once(place: Path) -> None:
    (place / "desk.yaml").write_text(_TWO)
    (place / ".env").write_text(
        "DESK_MODE=live\nBYBIT_TREND_LIVE_API_KEY=trendlive\nBYBIT_TREND_DEMO_API_KEY=demo-key\n"
    )
    found = _mistakes()
    assert set(found) == {
        "BYBIT_TREND_LIVE_API_SECRET",
        "BYBIT_TREND_DEMO_API_SECRET",
        "BYBIT_SCALP_2_LIVE_API_KEY",
        "BYBIT_SCALP_2_LIVE_API_SECRET",
    }
    assert "needed for account scalp-2 with DESK_MODE=live" in found["BYBIT_SCALP_2_LIVE_API_KEY"]
    assert "key and secret go together" in found["BYBIT_TREND_DEMO_API_SECRET"]


def test_every_mistake_in_accounts_is_told_with_value_and_what_is_allowed(place: Path) -> None:
    (place / "desk.yaml").write_text(
        _TWO.replace("symbols: [BTCUSDT]", "symbols: [btc], colour: red")
        .replace("10000", "3")
        .replace("profiles: [fast]", "profiles: fast")
    )
    (place / ".env").write_text("BYBIT_TRENT_DEMO_API_KEY=trendkey1\nBYBIT_TREND_DEMO_API_KEY=short\n")
    found = _mistakes()
    assert "allowed: symbols such as BTCUSDT" in found["ACCOUNTS[0].symbols[0]"]
    assert "'btc'" in found["ACCOUNTS[0].symbols[0]"]
    assert (
        "allowed: name, recv_window, profiles, symbols, preset, day_reset_hour, record" in found["ACCOUNTS[0].colour"]
    )
    assert "allowed: 1000 to 60000" in found["ACCOUNTS[1].recv_window"]
    assert "allowed: names of profiles" in found["ACCOUNTS[1].profiles"]
    assert "did you mean BYBIT_TREND_DEMO_API_KEY?" in found["BYBIT_TRENT_DEMO_API_KEY"]
    assert "not a key" in found["BYBIT_TREND_DEMO_API_KEY"]
    assert "short" not in found["BYBIT_TREND_DEMO_API_KEY"]


def test_accounts_that_do_not_fit_together_are_told(place: Path) -> None:
    text = _TWO.replace("scalp-2, profiles: [fast], record: [SOLUSDT]", "TREND, profiles: [slow], record: [SOLUSDT]")
    (place / "desk.yaml").write_text(text.replace("symbols: [BTCUSDT]", "symbols: [BTCUSDT], record: [BTCUSDT]"))
    found = _mistakes()
    assert "'TREND'" in found["ACCOUNTS[1].name"]
    assert "no such profile; allowed: majors, fast" in found["ACCOUNTS[1].profiles"]
    assert "'BTCUSDT'" in found["ACCOUNTS[0].record"]
    assert "no account trades this profile" in found["PROFILES"]


def test_the_key_of_a_single_account_is_refused_beside_accounts(place: Path) -> None:
    (place / "desk.yaml").write_text(_TWO)
    (place / ".env").write_text("BYBIT_API_KEY=abcdefgh\nBYBIT_RECV_WINDOW=6000\n")
    found = _mistakes()
    assert set(found) == {"BYBIT_API_KEY", "BYBIT_RECV_WINDOW"}
    assert "not used beside accounts" in found["BYBIT_API_KEY"]


def test_two_accounts_must_not_share_a_key(place: Path) -> None:
    (place / "desk.yaml").write_text(_TWO)
    (place / ".env").write_text(f"DESK_MODE=demo\n{_KEYS.replace('scalpkey1', 'trendkey1')}")
    found = _mistakes()
    assert set(found) == {"BYBIT_SCALP_2_DEMO_API_KEY"}
    assert "trendkey1" not in found["BYBIT_SCALP_2_DEMO_API_KEY"]
