"""Grids, calendar and candles: what cannot be traded exactly, or cannot have happened, is refused."""

from decimal import Decimal
from typing import Any

import pytest

from engine.core.market import HOUR_MS, WEEK_MS, Candle, day_start, timeframe_ms, timeframe_name, week_start
from tests.support.desk import DAY, T0, instrument


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"symbol": "btc-usdt"}, "symbol 'btc-usdt'"),
        ({"tick": Decimal(0)}, "BTCUSDT: tick"),
        ({"step": Decimal("-0.1")}, "BTCUSDT: tick"),
        ({"min_qty": 0}, "in order"),
        ({"min_qty": 5, "max_market_qty": 4}, "in order"),
        ({"tick": Decimal("0.00001"), "step": Decimal("0.0001")}, "finer than 1e-8"),
    ],
)
def test_an_instrument_that_cannot_be_traded_exactly_is_refused(changes: dict[str, Any], named: str) -> None:
    with pytest.raises(ValueError, match=named):
        instrument(**changes)


def test_one_tick_of_one_step_is_the_unit() -> None:
    i = instrument()
    assert i.unit == 100_000
    assert i.notional(10_000, 150) == 1_500 * 10**8
    assert (i.price(10_050), i.quantity(15)) == (Decimal("100.50"), Decimal("1.5"))


def test_prices_go_to_the_grid_as_asked_and_quantities_down() -> None:
    i = instrument()
    price = Decimal("100.005")
    assert (i.ticks_down(price), i.ticks(price), i.ticks_up(price)) == (10_000, 10_000, 10_001)
    assert (i.ticks_down(Decimal("100.01")), i.ticks_up(Decimal("100.01"))) == (10_001, 10_001)
    assert (i.steps(Decimal("0.19")), i.steps(Decimal("0.2"))) == (1, 2)


def test_the_average_is_derived_from_cost() -> None:
    assert instrument().average(instrument().notional(10_000, 1) + instrument().notional(10_001, 1), 2) == Decimal(
        "100.005"
    )


def test_timeframes_have_one_name_and_one_length() -> None:
    assert (timeframe_ms("4h"), timeframe_name(4 * HOUR_MS), timeframe_name(7)) == (4 * HOUR_MS, "4h", "7ms")
    with pytest.raises(ValueError, match=r"unknown timeframe '7m'; allowed: 1m, 3m"):
        timeframe_ms("7m")


def test_a_day_begins_at_midnight_and_a_week_on_monday_in_utc() -> None:
    wednesday = T0 - T0 % DAY
    assert day_start(T0) == wednesday == day_start(wednesday) == day_start(wednesday + DAY - 1)
    monday = wednesday - 2 * DAY
    assert week_start(T0) == monday == week_start(monday) == week_start(monday + WEEK_MS - 1)
    assert week_start(monday - 1) == monday - WEEK_MS


@pytest.mark.parametrize(
    "row",
    [
        (0, 10, 0, 5, 1.0),
        (5, 10, 6, 7, 1.0),
        (5, 10, 1, 11, 1.0),
        (11, 10, 1, 5, 1.0),
        (5, 4, 6, 5, 1.0),
        (5, 10, 1, 5, -1.0),
        (5, 10, 1, 5, float("nan")),
    ],
)
def test_an_impossible_candle_is_refused(row: tuple[int, int, int, int, float]) -> None:
    open_, high, low, close, volume = row
    with pytest.raises(ValueError, match="BTCUSDT"):
        Candle("BTCUSDT", 60_000, T0, open_, high, low, close, volume)


def test_a_candle_is_complete_one_timeframe_after_its_open() -> None:
    assert Candle("BTCUSDT", 60_000, T0, 5, 10, 1, 7, 0.0).close_ms == T0 + 60_000
