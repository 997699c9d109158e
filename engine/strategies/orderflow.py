"""Order-flow scalping, both directions: decided on every update of the book, in the direction of three 15m closes."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from engine.core.strategy import Decision, Enter, Held, Inputs, Multiple, Off
from engine.strategies.parameters import parameter

BULLISH, BEARISH = "buyers press, bullish", "sellers press, bearish"
TREND = "15m:close"
# A value on its threshold has reached it, whatever the last digit of a float says.
_NOISE = 1e-12


@dataclass(frozen=True, slots=True, kw_only=True)
class Orderflow:
    """Thresholds of the imbalances of volume and book, and the levels as multiples of the simple ATR of 1m bars."""

    volume: float = parameter(0.2, unit="share −1 … 1", low=0, high=1, about="imbalance of the running candle's volume")
    delta: float = parameter(0.1, unit="share −2 … 2", low=0, high=2, about="change of the book's imbalance in 5 s")
    min_trades: int = parameter(10, unit="trades", low=1, high=1_000, about="fewer in the candle say nothing")
    atr: int = parameter(14, unit="1m bars", low=2, high=60, about="true ranges in the mean")
    atr_multiplier: float = parameter(1.5, unit="ATR", low=0.1, high=20, about="distance of the stop")
    reward: float = parameter(3.0, unit="stop distances", low=0.1, high=50, about="distance of the target")
    pause: float = parameter(60.0, unit="seconds", low=0, high=3_600, about="between signals on a symbol")

    @property
    def needs(self) -> tuple[str, ...]:
        """Columns read."""
        return (TREND, f"1m:atrmean{self.atr}")

    @property
    def reads(self) -> tuple[str, ...]:
        """Everything read, for the record of a signal."""
        return (*self.needs, "flow:trades", "flow:bought", "flow:sold", "flow:delta", "flow:bid", "flow:ask")

    @property
    def rules(self) -> tuple[str, ...]:
        """One rule, which cannot be switched off on its own."""
        return ()

    @property
    def reverses(self) -> bool:
        """An opposite signal does not close a position."""
        return False

    @property
    def pause_ms(self) -> int:
        """How long after a signal the next one on the symbol may come."""
        return round(self.pause * 1_000)

    def decide(self, inputs: Inputs, held: Held | None, off: Collection[str]) -> Decision:
        """Return an entry when trend, volume and book agree."""
        trend = self.trend(inputs)
        if not trend:
            return None
        volume, atr = self.volume_imbalance(inputs), inputs.get(self.needs[1])
        if volume is None or not atr or trend * volume < self.volume - _NOISE:
            return None
        delta = inputs.get("flow:delta")
        if delta is None or trend * delta < self.delta - _NOISE:
            return None
        long = trend > 0
        rule = BULLISH if long else BEARISH
        return Enter(long, rule, stop=Off(self.atr_multiplier * atr), target=Multiple(self.reward))

    def trend(self, inputs: Inputs) -> int:
        """Return 1 for three strictly rising 15m closes, -1 for falling ones, else 0."""
        last, middle, first = (inputs.get(TREND, back) for back in range(3))
        if last is None or middle is None or first is None:
            return 0
        return 1 if first < middle < last else -1 if first > middle > last else 0

    def volume_imbalance(self, inputs: Inputs) -> float | None:
        """Return (bought − sold) ÷ (bought + sold) of the running 1m candle; None below `min_trades` trades
        and while the candle was not seen from its beginning.
        """
        trades, bought, sold = (inputs.get(f"flow:{name}") or 0.0 for name in ("trades", "bought", "sold"))
        return None if trades < self.min_trades or not bought + sold else (bought - sold) / (bought + sold)

    def candidates(self, columns: Mapping[str, Any]) -> Any:
        """Return no bar: bars decide nothing."""
        return columns["close"] < 0
