"""Strategies by name. A new one is its file and one row here."""

from collections.abc import Callable, Mapping
from typing import Any

from engine.core.strategy import Strategy
from engine.strategies.ma_cross import MaCross
from engine.strategies.manual import Manual
from engine.strategies.momentum import Momentum
from engine.strategies.orderflow import Orderflow
from engine.strategies.parameters import Parameter, parameters, validated
from engine.strategies.rules8 import Rules8
from engine.strategies.shortseller import Shortseller

FACTORIES: dict[str, Callable[..., Strategy]] = {
    "rules8": Rules8,
    "ma_cross": MaCross,
    "shortseller": Shortseller,
    "momentum": Momentum,
    "orderflow": Orderflow,
    "manual": Manual,
}


def known_parameters(name: str) -> dict[str, Parameter]:
    """Return the parameters of a strategy by name; raises ValueError for a strategy that does not exist."""
    factory = FACTORIES.get(name)
    if factory is None:
        raise ValueError(f"there is no strategy {name!r}; there are: {', '.join(FACTORIES)}")
    return parameters(factory)


def build(name: str, given: Mapping[str, Any]) -> Strategy:
    """Build a strategy; raises ValueError that names the strategy, the parameter, the value and what is allowed."""
    checked = validated(name, known_parameters(name), given)
    return FACTORIES[name](**checked)
