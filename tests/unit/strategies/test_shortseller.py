"""The EMA regime: every way in and out at its edge, the day's crosses, the rest after a quick exit."""

from dataclasses import replace
from typing import Any

import pytest

from engine.core.alerts import CooldownAlert, SystemAlert
from engine.core.events import ExecKind
from engine.core.facts import CooldownSet, SignalRecorded
from engine.core.market import HOUR_MS, MINUTE_MS
from engine.core.strategy import Enter, Exit, Held, News, Withheld
from engine.presets import SHORTSELLER
from engine.strategies.shortseller import (
    REENTRY,
    TOO_OLD,
    TURNED_ACTIVE,
    TURNED_INACTIVE,
    Shortseller,
)
from tests.support.desk import BTC, T0, Bench, Values, account, facts, profile, refusal, told

S = Shortseller()
FAST, SLOW, CROSSES = S.needs
ACTIVE: dict[Any, float | None] = {FAST: 99.0, SLOW: 100.0, (FAST, 1): 99.0, (SLOW, 1): 100.0}
INACTIVE: dict[Any, float | None] = {FAST: 100.0, SLOW: 100.0, (FAST, 1): 100.0, (SLOW, 1): 100.0}
TURNING = ACTIVE | {(FAST, 1): 100.0, CROSSES: 1.0}
ENDING = INACTIVE | {(FAST, 1): 99.0, CROSSES: 2.0}


def decided(values: dict[Any, float | None], held: Held | None = None, strategy: Shortseller = S) -> Any:
    return strategy.decide(Values(T0, values), held, ())


def since(hours: float, ms: int = 0) -> Held:
    return Held(False, T0 - round(hours * HOUR_MS) - ms)


def test_the_bar_that_turns_the_regime_active_is_a_short() -> None:
    assert decided(TURNING) == Enter(False, TURNED_ACTIVE)


@pytest.mark.parametrize("values", [ACTIVE, INACTIVE, ENDING])
def test_no_other_bar_is_one(values: dict[Any, float | None]) -> None:
    assert decided(values | {CROSSES: 1.0, "close": 98.0}) is None


def test_equal_averages_are_an_inactive_regime() -> None:
    assert decided(TURNING | {FAST: 100.0}) is None
    assert decided(TURNING | {FAST: 99.999}) == Enter(False, TURNED_ACTIVE)
    assert decided(TURNING | {(FAST, 1): 99.999}) is None


@pytest.mark.parametrize("name", [FAST, SLOW, (FAST, 1), (SLOW, 1)])
def test_nothing_is_decided_until_both_averages_are_warm_on_both_bars(name: Any) -> None:
    assert decided(TURNING | {name: None}) is None
    assert decided(ENDING | {name: None}, since(1)) is None


def test_an_active_regime_holds_and_an_inactive_one_ends_the_position() -> None:
    assert decided(ACTIVE, since(1)) is None
    assert decided(ENDING, since(1)) == Exit(TURNED_INACTIVE)
    assert decided(INACTIVE, since(1)) == Exit(TURNED_INACTIVE)


def test_a_position_is_too_old_at_24_hours_and_not_before() -> None:
    assert decided(ACTIVE, since(24)) == Exit(TOO_OLD)
    assert decided(ACTIVE, since(24, -1)) is None
    assert decided(ACTIVE, since(2), Shortseller(max_hours=2.0)) == Exit(TOO_OLD)


@pytest.mark.parametrize("name", [FAST, SLOW, (FAST, 1), (SLOW, 1)])
def test_a_position_grows_too_old_behind_a_gap_as_well(name: Any) -> None:
    assert decided(ACTIVE | {name: None}, since(24)) == Exit(TOO_OLD)
    assert decided(ACTIVE | {name: None}, since(24, -1)) is None


def test_of_both_reasons_at_one_close_the_regime_comes_first() -> None:
    assert decided(ENDING, since(24)) == Exit(TURNED_INACTIVE)


def test_twelve_crosses_of_the_day_allow_an_entry_and_thirteen_do_not() -> None:
    assert decided(TURNING | {CROSSES: 12.0}) == Enter(False, TURNED_ACTIVE)
    assert decided(TURNING | {CROSSES: 13.0}) == Withheld(
        False, TURNED_ACTIVE, "crosses", "13 crosses today, at most 12"
    )
    assert isinstance(decided(TURNING | {CROSSES: None}), Withheld)


def test_too_many_crosses_never_keep_a_position_open() -> None:
    assert decided(ENDING | {CROSSES: 20.0}, since(1)) == Exit(TURNED_INACTIVE)


def test_reentry_is_off_unless_asked_for_and_needs_a_close_below_the_fast_average() -> None:
    again = Shortseller(reenter=True)
    inside = ACTIVE | {CROSSES: 1.0}
    assert decided(inside | {"close": 98.99}) is None
    assert decided(inside | {"close": 98.99}, strategy=again) == Enter(False, REENTRY)
    assert decided(inside | {"close": 99.0}, strategy=again) is None
    assert decided(inside | {"close": None}, strategy=again) is None
    assert decided(inside | {"close": 98.0}, since(1), again) is None
    assert decided(INACTIVE | {"close": 98.0}, strategy=again) is None


def test_a_change_of_regime_is_news_and_a_bar_without_one_is_none() -> None:
    news = S.news(Values(T0, TURNING))
    assert news == News("regime turned active", "EMA240 is below EMA600, cross 1 of the day.")
    over = S.news(Values(T0, ENDING | {CROSSES: 13.0}))
    assert over is not None
    assert over.title == "regime turned inactive"
    assert over.detail.endswith("cross 13 of the day. No entries on it until 00:00 UTC.")
    unknown = S.news(Values(T0, TURNING | {CROSSES: None}))
    assert unknown == News("regime turned active", "EMA240 is below EMA600.")
    assert S.news(Values(T0, ACTIVE)) is None
    assert S.news(Values(T0, {})) is None


def bench() -> Bench:
    made = Bench(account(replace(SHORTSELLER, timeframe=MINUTE_MS)), symbols=(BTC,))
    made.trader.workspace.strategies = {"shortseller": S}
    return made


def tick(desk: Bench, values: dict[Any, float | None], forward_ms: int = MINUTE_MS) -> list[Any]:
    desk.time(forward_ms)
    desk.price()
    return desk.bar(values=values)


def test_people_hear_of_a_change_of_regime() -> None:
    desk = bench()
    (alert,) = told(tick(desk, TURNING), SystemAlert)
    assert alert.title == f"{BTC} regime turned active"
    assert alert.detail.startswith("shortseller: EMA240")
    assert told(tick(desk, ACTIVE), SystemAlert) == []


def test_a_withheld_entry_is_recorded_with_its_check() -> None:
    effects = tick(bench(), TURNING | {CROSSES: 13.0})
    (signal,) = facts(effects, SignalRecorded)
    assert (signal.outcome, signal.check, signal.side, signal.rule) == ("refused", "crosses", "short", TURNED_ACTIVE)


@pytest.mark.parametrize(("held_ms", "rests"), [(60 * MINUTE_MS, True), (60 * MINUTE_MS + 1, False)])
def test_an_exit_within_the_hour_rests_the_symbol_for_an_hour(held_ms: int, rests: bool) -> None:
    desk = bench()
    tick(desk, TURNING)
    ticket = desk.state.book.orders[next(iter(desk.state.book.orders))].ticket
    desk.fill(ticket)
    desk.time(held_ms)
    stop = desk.execution(ticket, link_id="", buy=True, kind=ExecKind.STOP)
    effects = desk.step(stop)
    expected = [CooldownSet(BTC, desk.now + HOUR_MS, "quick exit", desk.now)] if rests else []
    assert facts(effects, CooldownSet) == expected
    assert len(told(effects, CooldownAlert)) == len(expected)
    if rests:
        assert refusal(tick(desk, TURNING, HOUR_MS - MINUTE_MS)) == "cooldown"
        assert refusal(tick(desk, TURNING)) == ""


def test_a_profile_without_the_rule_does_not_rest_after_a_quick_exit() -> None:
    desk = Bench(account(profile()))
    position = desk.enter()
    desk.time(MINUTE_MS)
    ticket = desk.state.book.orders[position.position_id].ticket
    assert facts(desk.step(desk.execution(ticket, link_id="", buy=False, kind=ExecKind.STOP)), CooldownSet) == []


def test_the_preset_has_the_numbers_of_the_strategy() -> None:
    assert (SHORTSELLER.sizing.ppm, SHORTSELLER.leverage, len(SHORTSELLER.symbols)) == (70_000, 10, 3)
    assert (S.rules, S.reverses) == ((), False)
