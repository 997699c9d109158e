"""The instruments of the demo market: trading rules and typical prices of sixteen linear perpetuals, as plain data."""

from dataclasses import dataclass
from decimal import Decimal

from engine.core.market import Instrument


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoSpec:
    """Rules and character of one demo instrument.

    Prices in USDT, quantities in base coin. `turnover` is typical USDT per day; `beta` is how many times it moves with
    bitcoin, `own` its own daily volatility beside that (a fraction).
    """

    symbol: str
    base_price: float
    tick: Decimal
    step: Decimal
    min_qty: Decimal
    max_market_qty: Decimal
    min_notional: Decimal
    max_leverage: Decimal
    turnover: float
    beta: float
    own: float

    def instrument(self) -> Instrument:
        """Return the trading rules in the core's units."""
        return Instrument(
            symbol=self.symbol,
            tick=self.tick,
            step=self.step,
            min_qty=int(self.min_qty / self.step),
            max_market_qty=int(self.max_market_qty / self.step),
            min_notional=self.min_notional,
            max_leverage=self.max_leverage,
        )


# symbol, typical price, tick, step, minimum and largest market quantity, leverage, turnover in millions, beta, own
_ROWS = (
    ("BTCUSDT", 68_000.0, "0.1", "0.001", "0.001", "100", 100, 6_000, 1.0, 0.0),
    ("ETHUSDT", 3_400.0, "0.01", "0.01", "0.01", "700", 100, 3_000, 1.1, 0.018),
    ("SOLUSDT", 160.0, "0.01", "0.1", "0.1", "8000", 75, 1_500, 1.2, 0.026),
    ("ADAUSDT", 0.62, "0.0001", "1", "1", "800000", 75, 180, 1.1, 0.027),
    ("DOGEUSDT", 0.18, "0.00001", "1", "1", "2500000", 75, 600, 1.2, 0.032),
    ("XRPUSDT", 1.15, "0.0001", "0.1", "0.1", "500000", 75, 700, 1.0, 0.028),
    ("DOTUSDT", 6.4, "0.001", "0.1", "0.1", "40000", 50, 90, 1.1, 0.028),
    ("POLUSDT", 0.45, "0.0001", "1", "1", "400000", 50, 45, 1.1, 0.031),
    ("AVAXUSDT", 31.0, "0.01", "0.1", "0.1", "12000", 50, 160, 1.2, 0.03),
    ("LINKUSDT", 14.5, "0.001", "0.1", "0.1", "30000", 50, 170, 1.1, 0.028),
    ("UNIUSDT", 9.2, "0.001", "0.1", "0.1", "30000", 50, 80, 1.1, 0.033),
    ("ATOMUSDT", 7.1, "0.001", "0.1", "0.1", "30000", 50, 50, 1.0, 0.029),
    ("LTCUSDT", 84.0, "0.01", "0.1", "0.1", "5000", 50, 140, 0.9, 0.025),
    ("ETCUSDT", 26.0, "0.01", "0.1", "0.1", "12000", 50, 60, 1.0, 0.028),
    ("ALGOUSDT", 0.21, "0.0001", "1", "1", "600000", 50, 30, 1.1, 0.03),
    ("VETUSDT", 0.034, "0.00001", "1", "1", "4000000", 50, 30, 1.1, 0.03),
)  # fmt: skip


def _spec(row: tuple[str, float, str, str, str, str, int, int, float, float]) -> DemoSpec:
    symbol, price, tick, step, smallest, largest, leverage, millions, beta, own = row
    return DemoSpec(
        symbol=symbol,
        base_price=price,
        tick=Decimal(tick),
        step=Decimal(step),
        min_qty=Decimal(smallest),
        max_market_qty=Decimal(largest),
        min_notional=Decimal(5),
        max_leverage=Decimal(leverage),
        turnover=millions * 1e6,
        beta=beta,
        own=own,
    )


UNIVERSE: dict[str, DemoSpec] = {row[0]: _spec(row) for row in _ROWS}
SYMBOLS: tuple[str, ...] = tuple(UNIVERSE)
