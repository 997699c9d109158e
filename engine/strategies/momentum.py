"""Volatility-compression breakout on 4-hour candles, long only, in bitcoin's own uptrend."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from engine.core.strategy import At, Away, Decision, Enter, Exit, Held, Inputs, Multiple, Nearest, Off
from engine.strategies.parameters import parameter

BREAKOUT, BELOW_MEAN = "compression breakout", "close below the mean"
PPM = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Momentum:
    """Parameters of the five entry conditions, the stop and the exits; 0 switches an optional one off."""

    bands: int = parameter(20, unit="bars", low=2, high=200, about="period of the bands and of the fast mean")
    deviations: float = parameter(2.0, unit="standard deviations", low=0.1, high=10, about="width of the bands")
    trend: int = parameter(50, unit="bars", low=2, high=500, about="period of the slow mean")
    widths: int = parameter(540, unit="bars", low=20, high=5_000, about="band widths that the width is ranked among")
    compression: float = parameter(35.0, unit="%", low=0, high=100, about="fewer widths than this may be smaller")
    volume_bars: int = parameter(20, unit="bars", low=2, high=500, about="bars before, whose mean volume counts")
    volume_ratio: float = parameter(2.0, unit="times", low=0, high=100, about="volume must exceed the mean this often")
    btc_days: int = parameter(50, unit="days", low=2, high=200, about="mean that the daily BTC close must exceed")
    btc_filter_missing: str = parameter(
        "block", unit="choice", choices=("block", "allow"), about="what missing BTC data does"
    )
    adx: int = parameter(14, unit="bars", low=2, high=100, about="period of the ADX")
    adx_floor: float = parameter(0.0, unit="ADX points, 0 = off", low=0, high=100, about="ADX must reach it")
    low_bars: int = parameter(10, unit="bars", low=2, high=500, about="bars whose lowest low is a stop")
    atr: int = parameter(14, unit="bars", low=2, high=100, about="period of the ATR")
    atr_multiple: float = parameter(2.0, unit="ATR", low=0.1, high=20, about="distance of the other stop")
    max_stop: float = parameter(15.0, unit="% of entry", low=0.1, high=90, about="no stop is further away")
    target_r: float = parameter(0.0, unit="R, 0 = off", low=0, high=100, about="target as a multiple of the stop")

    @property
    def needs(self) -> tuple[str, ...]:
        """Columns read."""
        return (*self._entry_needs, f"BTCUSDT/1d:sma{self.btc_days}", "BTCUSDT/1d:close")

    @property
    def _entry_needs(self) -> tuple[str, ...]:
        bands = f"{self.bands}_{self.deviations:g}"
        return (
            f"bbrank{bands}_{self.widths}",
            f"bb{bands}.upper",
            f"volmeanprev{self.volume_bars}",
            f"sma{self.bands}",
            f"sma{self.trend}",
            f"lowest{self.low_bars}",
            f"atr{self.atr}",
            *((f"adx{self.adx}",) if self.adx_floor else ()),
        )

    @property
    def rules(self) -> tuple[str, ...]:
        """One rule, which cannot be switched off on its own."""
        return ()

    @property
    def reverses(self) -> bool:
        """There is no other side."""
        return False

    def decide(self, inputs: Inputs, held: Held | None, off: Collection[str]) -> Decision:
        """Return long when all conditions hold, an exit on a close below the mean."""
        close, mean = inputs.get("close"), inputs.get(f"sma{self.bands}")
        if close is None or mean is None:
            return None
        if held is not None:
            return Exit(BELOW_MEAN) if close < mean else None
        return self._entered(inputs, close) if self._breaks_out(inputs, close) else None

    def _breaks_out(self, inputs: Inputs, close: float) -> bool:
        values = [inputs.get(name) for name in self._entry_needs]
        rank, volume = inputs.get(self._entry_needs[0], 1), inputs.get("volume")
        if rank is None or volume is None or any(value is None for value in values):
            return False
        _, upper, usual, fast, slow, _, _, *adx = (value or 0.0 for value in values)
        return (
            rank * 100 < self.compression * self.widths
            and close > upper
            and usual > 0
            and volume > self.volume_ratio * usual
            and close > fast > slow
            and all(strength >= self.adx_floor for strength in adx)
            and self.regime(inputs)
        )

    def regime(self, inputs: Inputs) -> bool:
        """Whether the last closed daily bitcoin close lies above its mean; without data as the parameter says."""
        mean, close = (inputs.get(name) for name in self.needs[-2:])
        if mean is None or close is None:
            return self.btc_filter_missing == "allow"
        return close > mean

    def _entered(self, inputs: Inputs, close: float) -> Enter:
        lowest, atr = (inputs.get(name) or 0.0 for name in self._entry_needs[5:7])
        stop = Nearest((At(lowest), Off(self.atr_multiple * atr), Away(round(self.max_stop * PPM / 100))))
        return Enter(True, BREAKOUT, stop=stop, target=Multiple(self.target_r) if self.target_r else None)

    def candidates(self, columns: Mapping[str, Any]) -> Any:
        """Return the bars that close above the upper band with volume, and those below the mean."""
        close, mean = columns["close"], columns[f"sma{self.bands}"]
        _, upper, usual, *_ = (columns[name] for name in self._entry_needs)
        return (close < mean) | ((close > upper) & (columns["volume"] > self.volume_ratio * usual))
