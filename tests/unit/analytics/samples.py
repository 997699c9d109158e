"""Six trades whose metrics were computed by hand, and builders for others."""

from dataclasses import replace
from decimal import Decimal

import numpy as np

from engine.analytics.charts.requests import Candles
from engine.analytics.series import EquitySeries
from engine.core.trades import Trade

DAY = 86_400_000
HOUR = 3_600_000
START = 1_746_057_600_000
"""Thursday 1 May 2025, 00:00 UTC."""

PLAIN = Trade(
    position_id="p0",
    symbol="BTCUSDT",
    profile="cft",
    account="main",
    mode="PAPER",
    long=True,
    quantity=Decimal(1),
    entry_ms=START,
    exit_ms=START + HOUR,
    expected_entry=Decimal(100),
    entry=Decimal(100),
    expected_exit=None,
    exit=Decimal(101),
    initial_stop=Decimal(99),
    initial_target=None,
    gross=Decimal(1),
    fees=Decimal(0),
    funding=Decimal(0),
    risk=None,
    mae=Decimal(0),
    mfe=Decimal(1),
    rule="r1",
    reason="target",
)


def netting(net: str, *, exit_ms: int = START + HOUR, **changes: object) -> Trade:
    """A trade with this net result, closed then; its entry lies an hour before unless changed."""
    return replace(
        PLAIN,
        **{"gross": Decimal(net), "exit_ms": exit_ms, "entry_ms": exit_ms - HOUR, "position_id": f"p{exit_ms}"}
        | changes,  # type: ignore[arg-type] # replace is typed by field
    )


def _priced(quantity: int, entry: int, expected: str, exit_: int) -> dict[str, Decimal]:
    prices = {"quantity": Decimal(quantity), "entry": Decimal(entry), "expected_entry": Decimal(expected)}
    return {**prices, "exit": Decimal(exit_)}


def _paid(fees: str, funding: str, risk: str | None) -> dict[str, Decimal | None]:
    return {"fees": Decimal(fees), "funding": Decimal(funding), "risk": None if risk is None else Decimal(risk)}


_A = {**_priced(2, 100, "99.5", 110), **_paid("1", "0.5", "10"), "expected_exit": Decimal("110.5")}
_B = {**_priced(1, 50, "50.2", 52), **_paid("0.5", "-0.25", "1.5"), "long": False, "reason": "stop"}
_C = {**_priced(1, 200, "200", 204), **_paid("0.4", "0.6", None), "long": False, "symbol": "ETHUSDT", "rule": "r2"}
_D = {**_priced(4, 25, "25", 23), **_paid("0.5", "0", "5"), "long": False, "symbol": "ETHUSDT", "profile": "ma"}
_E = {**_priced(1, 10, "10", 11), **_paid("0.5", "0", "2")}
_F = {**_priced(1, 10, "10", 11), **_paid("1", "0", "2")}

# Net results: 18.5, -2.25, -5, 7.5, 0.5 and exactly 0.
SIX = (
    netting("20", entry_ms=START, exit_ms=START + 12 * HOUR, **_A),
    netting("-2", entry_ms=START + DAY, exit_ms=START + DAY + 6 * HOUR, **_B),
    netting("-4", entry_ms=START + DAY + 3 * HOUR, exit_ms=START + 2 * DAY + 3 * HOUR, **_C),
    netting("8", entry_ms=START + 4 * DAY, exit_ms=START + 4 * DAY + 2 * HOUR, **_D),
    netting("1", entry_ms=START + 5 * DAY, exit_ms=START + 5 * DAY + 4 * HOUR, **_E),
    netting("1", entry_ms=START + 5 * DAY + HOUR, exit_ms=START + 5 * DAY + 5 * HOUR, **_F),
)


def series(*equity: float, start: int = START, step: int = DAY) -> EquitySeries:
    """Equity at regular times from the start."""
    times = start + np.arange(len(equity), dtype=np.int64) * step
    return EquitySeries(times_ms=times, equity=np.array(equity, dtype=np.float64))


def walk(count: int, *, step: int = 60_000, seed: int = 1) -> EquitySeries:
    """Random equity around 10,000 with exposure and margin."""
    random = np.random.default_rng(seed)
    times = START + np.arange(count, dtype=np.int64) * step
    exposure = np.abs(random.normal(3000, 1500, count))
    equity = 10_000 + np.cumsum(random.normal(0.01, 1, count))
    return EquitySeries(times_ms=times, equity=equity, exposure=exposure, margin=exposure / 10)


def candles(count: int, *, step: int = HOUR, price: float = 100.0, seed: int = 1) -> Candles:
    """Random candles without gaps."""
    random = np.random.default_rng(seed)
    close = price * np.exp(np.cumsum(random.normal(0, 0.004, count)))
    opened = np.concatenate(([price], close[:-1]))
    spread = 1 + np.abs(random.normal(0, 0.002, (2, count)))
    return Candles(
        times_ms=START + np.arange(count, dtype=np.int64) * step,
        open=opened,
        high=np.maximum(opened, close) * spread[0],
        low=np.minimum(opened, close) / spread[1],
        close=close,
        volume=np.abs(random.normal(1000, 400, count)),
    )
