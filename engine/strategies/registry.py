"""Strategies by name. A new one is its file and one row here."""

from collections.abc import Callable, Mapping
from dataclasses import fields
from difflib import get_close_matches
from typing import Any

from engine.core.strategy import Strategy
from engine.strategies.ma_cross import MaCross
from engine.strategies.rules8 import Rules8

FACTORIES: dict[str, Callable[..., Strategy]] = {"rules8": Rules8, "ma_cross": MaCross}


def build(name: str, parameters: Mapping[str, Any]) -> Strategy:
    """Build a strategy; raises ValueError that names the strategy or parameter that does not exist and the nearest that
    does.
    """
    factory: Any = FACTORIES.get(name)
    if factory is None:
        raise ValueError(f"there is no strategy {name!r}; there are: {', '.join(FACTORIES)}")
    known = [field.name for field in fields(factory)]
    for key in parameters:
        if key not in known:
            near = get_close_matches(key, known, 1)
            raise ValueError(
                f"{name} has no parameter {key!r}"
                + (f"; did you mean {near[0]!r}?" if near else f"; it has: {', '.join(known)}")
            )
    strategy: Strategy = factory(**parameters)
    return strategy
