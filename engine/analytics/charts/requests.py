"""What can be drawn, and what comes back: plain values that travel between processes."""

from dataclasses import dataclass, field

import numpy as np

from engine.analytics.series import EquitySeries, Times, Values
from engine.core.trades import Trade


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """How a picture is dressed: desk mode in the header (PAPER, LIVE, BACKTEST …), IANA zone, unit of money, theme."""

    mode: str
    zone: str = "UTC"
    currency: str = "USDT"
    dark: bool = True


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class EquityChart:
    """Equity over time with the drawdown under water beneath it."""

    look: Look
    series: EquitySeries


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class DrawdownChart:
    """Drawdown in percent of the peak over time."""

    look: Look
    series: EquitySeries


@dataclass(frozen=True, slots=True, kw_only=True)
class DistributionChart:
    """How often trades ended with which net result."""

    look: Look
    trades: tuple[Trade, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PnlChart:
    """Cumulated net result of closed trades, each trade marked."""

    look: Look
    trades: tuple[Trade, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CalendarChart:
    """One month, a cell a day: net result, trades, wins and losses, by exit date (or entry date) in the look's zone."""

    look: Look
    trades: tuple[Trade, ...]
    year: int
    month: int
    by_entry: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class TradeMark:
    """Entry and, once closed, exit of a position to draw on candles."""

    long: bool
    entry_ms: int
    entry: float
    exit_ms: int | None = None
    exit: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Level:
    """A price line with its label ("SL", "TP"); `kind` is stop, target, entry or note."""

    label: str
    price: float
    kind: str = "note"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Candles:
    """Candle columns of one length: int64 open times (UTC milliseconds, ascending), float64 prices and volume.

    Raises ValueError on different lengths, values that are not finite, or times that do not ascend.
    """

    times_ms: Times
    open: Values
    high: Values
    low: Values
    close: Values
    volume: Values

    def __post_init__(self) -> None:
        for name in ("open", "high", "low", "close", "volume"):
            values = getattr(self, name)
            if values.size != self.times_ms.size:
                message = f"{name} has {values.size} values for {self.times_ms.size} candles: give one value a candle"
                raise ValueError(message)
            if not np.isfinite(values).all():
                message = f"{name} holds a value that is not finite: leave such candles out"
                raise ValueError(message)
        if (np.diff(self.times_ms) <= 0).any():
            message = "candle times do not ascend: sort them and drop duplicates"
            raise ValueError(message)

    def tail(self, count: int) -> "Candles":
        """The last candles."""
        return Candles(
            times_ms=self.times_ms[-count:],
            open=self.open[-count:],
            high=self.high[-count:],
            low=self.low[-count:],
            close=self.close[-count:],
            volume=self.volume[-count:],
        )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CandleChart:
    """Candles of one symbol with volume, trades, price levels and indicators.

    `candles` may begin earlier than what is shown, so that indicators are warmed up: the last `shown` are drawn.
    `indicators` are words as a user types them (`ema50`, `bbands20,2`, `rsi14`, `macd`, `supertrend10,3`). `decimals`
    is the number of decimals of a price.
    """

    look: Look
    symbol: str
    timeframe: str
    candles: Candles
    decimals: int
    shown: int = 120
    trades: tuple[TradeMark, ...] = ()
    levels: tuple[Level, ...] = ()
    indicators: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class AttributionChart:
    """Net result by `dimension`: symbol, rule, profile, side or reason."""

    look: Look
    trades: tuple[Trade, ...]
    dimension: str = "symbol"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ExposureChart:
    """Notional exposure and margin use over time, in percent of equity; the series carries `exposure` or `margin`."""

    look: Look
    series: EquitySeries


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class MonthlyChart:
    """Returns by month and year as a heat map, months in the look's zone."""

    look: Look
    series: EquitySeries


type ChartRequest = (
    EquityChart
    | DrawdownChart
    | DistributionChart
    | PnlChart
    | CalendarChart
    | CandleChart
    | AttributionChart
    | ExposureChart
    | MonthlyChart
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """A PNG, its size in pixels, and one line that says the same in words (also the alternative text)."""

    png: bytes = field(repr=False)
    width: int
    height: int
    caption: str


@dataclass(frozen=True, slots=True)
class NoPicture:
    """There is nothing to draw, or the request cannot be drawn: a plain sentence for the reader."""

    reason: str


@dataclass(frozen=True, slots=True)
class ChartFailed:
    """Drawing broke, hung or was stopped: a plain sentence for the reader."""

    reason: str
