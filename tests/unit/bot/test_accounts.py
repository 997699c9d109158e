"""Profiles and limits from settings: what is right is taken, what is wrong is named."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from bot.accounts import AccountError, Trading, new_tag, trading, tradings
from config import load_settings
from engine.core.ids import check_tag
from engine.core.market import HOUR_MS, MINUTE_MS
from engine.core.money import percent_to_ppm, to_money
from engine.presets import CFT
from engine.strategies.orderflow import Orderflow


def made(folder: Path, **content: Any) -> Trading:
    file = folder / "desk.yaml"
    file.write_text(yaml.safe_dump(content), encoding="utf-8")
    return trading(load_settings(config=file, env_file=folder / "none"), tag="p123")


def profile(**changes: Any) -> dict[str, Any]:
    return {"name": "cft", "strategy": "rules8", **changes}


def test_without_profiles_the_default_presets_trade(tmp_path: Path) -> None:
    given = made(tmp_path)
    assert [p.name for p in given.account.profiles] == ["cft", "ma_cross", "manual"]
    assert given.account.tag == "p123"
    assert given.strategies.keys() == {"cft", "ma_cross", "manual"}


def test_a_renamed_profile_keeps_its_presets_rules_and_owns_its_limits(tmp_path: Path) -> None:
    (own,) = made(tmp_path, profiles=[profile(name="My-Majors", preset="cft")]).account.profiles
    assert (own.code, own.stop, own.max_positions) == ("mymajo", CFT.stop, 30)
    assert {limit.key for limit in own.limits} == {
        f"My-Majors.{n}" for n in ("unrealised", "daily_balance", "daily_equity")
    }


def test_emergency_limits_ask_for_thirty_seconds_unless_settings_say_otherwise(tmp_path: Path) -> None:
    given = made(
        tmp_path,
        approval={"daily_equity": 90},
        profiles=[profile(approval={"unrealised": "auto", "daily_balance": "ask"})],
    )
    limits = {limit.key: limit for limit in (*given.account.limits, *given.account.profiles[0].limits)}
    modes = {key: (limit.approval, limit.approval_ms) for key, limit in limits.items()}
    assert modes == {
        "daily_equity": ("ask", 90_000),
        "weekly_equity": ("auto", 30_000),
        "peak_drawdown": ("auto", 30_000),
        "guard_loss": ("auto", 30_000),
        "cft.unrealised": ("auto", 30_000),
        "cft.daily_balance": ("ask", 30_000),
        "cft.daily_equity": ("ask", 30_000),
    }


def test_limits_are_taken_in_percent_and_money_with_or_without_their_sign(tmp_path: Path) -> None:
    given = made(
        tmp_path,
        limits={"weekly_equity": 12},
        profiles=[{"name": "ma_cross", "strategy": "ma_cross", "limits": {"daily_loss": -2.5}}],
    )
    assert {x.name: x.threshold for x in given.account.limits}["weekly_equity"] == percent_to_ppm(-12)
    assert {x.name: x.threshold for x in given.account.profiles[0].limits}["daily_loss"] == to_money("-2.5")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ({"profiles": [profile(name="cftt")]}, "did you mean 'cft'"),
        ({"profiles": [profile(name="zzz")]}, "there are: cft, lx, ma_cross, shortseller"),
        ({"profiles": [profile(strategy="ma_cross")]}, "preset cft runs rules8, not ma_cross"),
        ({"profiles": [profile(params={"cross_windw": 2})]}, "did you mean 'cross_window'"),
        ({"approval": {"daily_equity": 5}}, "must be auto, ask, or 10 to 600 seconds, not 5"),
        ({"approval": {"daily_equity": True}}, "must be auto, ask, or 10 to 600 seconds, not True"),
        ({"approval": {"daily_equity": "later"}}, "not 'later'"),
        ({"approval": {"weekly_equity": "ask"}}, "whose action is emergency; it has: daily_equity"),
        ({"profiles": [profile(approval={"daily": "ask"})]}, "profile cft has no limit 'daily'"),
        ({"profiles": [profile(limits={"daily": -4})]}, "has no limit 'daily'; it has: unrealised"),
        ({"profiles": [profile(limits={"daily_equity": "low"})]}, "must be a number, not 'low'"),
        ({"bounds": {"daily": -80}}, "the account has no limit 'daily'"),
        ({"bounds": {"daily_equity": -101}}, "the bound of daily_equity cannot be -101%"),
        ({"bounds": {"daily_equity": "-0.1"}}, "limit daily_equity must be a number"),
        ({"bounds": {"daily_equity": 0}}, "the bound of daily_equity cannot be 0%"),
        ({"bounds": {"daily_equity": -9}}, "limit daily_equity is -10%, beyond its bound -9%"),
        ({"bounds": {"daily_equity": -12}, "limits": {"daily_equity": -13}}, "must be -0.1% to -12%, not -13%"),
        ({"profiles": [profile(bounds={"unrealised": -4})]}, "profile cft: limit unrealised is -5%, beyond"),
        ({"limits": {"daily_equity": -80}}, "must be -0.1% to -50%, not -80%"),
        (
            {"profiles": [profile(name="majors-a", preset="cft"), profile(name="majors-b", preset="cft")]},
            "share a code",
        ),
    ],
)
def test_a_mistake_is_named_with_what_is_there(tmp_path: Path, content: dict[str, Any], words: str) -> None:
    with pytest.raises(AccountError) as caught:
        made(tmp_path, **content)
    assert words in str(caught.value)


def test_what_has_no_candles_does_not_trade(tmp_path: Path) -> None:
    whole = made(tmp_path)
    minutes = whole.only(["XRPUSDT", "BTCUSDT"], base_ms=MINUTE_MS).account.profiles
    both, one = ("BTCUSDT", "XRPUSDT"), ("XRPUSDT",)
    assert [(p.name, p.symbols) for p in minutes] == [("cft", both), ("ma_cross", one), ("manual", both)]
    five = whole.only(["XRPUSDT"], base_ms=5 * MINUTE_MS).account.profiles
    assert [p.name for p in five] == ["cft", "manual"]


def test_a_profile_of_the_largest_symbols_takes_what_is_found_and_keeps_its_list_otherwise(tmp_path: Path) -> None:
    whole = made(tmp_path, profiles=[{"name": "lx", "strategy": "rules8"}])
    assert whole.account.profiles[0].largest == 40
    assert whole.following({"lx": ("AUSDT", "BUSDT")}).account.profiles[0].symbols == ("AUSDT", "BUSDT")
    assert whole.following({"lx": ()}) == whole
    named = made(tmp_path, profiles=[{"name": "lx", "strategy": "rules8", "symbols": ["BTCUSDT"]}])
    assert (named.account.profiles[0].largest, named.account.profiles[0].symbols) == (0, ("BTCUSDT",))


def test_a_profile_that_reads_finer_candles_than_there_are_does_not_trade(tmp_path: Path) -> None:
    wanted = [{"name": name, "strategy": name} for name in ("momentum", "shortseller")]
    whole = made(tmp_path, profiles=wanted)
    assert [p.name for p in whole.only(["BTCUSDT"], base_ms=4 * HOUR_MS).account.profiles] == ["momentum"]
    strategies = {**whole.strategies, "momentum": Orderflow()}
    finer = replace(whole, strategies=strategies)
    assert finer.only(["BTCUSDT"], base_ms=4 * HOUR_MS).account.profiles == ()


def test_a_new_installation_has_a_valid_tag_of_its_own() -> None:
    tags = {check_tag(new_tag()) for _ in range(20)}
    assert len(tags) > 1


def several(folder: Path, **content: Any) -> dict[str, Trading]:
    file = folder / "desk.yaml"
    file.write_text(yaml.safe_dump(content), encoding="utf-8")
    settings = load_settings(config=file, env_file=folder / "none")
    return {one.account.name: one for one in tradings(settings, tag="p123")}


def test_each_account_trades_its_own_profiles_on_its_own_symbols(tmp_path: Path) -> None:
    accounts = [
        {"name": "a", "profiles": ["own", "cft"], "symbols": ["BTCUSDT", "SOLUSDT"]},
        {"name": "b", "profiles": ["cft"], "record": ["ETHUSDT"]},
    ]
    profiles = [profile(name="own", preset="cft", symbols=["SOLUSDT", "XRPUSDT"]), profile()]
    made_ = several(tmp_path, accounts=accounts, profiles=profiles, limits={"daily_equity": -4})
    first, second = made_["a"].account, made_["b"].account
    # What a profile names itself is cut to the account's symbols; one that names none trades the account's.
    assert [(p.name, p.symbols) for p in first.profiles] == [("own", ("SOLUSDT",)), ("cft", ("BTCUSDT", "SOLUSDT"))]
    assert [p.name for p in second.profiles] == ["cft"]
    assert "ETHUSDT" not in second.profiles[0].symbols
    assert set(second.profiles[0].symbols) == set(CFT.symbols) - {"ETHUSDT"}
    for account in (first, second):
        assert {limit.name: limit.threshold for limit in account.limits}["daily_equity"] == percent_to_ppm(-4)


def test_an_account_may_only_watch(tmp_path: Path) -> None:
    (only,) = several(tmp_path, accounts=[{"name": "eye", "record": ["BTCUSDT"]}]).values()
    assert (only.account.name, only.account.profiles) == ("eye", ())


def test_the_mistakes_of_all_accounts_are_told_at_once(tmp_path: Path) -> None:
    accounts = [{"name": "a", "profiles": ["cff"]}, {"name": "b", "profiles": ["cft"], "record": list(CFT.symbols)}]
    with pytest.raises(AccountError) as caught:
        several(tmp_path, accounts=accounts)
    first, second = str(caught.value).splitlines()
    assert first.startswith("account a: no profile cff; there are: cft, ma_cross")
    assert second.startswith("account b: profile cft has no symbol there")


def test_without_accounts_the_settings_are_those_of_the_one_account(tmp_path: Path) -> None:
    settings = load_settings(env_file=tmp_path / "none")
    assert settings.each_account() == (settings,)


def test_a_funded_account_has_tighter_limits_and_a_day_of_its_own(tmp_path: Path) -> None:
    own = made(tmp_path, account_preset="prop", day_reset_hour=22, limits={"daily_equity": -3}).account
    assert {x.name: x.threshold // 10_000 for x in own.limits} == {
        "daily_equity": -3,
        "weekly_equity": -8,
        "peak_drawdown": -10,
        "guard_loss": -6,
    }
    assert own.day_begins_ms == 22 * HOUR_MS


def test_hard_bounds_and_the_distance_from_the_mark_are_set_by_settings(tmp_path: Path) -> None:
    mine = {"name": "ma_cross", "strategy": "ma_cross", "bounds": {"daily_loss": -7}}
    own = made(tmp_path, bounds={"daily_equity": -60, "peak_drawdown": 25}, max_mark_gap=0.5, profiles=[mine]).account
    floors = {limit.key: limit.floor for limit in (*own.limits, *own.profiles[0].limits)}
    assert (floors["daily_equity"], floors["peak_drawdown"]) == (percent_to_ppm(-60), percent_to_ppm(-25))
    assert (floors["weekly_equity"], floors["ma_cross.daily_loss"]) == (percent_to_ppm(-50), to_money(-7))
    assert own.max_mark_gap_ppm == 5_000
    assert made(tmp_path).account.max_mark_gap_ppm == 10_000


def test_the_runaway_guard_is_set_by_settings(tmp_path: Path) -> None:
    own = made(tmp_path, guard_orders_a_minute=5, guard_notional_a_day=20).account
    assert (own.runaway.orders_a_minute, own.runaway.notional_a_day) == (5, 20)


def test_each_account_may_have_limits_and_a_day_of_its_own(tmp_path: Path) -> None:
    file = tmp_path / "desk.yaml"
    accounts = [
        {"name": "own", "profiles": ["cft"]},
        {"name": "funded", "profiles": ["cft"], "preset": "prop", "day_reset_hour": 21},
    ]
    file.write_text(yaml.safe_dump({"accounts": accounts, "day_reset_hour": 3}), encoding="utf-8")
    first, second = tradings(load_settings(config=file, env_file=tmp_path / "none"), tag="p123")
    assert [x.account.day_begins_ms // HOUR_MS for x in (first, second)] == [3, 21]
    assert [x.account.limits[0].threshold for x in (first, second)] == [-100_000, -40_000]


def test_rules_are_switched_off_in_the_settings_by_name(tmp_path: Path) -> None:
    (own,) = made(tmp_path, profiles=[profile(settings={"rules_off": [1, 4]})]).account.profiles
    assert own.rules_off == ("1", "4")
    with pytest.raises(AccountError, match="profile cft: setting rules_off: rules8 has no rule 9; it has: 1, 2"):
        made(tmp_path, profiles=[profile(settings={"rules_off": [9]})])


def test_a_setting_out_of_its_range_is_named_with_unit_and_range(tmp_path: Path) -> None:
    with pytest.raises(AccountError, match=r"cft: setting leverage = '500' \(×\) cannot be used: allowed are whole"):
        made(tmp_path, profiles=[profile(settings={"leverage": 500})])
    with pytest.raises(AccountError, match=r"cft: rules8: rsi = 1 \(bars\): allowed are whole numbers 2 to 100"):
        made(tmp_path, profiles=[profile(params={"rsi": 1})])
