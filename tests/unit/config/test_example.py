"""The desk.yaml that the documentation shows is one that a desk starts with."""

import re
from pathlib import Path

import yaml

from bot.accounts import trading, tradings
from config import load_settings
from config.reference import settings_page
from engine.core.money import percent_to_ppm


def test_the_documented_example_builds_an_account(tmp_path: Path) -> None:
    example, _accounts = re.findall(r"```yaml\n(.*?)```", settings_page(), re.DOTALL)
    file = tmp_path / "desk.yaml"
    file.write_text(example, encoding="utf-8")
    settings = load_settings(config=file, env_file=tmp_path / "none")
    made = trading(settings, tag="p123")
    (profile,) = made.account.profiles
    assert (profile.name, profile.symbols) == ("majors", ("BTCUSDT", "ETHUSDT"))
    assert {limit.name: limit.threshold for limit in profile.limits}["daily_equity"] == percent_to_ppm(-4)
    assert {limit.name: limit.threshold for limit in made.account.limits}["daily_equity"] == percent_to_ppm(-6)
    assert "cross_window=2" in repr(made.strategies["majors"])


def test_the_documented_accounts_are_ones_that_a_desk_starts_with(tmp_path: Path) -> None:
    _, accounts = re.findall(r"```yaml\n(.*?)```", settings_page(), re.DOTALL)
    names = {name for row in yaml.safe_load(accounts)["accounts"] for name in row["profiles"]}
    profiles = [{"name": name, "strategy": "rules8", "preset": "cft"} for name in sorted(names)]
    file = tmp_path / "desk.yaml"
    file.write_text(accounts + yaml.safe_dump({"profiles": profiles}), encoding="utf-8")
    made = tradings(load_settings(config=file, env_file=tmp_path / "none"), tag="p123")
    assert [(one.account.name, [p.name for p in one.account.profiles]) for one in made] == [
        ("trend", ["majors"]),
        ("scalp", ["fast"]),
    ]
