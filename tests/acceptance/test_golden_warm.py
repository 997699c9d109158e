"""From the first recorded candle on: no signal before everything is warm, and none left out from there."""

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from engine.backtest.prepare import Wish, prepare
from tests.acceptance.plain import signals
from tests.acceptance.plain.candles import read, wide
from tests.acceptance.plain.record import record
from tests.acceptance.plain.signals import Said

type Saying = Callable[[pd.DataFrame], Said]

# Closes needed: 30 × 14 changes of the RSI; twelve spans of EMA 600 on two bars. Symbols whose signals lie close by.
CASES: tuple[tuple[str, str, tuple[str, ...], int, int, Saying], ...] = (
    ("lx", "SOLUSDT", (), 900_000, 30 * 14 + 1, signals.rules8),
    (
        "shortseller",
        "ADAUSDT",
        ("reenter=true",),
        300_000,
        12 * 600 + 1,
        lambda frame: signals.shortseller(frame, reenter=True),
    ),
)


@pytest.mark.parametrize(
    ("profile", "symbol", "settings", "length_ms", "warm", "say"), CASES, ids=("lx", "shortseller")
)
def test_the_first_signal_is_the_first_on_warm_values(
    market_data: Path, profile: str, symbol: str, settings: tuple[str, ...], length_ms: int, warm: int, say: Saying
) -> None:
    path = market_data / "bybit_linear" / "kline_5m" / f"{symbol}.parquet"
    frame = wide(read(path), length_ms).iloc[: warm + 200]
    request = prepare(
        Wish(
            profile=profile, data=(path,), settings=settings, until=pd.Timestamp(frame.index[-1], unit="ms").isoformat()
        )
    ).request
    rows = {int(at): row for row, at in enumerate(frame.index)}
    said = [rows[at] for at in say(frame).signals]
    first = min(row for row in said if row >= warm - 1)
    assert min(rows[told.at_ms] for told in record(request).told) == first
    # There would have been one shortly before, and the first lies shortly after.
    assert warm - 11 < max(row for row in said if row < warm - 1)
    assert first < warm + 5
