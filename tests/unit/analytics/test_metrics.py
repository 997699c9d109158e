"""The whole set of metrics: absent on empty input, plain in JSON, strict about its input."""

import json
from decimal import Decimal

import numpy as np
import pytest

from engine.analytics.metrics import compute
from engine.analytics.series import EquitySeries, equity_of_trades
from tests.unit.analytics.samples import DAY, SIX, START

# Sums and counts of nothing are really 0; everything else is undefined without a trade.
ZERO_ON_EMPTY = {
    "net_profit", "gross_profit", "gross_loss", "total_return_pct", "cagr_pct", "total_fees", "total_funding",
    "slippage_cost", "trades", "wins", "losses", "max_consecutive_wins", "max_consecutive_losses", "traded_volume",
    "by_weekday", "by_hour", "by_profile", "by_symbol", "by_side", "by_rule", "by_reason",
}  # fmt: skip


def test_without_trades_every_ratio_is_absent_and_every_sum_is_zero() -> None:
    found = compute((), EquitySeries(), initial_balance=Decimal(1000), start_ms=START, end_ms=START + DAY).as_dict()
    groups = ("profitability", "efficiency", "risk", "activity", "attribution")
    plain = json.loads(json.dumps(found))
    figures = {name: value for group in groups for name, value in plain[group].items()}
    assert {name for name, value in figures.items() if value is not None} == ZERO_ON_EMPTY
    assert all(not value or value == "0" for value in figures.values())


def test_json_holds_money_as_plain_digits_and_never_a_special_number() -> None:
    equity = equity_of_trades(SIX, initial_balance=Decimal("1E+3"), start_ms=START)
    found = compute(SIX, equity, initial_balance=Decimal("1E+3"), start_ms=START, end_ms=START + 10 * DAY)
    text = json.dumps(found.as_dict(), allow_nan=False)
    assert json.loads(text)["profitability"]["net_profit"] == "19.25"
    assert json.loads(text)["initial_balance"] == "1000"


def test_equity_of_trades_starts_with_the_balance_and_steps_at_every_exit() -> None:
    equity = equity_of_trades(SIX, initial_balance=Decimal(1000), start_ms=START)
    assert equity.equity.tolist() == [1000, 1018.5, 1016.25, 1011.25, 1018.75, 1019.25, 1019.25]
    assert equity.times_ms[0] == START


def test_a_period_that_ends_before_it_starts_is_refused() -> None:
    with pytest.raises(ValueError, match="before it starts"):
        compute((), EquitySeries(), initial_balance=Decimal(1), start_ms=2, end_ms=1)


@pytest.mark.parametrize(
    ("times", "equity", "words"),
    [
        ([1, 2], [1.0], "1 values for 2 times"),
        ([2, 1], [1.0, 1.0], "descends at position 1"),
        ([1, 2], [1.0, float("nan")], "not finite at position 1"),
    ],
)
def test_a_broken_equity_series_is_refused_with_the_place(times: list[int], equity: list[float], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        EquitySeries(times_ms=np.array(times, dtype=np.int64), equity=np.array(equity))
