"""Profiles that contradict themselves are named with numbers and what to do; sound ones are left alone."""

from dataclasses import replace
from typing import Any

import pytest

from bot.check_findings import Grade
from bot.check_rules import rule_findings, wanted_size
from engine.core.market import HOUR_MS
from engine.core.money import percent_to_ppm, to_money
from engine.core.profile import Account, Profile, Protection, SizeMode, Sizing
from engine.core.strategy import At, Away
from engine.presets import CFT, MA_CROSS, account
from engine.strategies.registry import build

EQUITY = to_money(10_000)


def said(profile: Profile, **changes: Any) -> list[str]:
    desk: Account = replace(account([profile]), **changes)
    found = rule_findings(desk, {profile.name: build(profile.strategy, {})}, EQUITY)
    return [finding.what for finding in found if finding.grade is Grade.WARNING]


def test_the_shipped_profiles_do_not_contradict_themselves() -> None:
    small = replace(CFT, max_positions=16)
    assert said(small) == []
    assert said(MA_CROSS) == []
    found = rule_findings(account([MA_CROSS]), {"ma_cross": build("ma_cross", {})}, EQUITY)
    assert [finding.grade for finding in found] == [Grade.OK]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        (
            {"sizing": Sizing(mode=SizeMode.NOTIONAL, amount=to_money(150))},
            "breakeven at +8.00 USDT is never reached: the target brings 3.00",
        ),
        ({"protection": Protection(breakeven_ppm=20_000)}, "breakeven at +2 % is never reached before the target"),
        (
            {"protection": Protection(trail_from_ppm=200_000, trail_by_ppm=100_000)},
            "the trail starts at +20 %, the target is at +2 %",
        ),
        ({"target": Away(4_000)}, "reward ÷ risk 0.80 is below 1: every entry is refused"),
        (
            {"stop": Away(percent_to_ppm(9)), "target": Away(percent_to_ppm(30))},
            "the stop at 9 % lies beyond liquidation at 10x",
        ),
        ({"max_cost_share_ppm": 200_000}, "round-trip cost 0.13 % is over 20 % of the stop at 0.5 %"),
        ({"max_cost_share_ppm": 300_000, "stop": None}, "stop is nearer than 0.4333 % are refused by cost"),
        (
            {"sizing": Sizing(mode=SizeMode.MARGIN, amount=to_money(1_500))},
            "16 positions of 15,000 USDT exceed 10 × equity 10,000",
        ),
    ],
)
def test_each_contradiction_is_named_with_its_numbers(changes: dict[str, Any], expected: str) -> None:
    found = said(replace(CFT, **changes))
    assert any(expected in line for line in found), found


def test_one_tick_within_each_threshold_nothing_is_said() -> None:
    rules = Protection(breakeven_ppm=19_999, trail_from_ppm=19_999, trail_by_ppm=1)
    assert said(replace(CFT, protection=rules, target=Away(20_000), stop=Away(20_000), max_cost_share_ppm=65_000)) == []


def test_the_size_of_one_position_follows_from_the_sizing_mode() -> None:
    def size(**sizing: Any) -> int | None:
        return wanted_size(replace(CFT, sizing=Sizing(**sizing), allocation_ppm=500_000), EQUITY)

    assert size(mode=SizeMode.EQUITY_MARGIN, ppm=70_000) == to_money(3_500)
    assert size(mode=SizeMode.EQUITY_RISK, ppm=20_000) == to_money(20_000)
    assert size(mode=SizeMode.EQUITY_RISK, ppm=20_000, cap=2) == to_money(10_000)
    assert size(mode=SizeMode.QUANTITY, amount=1) is None
    at = replace(CFT, stop=At(100.0), sizing=Sizing(mode=SizeMode.EQUITY_RISK, ppm=20_000))
    assert wanted_size(at, EQUITY) is None


class Long:
    """A strategy that wants more history than there is."""

    needs = ("ema5000",)
    rules = ()
    reverses = False


def test_more_history_than_the_exchange_keeps_is_said() -> None:
    profile = replace(MA_CROSS, timeframe=4 * HOUR_MS)
    found = rule_findings(account([profile]), {"ma_cross": Long()}, EQUITY)  # type: ignore[dict-item]
    assert any("days of candles are needed" in finding.what for finding in found), found


def test_profiles_that_are_fine_alone_are_held_against_the_cap_together() -> None:
    # 10 × 10,000 is the cap: 60,000 and 40,000 reach it, one USDT more is beyond.
    def pair(second: str) -> list[str]:
        sizes = {"one": "6000", "two": second}
        profiles = [
            replace(CFT, name=name, max_positions=10, sizing=Sizing(mode=SizeMode.NOTIONAL, amount=to_money(size)))
            for name, size in sizes.items()
        ]
        built = {name: build("rules8", {}) for name in sizes}
        found = rule_findings(account(profiles), built, EQUITY)
        return [finding.what for finding in found if finding.grade is Grade.WARNING]

    assert pair("4000") == []
    assert pair("4000.1") == ["all profiles together may hold 100,001 USDT, 10 × equity is 100,000"]


def test_a_profile_of_the_largest_symbols_counts_those_and_not_the_ones_it_names() -> None:
    few = replace(CFT, symbols=("BTCUSDT",), largest=40, sizing=Sizing(mode=SizeMode.NOTIONAL, amount=to_money(5_000)))
    assert said(few) == ["profile cft: 30 positions of 5,000 USDT exceed 10 × equity 10,000"]


def test_breakeven_in_money_at_the_target_is_said_and_one_cent_before_it_is_not() -> None:
    # 1,500 USDT at 2 % bring 30.
    at = replace(CFT, max_positions=1, protection=Protection(breakeven_profit=to_money(30)))
    before = replace(at, protection=Protection(breakeven_profit=to_money("29.99")))
    assert said(at) == ["profile cft: breakeven at +30.00 USDT is never reached: the target brings 30.00"]
    assert said(before) == []
