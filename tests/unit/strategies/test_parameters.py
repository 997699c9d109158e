"""Parameters are checked by what is declared beside them; a mistake names parameter, value and what is allowed."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import pytest

from engine.core.strategy import Held
from engine.strategies.manual import Manual
from engine.strategies.parameters import parameter, parameters
from engine.strategies.registry import FACTORIES, build, known_parameters
from engine.strategies.rules8 import Rules8
from tests.support.desk import T0, Values


@pytest.mark.parametrize("name", FACTORIES)
def test_every_parameter_says_unit_range_and_meaning_and_its_default_is_allowed(name: str) -> None:
    for one in known_parameters(name).values():
        assert one.unit
        assert one.about
        assert one.allowed
        assert one.checked(one.default) == one.default
        assert type(one.checked(str(one.default))) is type(one.default)


@pytest.mark.parametrize(
    ("strategy", "given", "words"),
    [
        ("rules8", {"rsi": 1}, "rules8: rsi = 1 (bars): allowed are whole numbers 2 to 100"),
        ("rules8", {"rsi": "14.5"}, "rsi = '14.5'"),
        ("rules8", {"oversold": 100.01}, "oversold = 100.01 (RSI): allowed are 0 to 100"),
        ("rules8", {"macd": "12_26"}, "macd = '12_26' (bars, fast_slow_signal): allowed are text like 12_26_9"),
        ("rules8", {"oversold": "nan"}, "oversold = 'nan'"),
        ("rules8", {"oversold": "low"}, "oversold = 'low'"),
        ("rules8", {"oversold": True}, "oversold = True"),
        ("shortseller", {"reenter": "maybe"}, "reenter = 'maybe' (switch): allowed are on or off"),
        ("momentum", {"btc_filter_missing": "ask"}, "allowed are block, allow"),
        ("manual", {"x": 1}, "manual has no parameter 'x'; it has: none"),
        ("nothing", {}, "there is no strategy 'nothing'"),
    ],
)
def test_a_value_that_is_not_allowed_is_named(strategy: str, given: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError) as caught:  # the words are the test
        build(strategy, given)
    assert words in str(caught.value)


@pytest.mark.parametrize(
    ("strategy", "given"),
    [("rules8", {"rsi": Decimal(7)}), ("rules8", {"oversold": 25}), ("shortseller", {"reenter": "on"})],
)
def test_text_and_decimals_become_the_type_of_the_default(strategy: str, given: dict[str, Any]) -> None:
    built = build(strategy, given)
    (name,) = given
    assert type(getattr(built, name)) is type(known_parameters(strategy)[name].default)


def test_the_edges_of_a_range_are_allowed() -> None:
    assert build("rules8", {"oversold": 0, "overbought": 100}) == Rules8(oversold=0.0, overbought=100.0)


def test_a_field_that_declares_nothing_is_a_mistake_of_the_strategy() -> None:
    @dataclass(frozen=True)
    class Silent:
        period: int = 5
        other: int = parameter(1, unit="bars", low=1, high=2, about="something")

    with pytest.raises(TypeError, match=r"Silent\.period: declare it"):
        parameters(Silent)


def test_the_manual_strategy_never_decides() -> None:
    assert Manual().decide(Values(T0, {"close": 1.0}), Held(True, T0), ()) is None
    assert (Manual().needs, Manual().rules, Manual().reverses) == ((), (), False)
