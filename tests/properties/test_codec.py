"""Every fact and every alert survives the way to JSON text and back."""

import json
from collections.abc import Callable
from dataclasses import fields, is_dataclass
from decimal import Decimal
from types import NoneType, UnionType
from typing import Any, TypeAliasType, Union, get_args, get_origin, get_type_hints

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.core import alerts
from engine.core.codec import codec_of
from engine.core.facts import Fact
from engine.core.market import Instrument
from engine.core.state import State
from engine.journal import AnyAlert

_SCALARS: dict[Any, st.SearchStrategy[Any]] = {
    str: st.text(max_size=8),
    int: st.integers(-(2**63), 2**63 - 1),
    bool: st.booleans(),
    float: st.floats(allow_nan=False, allow_infinity=False),
    Decimal: st.decimals(allow_nan=False, allow_infinity=False),
    NoneType: st.none(),
}


def members(declared: Any) -> tuple[Any, ...]:
    while isinstance(declared, TypeAliasType):
        declared = declared.__value__
    if get_origin(declared) in {Union, UnionType}:
        return tuple(member for part in get_args(declared) for member in members(part))
    return (declared,)


def values(declared: Any) -> st.SearchStrategy[Any]:
    """Return arbitrary values of a type, derived from its declaration."""
    parts = members(declared)
    if len(parts) > 1:
        return st.one_of(*map(values, parts))
    declared = parts[0]
    if declared in _SCALARS:
        return _SCALARS[declared]
    origin, args = get_origin(declared), get_args(declared)
    if origin is tuple:
        if args[-1] is Ellipsis:
            return st.lists(values(args[0]), max_size=3).map(tuple)
        return st.tuples(*map(values, args))
    if declared is Instrument:
        return instruments()
    if is_dataclass(declared):
        hints = get_type_hints(declared)
        return st.builds(declared, **{part.name: values(hints[part.name]) for part in fields(declared) if part.init})
    return st.sampled_from(list(declared))


def instruments() -> st.SearchStrategy[Any]:
    """Return instruments that their constructor accepts."""
    places = st.integers(0, 4)
    return st.builds(
        lambda tick, step, least: Instrument(
            symbol="BTCUSDT",
            tick=Decimal(1).scaleb(-tick),
            step=Decimal(1).scaleb(-step),
            min_qty=least,
            max_market_qty=least + 5,
        ),
        places,
        places,
        st.integers(1, 9),
    )


def same_after_json(codec: Any, value: Any) -> bool:
    text = json.dumps(codec.write(value), allow_nan=False)
    return bool(codec.read(json.loads(text)) == value)


@pytest.mark.parametrize("kind", members(Fact), ids=lambda kind: kind.__name__)
def test_every_fact_survives_json(kind: Any) -> None:
    check(values(kind), lambda value: same_after_json(codec_of(Fact), value))


@pytest.mark.parametrize("kind", members(AnyAlert), ids=lambda kind: kind.__name__)
def test_every_alert_survives_json(kind: Any) -> None:
    check(values(kind), lambda value: same_after_json(codec_of(AnyAlert), value))


def check(strategy: st.SearchStrategy[Any], claim: Callable[[Any], bool]) -> None:
    @settings(max_examples=30)
    @given(strategy)
    def holds(value: Any) -> None:
        assert claim(value)

    holds()


def test_every_alert_class_can_be_read_back_from_the_outbox() -> None:
    kinds = {kind for kind in vars(alerts).values() if isinstance(kind, type) and issubclass(kind, alerts.Alert)}
    assert kinds - {alerts.Alert} == set(members(AnyAlert))


def test_the_desks_state_can_be_kept_as_a_checkpoint() -> None:
    assert same_after_json(codec_of(State), State())
