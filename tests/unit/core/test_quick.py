"""Quick values are the same frozen values."""

from dataclasses import FrozenInstanceError, dataclass, field

import pytest

from engine.core.quick import quick


@quick
@dataclass(frozen=True, slots=True)
class Point:
    """Two arguments, one with a default, and one by keyword."""

    x: int
    y: int = 2
    z: int = field(default=3, kw_only=True)


def test_a_quick_value_is_built_like_any_other_and_stays_frozen() -> None:
    point = Point(1, z=4)
    assert (point.x, point.y, point.z) == (1, 2, 4)
    assert point == Point(x=1, y=2, z=4)
    assert hash(point) == hash(Point(1, z=4))
    with pytest.raises(FrozenInstanceError):
        point.x = 5
    with pytest.raises(TypeError, match="missing"):
        Point()


def test_a_value_that_checks_itself_or_works_something_out_cannot_be_quick() -> None:
    @dataclass(frozen=True, slots=True)
    class Checked:
        x: int

        def __post_init__(self) -> None:
            raise AssertionError

    @dataclass(frozen=True, slots=True)
    class Derived:
        x: int
        y: int = field(init=False, default=0)

    for kind in (Checked, Derived):
        with pytest.raises(TypeError, match="must be an argument"):
            quick(kind)
