"""Parameters of strategies as declared: unit, range and meaning stand beside the default, and are checked by them."""

import re
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, field, fields
from decimal import Decimal, InvalidOperation
from difflib import get_close_matches
from typing import Any

_KEY = "parameter"
_ON, _OFF = frozenset({"on", "true", "yes"}), frozenset({"off", "false", "no"})


@dataclass(frozen=True, slots=True)
class Parameter:
    """What is known of one parameter. Numbers lie in [low, high]; a text is one of `choices`, or has the form of the
    default with other numbers in it.
    """

    name: str
    default: Any
    unit: str
    about: str
    low: float | None = None
    high: float | None = None
    choices: tuple[str, ...] = ()

    @property
    def allowed(self) -> str:
        """The allowed values in words."""
        if isinstance(self.default, bool):
            return "on or off"
        if self.choices:
            return ", ".join(self.choices)
        if isinstance(self.default, str):
            return f"text like {self.default}"
        kind = "whole numbers " if isinstance(self.default, int) else ""
        return f"{kind}{self.low:g} to {self.high:g}"

    def checked(self, value: Any) -> Any:
        """Return a value in the default's type; raises ValueError for one that is not allowed."""
        found = self._converted(value)
        if isinstance(found, str) and not self._fits(found):
            found = None
        if isinstance(found, int | float) and not isinstance(found, bool):
            low, high = self.low, self.high
            found = None if low is None or high is None or not low <= found <= high else found
        if found is None:
            raise ValueError(f"{self.name} = {value!r} ({self.unit}): allowed are {self.allowed}")
        return found

    def _fits(self, text: str) -> bool:
        if self.choices:
            return text in self.choices
        return re.fullmatch(re.sub(r"\d+", r"\\d+", re.escape(self.default)), text) is not None

    def _converted(self, value: Any) -> Any:
        text = str(value).strip()
        if isinstance(self.default, bool):
            known = {**dict.fromkeys(_ON, True), **dict.fromkeys(_OFF, False)}
            return known.get(text.lower())
        if isinstance(self.default, str):
            return text
        if isinstance(value, bool):
            return None
        try:
            number = Decimal(text)
        except InvalidOperation:
            return None
        if not number.is_finite() or (isinstance(self.default, int) and number != int(number)):
            return None
        return int(number) if isinstance(self.default, int) else float(number)


def parameter(  # what is written beside a parameter is what a reader of its table sees
    default: Any,
    *,
    unit: str,
    about: str,
    low: float | None = None,
    high: float | None = None,
    choices: tuple[str, ...] = (),
) -> Any:
    """Declare a field of a strategy's dataclass as a parameter."""
    return field(default=default, metadata={_KEY: Parameter("", default, unit, about, low, high, choices)})


def parameters(strategy: Any) -> dict[str, Parameter]:
    """Return the parameters of a strategy class by name; raises TypeError for a field that declares nothing."""
    found = {}
    for part in fields(strategy):
        declared = part.metadata.get(_KEY)
        if declared is None or part.default is MISSING:
            raise TypeError(f"{strategy.__name__}.{part.name}: declare it with parameter(…)")
        found[part.name] = Parameter(
            part.name, declared.default, declared.unit, declared.about, declared.low, declared.high, declared.choices
        )
    return found


def validated(owner: str, known: Mapping[str, Parameter], given: Mapping[str, Any]) -> dict[str, Any]:
    """Return given values in their types; raises ValueError naming the owner, the parameter and what is allowed."""
    checked = {}
    for name, value in given.items():
        if name not in known:
            near = get_close_matches(name, known, 1)
            hint = f"; did you mean {near[0]!r}?" if near else f"; it has: {', '.join(known) or 'none'}"
            raise ValueError(f"{owner} has no parameter {name!r}{hint}")
        try:
            checked[name] = known[name].checked(value)
        except ValueError as error:
            raise ValueError(f"{owner}: {error}") from error
    return checked
