"""The judgements of `pocketdesk check` that need no network."""

import asyncio
import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from aiogram.types import User

from bot.accounts import trading
from bot.check import run_checks, settings_findings, without_secrets
from bot.check_findings import Area, Finding, Grade, has_fault
from bot.check_local import database_findings, folder_finding, judge_disk, lock_finding
from bot.check_symbols import fixed_notional, size_findings, symbol_findings, wanted
from bot.check_telegram import bot_findings
from bot.factor_file import FILE, FactorFile
from config import Settings, load_settings
from engine.core.market import Status
from engine.core.money import to_money
from engine.core.profile import Profile, SizeMode, Sizing
from engine.presets import CFT, MA_CROSS, MAJORS
from engine.universe import UNIVERSE
from storage.store import Store

INSTRUMENTS = {symbol: spec.instrument() for symbol, spec in UNIVERSE.items()}
PRICES = {symbol: round(UNIVERSE[symbol].base_price / float(each.tick)) for symbol, each in INSTRUMENTS.items()}
SECRET = "secret-of-the-account"


def settings(folder: Path, **content: Any) -> Settings:
    file = folder / "desk.yaml"
    file.write_text(yaml.safe_dump({"desk_state_dir": str(folder / "state"), **content}), encoding="utf-8")
    return load_settings(config=file, env_file=folder / "none")


def sized(mode: SizeMode, amount: str = "0", **changes: Any) -> Profile:
    return replace(CFT, sizing=Sizing(mode=mode, amount=to_money(amount)), **changes)


def grades(findings: list[Finding]) -> list[Grade]:
    return [finding.grade for finding in findings]


@pytest.mark.parametrize(
    ("free", "grade"),
    [
        (499_999_999, Grade.FAULT),
        (500_000_000, Grade.WARNING),
        (1_999_999_999, Grade.WARNING),
        (2_000_000_000, Grade.OK),
    ],
)
def test_little_room_is_a_warning_and_next_to_none_a_fault(free: int, grade: Grade) -> None:
    finding = judge_disk(free)
    assert finding.grade is grade
    assert bool(finding.todo) is (grade is not Grade.OK)


def test_a_state_folder_that_cannot_be_made_or_written_is_a_fault(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    assert folder_finding(tmp_path / "new" / "state").grade is Grade.OK
    assert folder_finding(tmp_path).grade is Grade.OK
    assert list(tmp_path.iterdir()) == [tmp_path / "file"]
    assert folder_finding(tmp_path / "file").grade is Grade.FAULT
    assert folder_finding(tmp_path / "file" / "state").grade is Grade.FAULT


def test_looking_for_a_desk_makes_no_state_folder(tmp_path: Path) -> None:
    assert lock_finding(tmp_path / "state").grade is Grade.OK
    assert not (tmp_path / "state").exists()


def test_tables_of_another_version_are_a_warning_because_a_start_migrates_them(tmp_path: Path) -> None:
    async def main() -> list[Finding]:
        of = settings(tmp_path)
        await (await Store.open(of.database, mode="paper", account="main")).close()
        with closing(sqlite3.connect(tmp_path / "state" / "desk.db")) as database:
            assert database.execute("update alembic_version set version_num = 'older'").rowcount == 1
            database.commit()
        return await database_findings(of)

    (finding,) = asyncio.run(main())
    assert finding.grade is Grade.WARNING
    assert "older" in finding.what


def test_the_shipped_profiles_fit_the_demo_market() -> None:
    profiles = (CFT, MA_CROSS)
    assert wanted(profiles) == MAJORS
    assert grades(symbol_findings(wanted(profiles), INSTRUMENTS)) == [Grade.OK]
    assert grades(size_findings(profiles, INSTRUMENTS, PRICES)) == [Grade.OK, Grade.OK]


def test_a_size_below_the_minimum_of_some_symbols_is_a_warning_of_all_a_fault() -> None:
    some = sized(SizeMode.QUANTITY, "1", symbols=("DOGEUSDT", "SOLUSDT"))
    (warning,) = size_findings([some], INSTRUMENTS, PRICES)
    assert warning.grade is Grade.WARNING
    assert warning.what.endswith("below the exchange's minimum for DOGEUSDT (wants 0.18, least 5.04 USDT)")
    assert grades(size_findings([replace(some, symbols=("DOGEUSDT",))], INSTRUMENTS, PRICES)) == [Grade.FAULT]


def test_a_size_that_one_step_raises_far_is_a_warning_with_both_amounts() -> None:
    (warning,) = size_findings([sized(SizeMode.NOTIONAL, "40", symbols=("BTCUSDT",))], INSTRUMENTS, PRICES)
    assert warning.grade is Grade.WARNING
    assert "raised to the exchange's minimum for BTCUSDT (wants 40.00, least 68.00 USDT)" in warning.what
    assert grades(size_findings([sized(SizeMode.NOTIONAL, "60", symbols=("BTCUSDT",))], INSTRUMENTS, PRICES)) == [
        Grade.OK
    ]


def test_a_leverage_above_the_symbols_maximum_names_symbol_and_maximum() -> None:
    high = replace(CFT, symbols=("BTCUSDT", "VETUSDT"), leverage=60)
    (finding,) = size_findings([high], INSTRUMENTS, PRICES)
    assert finding.grade is Grade.WARNING
    assert finding.what == "profile cft: 60x leverage is refused for VETUSDT (at most 50x)"


@pytest.mark.parametrize(
    ("mode", "amount", "notional"),
    [
        (SizeMode.QUANTITY, "0.5", "34000"),
        (SizeMode.NOTIONAL, "30", "30"),
        (SizeMode.MARGIN, "30", "300"),
        (SizeMode.EQUITY_MARGIN, "0", None),
        (SizeMode.EQUITY_RISK, "0", None),
    ],
)
def test_only_fixed_sizes_have_a_notional_of_their_own(mode: SizeMode, amount: str, notional: str | None) -> None:
    expected = None if notional is None else to_money(notional)
    assert fixed_notional(sized(mode, amount), INSTRUMENTS["BTCUSDT"], PRICES["BTCUSDT"]) == expected


def test_a_size_without_a_price_is_not_judged() -> None:
    assert grades(size_findings([sized(SizeMode.NOTIONAL, "0.01")], INSTRUMENTS, {})) == [Grade.OK]


def test_symbols_that_rest_are_told_and_none_left_is_a_fault() -> None:
    resting = {"BTCUSDT": replace(INSTRUMENTS["BTCUSDT"], status=Status.CLOSED), "ETHUSDT": INSTRUMENTS["ETHUSDT"]}
    warning, fine = symbol_findings(("BTCUSDT", "ETHUSDT"), resting)
    assert (warning.what, fine.grade) == ("listed, but not traded now: BTCUSDT", Grade.OK)
    assert grades(symbol_findings(("BTCUSDT", "NOSUCH"), resting)) == [Grade.WARNING, Grade.WARNING, Grade.FAULT]


def test_long_lists_of_symbols_are_cut() -> None:
    (absent, _) = symbol_findings(MAJORS, {})
    assert absent.what == f"not listed: {', '.join(MAJORS[:5])} and 11 more"


def test_every_right_that_botfather_should_take_away_is_a_warning() -> None:
    plain = User(id=1, is_bot=True, first_name="Desk", username="desk_bot")
    assert grades(bot_findings(plain)) == [Grade.OK]
    rights = ("can_join_groups", "supports_inline_queries", "supports_guest_queries", "can_connect_to_business")
    found = bot_findings(plain.model_copy(update=dict.fromkeys(rights, True)))
    assert grades(found) == [Grade.OK] + [Grade.WARNING] * len(rights)
    assert all(finding.todo == "switch it off at BotFather" for finding in found[1:])


def test_live_mode_is_a_fault_unless_it_is_allowed_and_a_warning_while_nobody_could_confirm_it(tmp_path: Path) -> None:
    keys = {"bybit_api_key": "key-of-the-account", "bybit_api_secret": SECRET}
    live = settings(tmp_path, desk_mode="live", **keys)
    (*_, told) = settings_findings(live, trading(live, tag="p123"))
    assert (told.grade, "ALLOW_LIVE=1" in told.todo) == (Grade.FAULT, True)
    allowed = live.model_copy(update={"allow_live": True})
    (*_, told) = settings_findings(allowed, trading(allowed, tag="p123"))
    assert (told.grade, "totp enroll" in told.todo) == (Grade.WARNING, True)
    FactorFile(allowed.desk_state_dir).set(7, "AAAA")
    (*_, told) = settings_findings(allowed, trading(allowed, tag="p123"))
    assert (told.grade, "/golive" in told.what) == (Grade.OK, True)
    (allowed.desk_state_dir / FILE).write_text("{")
    assert has_fault(settings_findings(allowed, trading(allowed, tag="p123")))
    demo = settings(tmp_path, desk_mode="demo", **keys)
    assert not has_fault(settings_findings(demo, trading(demo, tag="p123")))


def test_live_never_sends_a_key_to_a_host_that_is_not_the_exchanges(tmp_path: Path) -> None:
    keys = {"bybit_api_key": "key-of-the-account", "bybit_api_secret": SECRET}
    live = settings(tmp_path, desk_mode="live", bybit_rest_url="https://127.0.0.1:9", **keys)
    found = asyncio.run(run_checks(live, trading(live, tag="p123")))
    (told,) = [finding for finding in found if finding.area == "exchange"]
    assert told.grade is Grade.FAULT
    assert "is not one of Bybit's" in told.what


def test_what_an_exchange_quotes_is_told_without_the_secrets_in_it(tmp_path: Path) -> None:
    of = settings(tmp_path, bybit_api_key="key-of-the-account", bybit_api_secret=SECRET)
    (told,) = without_secrets([Area("API key").fault(f"origin_string[1key-of-the-account{SECRET}]", SECRET)], of)
    assert (told.what, told.todo) == ("origin_string[1[hidden][hidden]]", "[hidden]")
