"""EMA regime on 5-minute candles, short only: in while the fast average lies below the slow one."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from engine.core.strategy import Decision, Enter, Exit, Held, Inputs, News, Withheld
from engine.strategies.parameters import parameter

HOUR_MS = 3_600_000
TURNED_ACTIVE, REENTRY = "regime turned active", "below the fast average again"
TURNED_INACTIVE, TOO_OLD = "regime turned inactive", "held too long"


@dataclass(frozen=True, slots=True, kw_only=True)
class Shortseller:
    """Regime ACTIVE while EMA `fast` < EMA `slow`; the number of its changes a UTC day is bounded."""

    fast: int = parameter(240, unit="bars", low=2, high=400, about="span of the fast EMA")
    slow: int = parameter(600, unit="bars", low=3, high=1_000, about="span of the slow EMA")
    reenter: bool = parameter(False, unit="switch", about="enter again in an active regime, below the fast EMA")
    max_crosses: int = parameter(12, unit="crosses a UTC day", low=0, high=1_000, about="past it no entries that day")
    max_hours: float = parameter(24.0, unit="hours", low=0.1, high=10_000, about="a position this old is closed")

    @property
    def needs(self) -> tuple[str, ...]:
        """Columns read."""
        return (f"ema{self.fast}", f"ema{self.slow}", f"emacrosses{self.fast}_{self.slow}")

    @property
    def rules(self) -> tuple[str, ...]:
        """One rule, which cannot be switched off on its own."""
        return ()

    @property
    def reverses(self) -> bool:
        """There is no other side."""
        return False

    def decide(self, inputs: Inputs, held: Held | None, off: Collection[str]) -> Decision:
        """Return short when the regime turns active, an exit when it is inactive or the position is too old: its age
        counts even where the averages are absent, as after a gap.
        """
        active, before = self.active(inputs), self.active(inputs, 1)
        known = active is not None and before is not None
        if held is not None:
            if known and not active:
                return Exit(TURNED_INACTIVE)
            old = inputs.close_ms - held.entry_ms >= self.max_hours * HOUR_MS
            return Exit(TOO_OLD) if old else None
        if active is None or before is None:
            return None
        rule = self._entry(inputs, active=active, before=before)
        return self._filtered(inputs, rule) if rule else None

    def _entry(self, inputs: Inputs, *, active: bool, before: bool) -> str:
        if not active:
            return ""
        if not before:
            return TURNED_ACTIVE
        close, fast = inputs.get("close"), inputs.get(self.needs[0])
        again = self.reenter and close is not None and fast is not None and close < fast
        return REENTRY if again else ""

    def _filtered(self, inputs: Inputs, rule: str) -> Decision:
        crosses = inputs.get(self.needs[2])
        if crosses is None:
            return Withheld(False, rule, "crosses", "the day's crosses are not known: its candles are incomplete")
        if crosses > self.max_crosses:
            return Withheld(False, rule, "crosses", f"{crosses:g} crosses today, at most {self.max_crosses}")
        return Enter(False, rule)

    def active(self, inputs: Inputs, back: int = 0) -> bool | None:
        """Whether the regime was active `back` bars ago; None while the averages are not warm."""
        fast, slow = inputs.get(self.needs[0], back), inputs.get(self.needs[1], back)
        return None if fast is None or slow is None else fast < slow

    def news(self, inputs: Inputs) -> News | None:
        """Return the change of regime on this bar, and that the day's crosses are used up."""
        active, before = self.active(inputs), self.active(inputs, 1)
        if active is None or before is None or active is before:
            return None
        crosses = inputs.get(self.needs[2])
        counted = "" if crosses is None else f", cross {crosses:g} of the day"
        over = crosses is not None and crosses > self.max_crosses
        rest = " No entries on it until 00:00 UTC." if over else ""
        relation = "below" if active else "not below"
        detail = f"EMA{self.fast} is {relation} EMA{self.slow}{counted}.{rest}"
        return News(f"regime turned {'active' if active else 'inactive'}", detail)

    def candidates(self, columns: Mapping[str, Any]) -> Any:
        """Return every bar: a position can be too old at any of them."""
        return (columns["close"] > 0) | True
