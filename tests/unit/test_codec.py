"""The codec: what is written, what is refused, and where it says the fault is."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import Enum, IntEnum, StrEnum
from typing import Any

import pytest

from engine.core.codec import CodecError, codec_of, decode, encode
from engine.core.commands import Scope
from engine.core.events import ExecKind, Executed
from engine.core.facts import Fact, Hold, HoldSet
from engine.core.market import Instrument
from engine.core.profile import HoldLevel


class Colour(StrEnum):
    RED = "red"


class Number(IntEnum):
    ONE = 1


@dataclass(frozen=True, slots=True)
class Leaf:
    amount: Decimal
    share: float = 0.5


@dataclass(frozen=True, slots=True)
class Other:
    name: str


@dataclass(frozen=True, slots=True)
class Empty:
    pass


type Either = Leaf | Other


@dataclass(slots=True)
class Tree:
    colour: Colour
    number: Number
    leaf: Leaf
    either: Either | None
    pair: tuple[str, int]
    many: tuple[Leaf, ...] = ()
    by_name: dict[str, Leaf] = field(default_factory=dict)
    by_number: dict[int, str] = field(default_factory=dict)
    seen: set[str] = field(default_factory=set)
    fixed: frozenset[int] = frozenset()
    words: list[str] = field(default_factory=list)
    child: "Tree | None" = None
    empty: Empty = Empty()
    view: Mapping[str, int] = field(default_factory=dict)
    double: int = field(init=False, default=0)


def tree(**changes: Any) -> Tree:
    given = {"colour": Colour.RED, "number": Number.ONE, "leaf": Leaf(Decimal("1.50")), "either": Other("o")}
    return Tree(**{**given, "pair": ("a", 1), **changes})


def test_every_supported_shape_comes_back_equal() -> None:
    value = tree(
        either=Leaf(Decimal("0E-8"), 2.0),
        many=(Leaf(Decimal(1)), Leaf(Decimal(2))),
        by_name={"x": Leaf(Decimal(3))},
        by_number={7: "seven"},
        seen={"b", "a"},
        fixed=frozenset({2, 1}),
        words=["w"],
        child=tree(either=None),
        view={"v": 1},
    )
    assert decode(Tree, encode(value)) == value


def test_the_written_form_is_plain_and_tagged_only_where_a_choice_exists() -> None:
    written = encode(tree(seen={"b", "a"}, by_number={7: "seven"}))
    assert written["type"] == "Tree"
    assert written["leaf"] == {"amount": "1.50", "share": 0.5}
    assert written["either"] == {"type": "Other", "name": "o"}
    assert (written["colour"], written["number"], written["pair"]) == ("red", 1, ["a", 1])
    assert (written["seen"], written["by_number"]) == (["a", "b"], [[7, "seven"]])
    assert "double" not in written


def test_a_field_with_a_default_may_be_missing_so_older_data_stays_readable() -> None:
    assert decode(Leaf, {"type": "Leaf", "amount": "2"}) == Leaf(Decimal(2), 0.5)


def test_values_of_a_declared_type_need_no_class_around_them() -> None:
    assert encode((Other("a"),), tuple[Either, ...]) == [{"type": "Other", "name": "a"}]
    assert decode(tuple[Either, ...], [{"type": "Other", "name": "a"}]) == (Other("a"),)


@pytest.mark.parametrize(
    ("change", "where"),
    [
        ({"colour": "blue"}, "Tree.colour"),
        ({"colour": 1}, "Tree.colour"),
        ({"number": True}, "Tree.number"),
        ({"leaf": {"amount": 1}}, "Tree.leaf.amount"),
        ({"leaf": {"amount": "NaN"}}, "Tree.leaf.amount"),
        ({"leaf": {"amount": "x"}}, "Tree.leaf.amount"),
        ({"leaf": {"amount": "1", "share": "1"}}, "Tree.leaf.share"),
        ({"leaf": {"amount": "1", "share": float("inf")}}, "Tree.leaf.share"),
        ({"leaf": {"amount": "1", "new": 1}}, "Tree.leaf.new"),
        ({"leaf": {}}, "Tree.leaf"),
        ({"leaf": []}, "Tree.leaf"),
        ({"either": {"type": "Third"}}, "Tree.either"),
        ({"either": {"type": 3}}, "Tree.either"),
        ({"either": "x"}, "Tree.either"),
        ({"either": {"type": "Other", "name": None}}, "Tree.either.Other.name"),
        ({"pair": ["a"]}, "Tree.pair"),
        ({"pair": ["a", 1.0]}, "Tree.pair[1]"),
        ({"pair": "ab"}, "Tree.pair"),
        ({"many": [{"amount": "1"}, {"amount": ""}]}, "Tree.many[1].amount"),
        ({"by_name": {"x": {"amount": 0}}}, "Tree.by_name[x].amount"),
        ({"by_name": []}, "Tree.by_name"),
        ({"by_number": {"7": "seven"}}, "Tree.by_number"),
        ({"unknown": 1}, "Tree.unknown"),
    ],
)
def test_a_wrong_shape_is_refused_and_located(change: dict[str, Any], where: str) -> None:
    with pytest.raises(CodecError) as caught:
        decode(Tree, {**encode(tree()), **change})
    assert caught.value.where == where


@pytest.mark.parametrize(
    ("value", "where"),
    [
        (tree(leaf=Leaf(Decimal("NaN"))), "Tree.leaf.amount"),
        (tree(leaf=Leaf(Decimal(1), float("nan"))), "Tree.leaf.share"),
        (tree(leaf=Other("o")), "Tree.leaf"),
        (tree(either=Empty()), "Tree.either"),
        (tree(by_name={"x": Leaf(Decimal("Infinity"))}), "Tree.by_name[x].amount"),
        (tree(many=(Leaf(Decimal(1)), Leaf(Decimal("NaN")))), "Tree.many[1].amount"),
        (tree(pair=("a", 1, 2)), "Tree.pair"),
    ],
)
def test_a_value_without_exact_form_is_refused_and_located(value: Tree, where: str) -> None:
    with pytest.raises(CodecError) as caught:
        encode(value)
    assert caught.value.where == where


def test_a_constructor_that_refuses_is_a_codec_error() -> None:
    data = encode(Instrument(symbol="AB", tick=Decimal(1), step=Decimal(1), min_qty=1, max_market_qty=1))
    with pytest.raises(CodecError, match=r"Instrument refuses it: .*positive"):
        decode(Instrument, {**data, "tick": "0"})


def test_computed_fields_are_computed_again() -> None:
    instrument = Instrument(symbol="AB", tick=Decimal("0.1"), step=Decimal("0.01"), min_qty=1, max_market_qty=1)
    assert decode(Instrument, encode(instrument)).unit == 100_000


def test_a_fact_outside_the_union_is_refused() -> None:
    with pytest.raises(CodecError, match="Other is none of"):
        codec_of(Fact).write(Other("x"))


def test_facts_read_like_their_classes() -> None:
    fact = Executed("e", "l", "o", "BTCUSDT", True, 1, 2, 3, ExecKind.STOP, 4)
    assert codec_of(Fact).write(fact) == encode(fact)
    assert encode(fact)["kind"] == "stop"
    hold = HoldSet(Hold(hold_id="h", scope=Scope(), level=HoldLevel.HALTED, reason="r", lift="admin", set_ms=1), 1)
    assert encode(hold)["hold"]["level"] == 4


@dataclass(frozen=True, slots=True)
class Tagged:
    type: str


@dataclass(frozen=True, slots=True)
class Vague:
    what: int | str


@dataclass(frozen=True, slots=True)
class Opaque:
    what: object


def same_name() -> Any:
    @dataclass(frozen=True, slots=True)
    class Leaf:
        x: int

    return Leaf


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        (Tagged, "marks the class"),
        (Vague, "Vague.what: a union of"),
        (Opaque, "Opaque.what: <class 'object'> has no JSON form"),
        (Leaf | same_name(), "two classes of one name"),
        (complex, "has no JSON form"),
    ],
)
def test_a_type_that_cannot_be_kept_exactly_is_refused(kind: Any, message: str) -> None:
    with pytest.raises(CodecError, match=message):
        decode(kind, {"type": getattr(kind, "__name__", ""), "what": 1})


def test_an_enum_with_foreign_values_is_told_apart_by_value() -> None:
    class Flag(Enum):
        YES = "y"

    assert decode(Flag, encode(Flag.YES, Flag)) is Flag.YES


def test_an_error_names_the_value_when_there_is_no_path() -> None:
    with pytest.raises(CodecError, match=r"^value: expected int, got 'x'$"):
        decode(int, "x")
