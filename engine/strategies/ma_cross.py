"""Moving-average threshold on 1-minute candles, both directions, asked every quarter of an hour."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from engine.core.strategy import Decision, Enter, Held, Inputs
from engine.strategies.parameters import parameter

QUARTER_MS = 15 * 60_000
# A close on the threshold is not beyond it, whatever the last digit of a float says.
_NOISE = 1e-12


@dataclass(frozen=True, slots=True, kw_only=True)
class MaCross:
    """Mean of the previous `window` closes (the current bar excluded) and the share by which a close must leave it."""

    window: int = parameter(60, unit="bars", low=2, high=5_000, about="previous closes in the mean")
    threshold: float = parameter(
        0.001, unit="share of the mean", low=0, high=0.5, about="how far a close must leave it"
    )

    @property
    def needs(self) -> tuple[str, ...]:
        """Columns read."""
        return (f"meanprev{self.window}",)

    @property
    def rules(self) -> tuple[str, ...]:
        """One rule, which cannot be switched off on its own."""
        return ()

    @property
    def reverses(self) -> bool:
        """An opposite signal closes and then enters the other way."""
        return True

    def decide(self, inputs: Inputs, held: Held | None, off: Collection[str]) -> Decision:
        """Return long above the band, short below it, nothing inside it or between the quarters."""
        if inputs.close_ms % QUARTER_MS:
            return None
        mean, close = inputs.get(self.needs[0]), inputs.get("close")
        if mean is None or close is None:
            return None
        away, beyond = close / mean - 1, self.threshold + _NOISE
        if away > beyond:
            return Enter(True, "close above the mean")
        if away < -beyond:
            return Enter(False, "close below the mean")
        return None

    def candidates(self, columns: Mapping[str, Any]) -> Any:
        """Return the bars whose close is outside the band."""
        mean, close = columns[self.needs[0]], columns["close"]
        return (close > mean * (1 + self.threshold)) | (close < mean * (1 - self.threshold))
