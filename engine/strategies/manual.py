"""No signals: the profile of the trades that people make by hand."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from engine.core.strategy import Decision, Held, Inputs


@dataclass(frozen=True, slots=True)
class Manual:
    """Never decides; entries come from the chat and pass the same sizing, checks and protection as a signal."""

    @property
    def needs(self) -> tuple[str, ...]:
        """Nothing of its own."""
        return ()

    @property
    def rules(self) -> tuple[str, ...]:
        """No rules."""
        return ()

    @property
    def reverses(self) -> bool:
        """There is no signal that could reverse anything."""
        return False

    def decide(self, inputs: Inputs, held: Held | None, off: Collection[str]) -> Decision:
        """Return nothing, ever."""
        return None

    def candidates(self, columns: Mapping[str, Any]) -> Any:
        """Return no bar: no close lies below zero."""
        return columns["close"] < 0
