"""The eight rules, each at its threshold and one step beyond, alone and together."""

from typing import Any

import pytest

from engine.core.strategy import Conflict, Enter
from engine.strategies.rules8 import Rules8, describe
from tests.support.desk import T0, Values

S = Rules8()
FAST, SLOW, RSI, UPPER, LOWER, LINE, SIGNAL, HIST = S.needs
# Nothing fires: averages apart, RSI in the middle, inside the bands, MACD below its signal for long.
CALM: dict[Any, float | None] = {
    "close": 100.0,
    "high": 101.0,
    "low": 99.0,
    FAST: 100.0,
    SLOW: 90.0,
    RSI: 50.0,
    UPPER: 110.0,
    LOWER: 90.0,
    LINE: -1.0,
    SIGNAL: 0.0,
    HIST: -1.0,
} | {
    (name, back): value
    for back in range(1, 6)
    for name, value in ((FAST, 100.0), (SLOW, 90.0), (LINE, -1.0), (SIGNAL, 0.0))
}


def fired(values: dict[Any, float | None], off: tuple[str, ...] = (), strategy: Rules8 = S) -> list[str]:
    match strategy.decide(Values(T0, CALM | values), None, off):
        case Enter(rule=rule, also=also, long=long):
            return ["long" if long else "short", *(name.split()[0] for name in (rule, *also))]
        case Conflict(rules=rules):
            return ["conflict", *(name.split()[0] for name in rules)]
        case _:
            return []


def crossing(*, up: bool, back: int, equal: bool = False) -> dict[Any, float | None]:
    """Averages that cross `back` bars ago."""
    side = 1.0 if up else -1.0
    values: dict[Any, float | None] = {SLOW: 100.0, FAST: 100.0 + side}
    for age in range(1, 6):
        values[SLOW, age] = 100.0
        values[FAST, age] = 100.0 + side if age <= back else 100.0 - side * (not equal)
    return values if back else values | {FAST: 100.0 + side}


def test_a_calm_bar_says_nothing() -> None:
    assert fired({}) == []


@pytest.mark.parametrize(("rsi", "expected"), [(29.99, ["short", "1"]), (30.0, [])])
def test_rule_1_death_cross_while_oversold(rsi: float, expected: list[str]) -> None:
    assert fired(crossing(up=False, back=0) | {RSI: rsi}) == expected


@pytest.mark.parametrize(("rsi", "expected"), [(70.01, ["long", "2"]), (70.0, [])])
def test_rule_2_golden_cross_while_overbought(rsi: float, expected: list[str]) -> None:
    assert fired(crossing(up=True, back=0) | {RSI: rsi}) == expected


@pytest.mark.parametrize("up", [True, False])
def test_a_cross_counts_on_its_bar_and_the_two_after_it(up: bool) -> None:
    rsi, name = (75.0, "2") if up else (25.0, "1")
    seen = [bool(fired(crossing(up=up, back=back) | {RSI: rsi})) for back in range(5)]
    assert seen == [True, True, True, False, False]
    assert fired(crossing(up=up, back=2) | {RSI: rsi})[1] == name
    narrow = Rules8(cross_window=1)
    assert [bool(fired(crossing(up=up, back=back) | {RSI: rsi}, strategy=narrow)) for back in (0, 1)] == [True, False]


def test_a_cross_from_equality_counts_and_one_to_equality_does_not() -> None:
    assert fired(crossing(up=True, back=0, equal=True) | {RSI: 75.0}) == ["long", "2"]
    assert fired(crossing(up=True, back=0) | {FAST: 100.0, RSI: 75.0}) == []
    assert fired(crossing(up=False, back=0, equal=True) | {RSI: 25.0}) == ["short", "1"]
    assert fired(crossing(up=False, back=0) | {FAST: 100.0, RSI: 25.0}) == []


def test_a_cross_of_the_other_direction_is_not_one() -> None:
    assert fired(crossing(up=True, back=0) | {RSI: 25.0}) == []
    assert fired(crossing(up=False, back=0) | {RSI: 75.0}) == []


@pytest.mark.parametrize(("rsi", "expected"), [(19.99, ["long", "3"]), (20.0, []), (80.0, []), (80.01, ["short", "4"])])
def test_rules_3_and_4_beyond_the_extremes(rsi: float, expected: list[str]) -> None:
    assert fired({RSI: rsi}) == expected


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"low": 90.0, "close": 90.01}, ["long", "5"]),
        ({"low": 90.01}, []),
        ({"low": 89.0, "close": 90.0}, []),
        ({"high": 110.0, "close": 109.99}, ["short", "6"]),
        ({"high": 109.99}, []),
        ({"high": 111.0, "close": 110.0}, []),
    ],
)
def test_rules_5_and_6_touch_a_band_and_close_inside(values: dict[Any, float | None], expected: list[str]) -> None:
    assert fired(values) == expected


UP = {LINE: 0.5, SIGNAL: 0.0, HIST: 0.5}
DOWN = {LINE: -0.5, SIGNAL: 0.0, HIST: -0.5, (LINE, 1): 0.5, (SIGNAL, 1): 0.0}


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (UP, ["long", "7"]),
        (UP | {(LINE, 1): 0.0}, ["long", "7"]),
        (UP | {(LINE, 1): 0.1}, []),
        (UP | {LINE: 0.0}, []),
        (UP | {HIST: 0.0}, []),
        (DOWN, ["short", "8"]),
        (DOWN | {(LINE, 1): 0.0}, ["short", "8"]),
        (DOWN | {(LINE, 1): -0.1}, []),
        (DOWN | {LINE: 0.0}, []),
        (DOWN | {HIST: 0.0}, []),
    ],
)
def test_rules_7_and_8_cross_on_this_bar(values: dict[Any, float | None], expected: list[str]) -> None:
    assert fired(values) == expected


def test_rules_of_one_side_are_one_signal_named_after_the_lowest() -> None:
    decision = S.decide(Values(T0, CALM | UP | {RSI: 10.0, "low": 90.0}), None, ())
    assert decision == Enter(True, "3 extreme oversold bounce", ("5 lower band touch", "7 MACD bullish crossover"))


def test_rules_of_both_sides_are_a_conflict() -> None:
    assert fired(UP | {RSI: 81.0}) == ["conflict", "4", "7"]


def test_a_rule_that_is_switched_off_does_not_fire_or_conflict() -> None:
    assert fired(UP | {RSI: 81.0}, ("7",)) == ["short", "4"]
    assert fired(UP, ("7",)) == []


@pytest.mark.parametrize("name", S.needs)
def test_nothing_is_said_until_everything_is_warm(name: str) -> None:
    assert fired(UP | {RSI: 10.0, name: None}) == []


def test_a_cross_whose_past_is_absent_is_none() -> None:
    assert fired(UP | {(LINE, 1): None}) == []
    assert fired(crossing(up=True, back=0) | {RSI: 75.0, (SLOW, 1): None}) == []
    # A cross two bars back needs the bar before it.
    assert fired(crossing(up=False, back=2) | {RSI: 25.0, (FAST, 3): None}) == []
    assert fired({"low": None, "high": None}) == []


def test_all_eight_rules_can_be_named() -> None:
    assert S.rules == tuple("12345678")
    assert describe("1") == "1 death cross, oversold"
    assert not S.reverses
