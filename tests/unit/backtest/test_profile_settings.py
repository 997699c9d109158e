"""Every setting of a profile: the ends of its range are taken, what lies beyond is refused with unit and range."""

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from engine.core.market import HOUR_MS
from engine.core.money import to_money
from engine.core.profile import Anchor, Profile, SizeMode, Sizing
from engine.core.strategy import Away
from engine.presets import CFT, LX, MA_CROSS, SHORTSELLER
from engine.profile_settings import SETTINGS, Setting, changed, check_rules
from engine.strategies.ma_cross import MaCross
from engine.strategies.rules8 import Rules8

NUMBERS = {name: each for name, each in SETTINGS.items() if each.known.low is not None}


@pytest.mark.parametrize("setting", NUMBERS.values(), ids=NUMBERS)
def test_both_ends_are_taken_and_one_step_beyond_is_refused_in_words(setting: Setting) -> None:
    known = setting.known
    assert known.low is not None
    assert known.high is not None
    whole = isinstance(known.default, int)
    step = 1 if whole else Decimal("0.001")
    low, high = (int(known.low), int(known.high)) if whole else (Decimal(str(known.low)), Decimal(str(known.high)))
    for value in (low, high):
        setting.applied(CFT, value)
    for value in (low - step, high + step, "many", Decimal("nan")):
        with pytest.raises(ValueError, match="allowed are") as caught:
            setting.applied(CFT, value)
        assert f"setting {known.name} = " in str(caught.value)
        assert known.unit in str(caught.value)


@pytest.mark.parametrize("setting", SETTINGS.values(), ids=SETTINGS)
def test_only_what_may_be_absent_can_be_off(setting: Setting) -> None:
    for value in ("off", False):
        if setting.removable:
            setting.applied(CFT, value)
        else:
            with pytest.raises(ValueError, match="cannot be used"):
                setting.applied(CFT, value)


@pytest.mark.parametrize(
    ("profile", "name", "value", "read", "expected"),
    [
        (CFT, "timeframe", "4h", lambda p: p.timeframe, 4 * HOUR_MS),
        (CFT, "leverage", 3, lambda p: p.leverage, 3),
        (CFT, "notional", Decimal("12.5"), lambda p: p.sizing, Sizing(mode=SizeMode.NOTIONAL, amount=to_money("12.5"))),
        (CFT, "margin", 20, lambda p: (p.sizing.mode, p.sizing.amount), (SizeMode.MARGIN, to_money(20))),
        (CFT, "equity_margin", 7, lambda p: (p.sizing.mode, p.sizing.ppm), (SizeMode.EQUITY_MARGIN, 70_000)),
        (CFT, "equity_risk", 2, lambda p: (p.sizing.mode, p.sizing.ppm), (SizeMode.EQUITY_RISK, 20_000)),
        (CFT, "max_notional", 4, lambda p: (p.sizing.cap, p.sizing.amount), (4, to_money(150))),
        (CFT, "allocation", 25, lambda p: p.allocation_ppm, 250_000),
        (CFT, "stop", Decimal("0.8"), lambda p: p.stop, Away(8_000)),
        (CFT, "target", "off", lambda p: p.target, None),
        (CFT, "min_rr", Decimal("1.5"), lambda p: p.min_rr_ppm, 1_500_000),
        (CFT, "breakeven", 1, lambda p: p.protection.breakeven_ppm, 10_000),
        (CFT, "breakeven_profit", "off", lambda p: p.protection.breakeven_profit, None),
        (CFT, "breakeven_buffer", Decimal("0.05"), lambda p: p.protection.breakeven_buffer_ppm, 500),
        (LX, "trail_from", 15, lambda p: p.protection.trail_from_ppm, 150_000),
        (LX, "trail_by", 5, lambda p: p.protection.trail_by_ppm, 50_000),
        (CFT, "exchange_trail", 1, lambda p: p.protection.exchange_trail_ppm, 10_000),
        (CFT, "losing_after", 4, lambda p: p.protection.losing_after_ms, 4 * HOUR_MS),
        (LX, "max_age", False, lambda p: p.protection.max_age_ms, None),
        (CFT, "cooldown", "off", lambda p: p.cooldown.length_ms, 0),
        (CFT, "cooldown_anchor", "rolling", lambda p: p.cooldown, replace(CFT.cooldown, anchor=Anchor.ROLLING)),
        (SHORTSELLER, "quick_within", Decimal("0.5"), lambda p: p.cooldown.quick_within_ms, HOUR_MS // 2),
        (SHORTSELLER, "quick_rest", 2, lambda p: p.cooldown.quick_rest_ms, 2 * HOUR_MS),
        (CFT, "max_cost_share", 30, lambda p: p.max_cost_share_ppm, 300_000),
        (CFT, "cost_slippage", Decimal("0.02"), lambda p: p.cost_slippage_ppm, 200),
        (LX, "turnover_floor", 5, lambda p: p.turnover_floor, 5),
        (CFT, "rules_off", (1, "4"), lambda p: p.rules_off, ("1", "4")),
        (CFT, "rules_off", "2, 4,2", lambda p: p.rules_off, ("2", "4")),
        (CFT, "rules_off", False, lambda p: p.rules_off, ()),
        (LX, "largest", 12, lambda p: p.largest, 12),
        (LX, "largest", "off", lambda p: p.largest, 0),
    ],
)  # fmt: skip
def test_a_setting_changes_its_own_value_of_the_profile(
    profile: Profile, name: str, value: Any, read: Callable[[Profile], Any], expected: Any
) -> None:
    assert read(changed(profile, {name: value})) == expected


def test_the_last_size_that_is_named_holds_and_keeps_the_cap() -> None:
    sizing = changed(CFT, {"max_notional": 3, "notional": 100, "equity_risk": 1}).sizing
    assert (sizing.mode, sizing.ppm, sizing.cap) == (SizeMode.EQUITY_RISK, 10_000, 3)


def test_a_name_that_does_not_exist_is_answered_with_the_nearest() -> None:
    with pytest.raises(ValueError, match="there is no setting 'cooldwn'; did you mean 'cooldown'"):
        changed(CFT, {"cooldwn": 1})
    with pytest.raises(ValueError, match="there are: allocation, breakeven"):
        changed(CFT, {"zzzzzz": 1})
    with pytest.raises(
        ValueError, match=r"cooldown_anchor = 'daily' \(choice\) cannot be used: allowed are grid, rolling"
    ):
        changed(CFT, {"cooldown_anchor": "daily"})


def test_a_rule_that_the_strategy_does_not_have_cannot_be_off() -> None:
    check_rules(changed(CFT, {"rules_off": "1,8"}), Rules8())
    with pytest.raises(ValueError, match="rules8 has no rule 9; it has: 1, 2, 3, 4, 5, 6, 7, 8"):
        check_rules(changed(CFT, {"rules_off": "1,9"}), Rules8())
    with pytest.raises(ValueError, match="ma_cross has no rule 1; it has: none"):
        check_rules(changed(MA_CROSS, {"rules_off": 1}), MaCross())
