"""Order flow: each threshold at its edge, what is undefined, the levels, the pause, the share of cost."""

from dataclasses import replace
from typing import Any

import pytest

from engine.core.events import BarClosed, BookMoved, DataTroubled
from engine.core.facts import SignalRecorded
from engine.core.market import MINUTE_MS
from engine.core.strategy import Enter, Multiple, Off
from engine.presets import ORDERFLOW
from engine.strategies.orderflow import BEARISH, BULLISH, TREND, Orderflow
from tests.support.desk import BTC, T0, Bench, Values, account, facts, placed, refusal

S = Orderflow()
RISING: dict[Any, float | None] = {(TREND, 2): 98.0, (TREND, 1): 99.0, TREND: 100.0}
FALLING: dict[Any, float | None] = {(TREND, 2): 100.0, (TREND, 1): 99.0, TREND: 98.0}
ATR = {"1m:atrmean14": 2.0}


def flow(bought: float, sold: float, delta: float | None, trades: float = 10.0) -> dict[Any, float | None]:
    return {"flow:trades": trades, "flow:bought": bought, "flow:sold": sold, "flow:delta": delta}


LONG = RISING | ATR | flow(6.0, 4.0, 0.1)
SHORT = FALLING | ATR | flow(4.0, 6.0, -0.1)


def decided(values: dict[Any, float | None], strategy: Orderflow = S) -> Any:
    return strategy.decide(Values(T0, values), None, ())


def test_trend_volume_and_book_at_their_thresholds_are_an_entry_on_either_side() -> None:
    assert decided(LONG) == Enter(True, BULLISH, stop=Off(3.0), target=Multiple(3.0))
    assert decided(SHORT) == Enter(False, BEARISH, stop=Off(3.0), target=Multiple(3.0))
    assert decided(LONG, Orderflow(atr_multiplier=2.5)).stop == Off(5.0)


@pytest.mark.parametrize(
    "values",
    [
        LONG | flow(5.99, 4.01, 0.1),
        LONG | flow(6.0, 4.0, 0.0999),
        SHORT | flow(4.01, 5.99, -0.1),
        SHORT | flow(4.0, 6.0, -0.0999),
        LONG | flow(6.0, 4.0, 0.1, trades=9.0),
        LONG | flow(6.0, 4.0, None),
        LONG | {TREND: 99.0},
        LONG | {(TREND, 1): 98.0},
        LONG | {(TREND, 2): None},
        LONG | {(TREND, 1): None},
        LONG | {TREND: None},
        LONG | {"1m:atrmean14": None},
        LONG | {"1m:atrmean14": 0.0},
        LONG | flow(6.0, 4.0, 0.1 - 1e-9),
        SHORT | flow(4.0, 6.0, 1e-9 - 0.1),
        LONG | FALLING,
        SHORT | RISING,
    ],
)
def test_one_step_before_a_threshold_or_without_a_value_there_is_none(values: dict[Any, float | None]) -> None:
    assert decided(values) is None


@pytest.mark.parametrize(
    ("bought", "sold"), [(0.6, 0.4), (0.3, 0.2), (0.06, 0.04), (218.4, 145.6), (1.2, 0.8), (0.009, 0.006)]
)
def test_volumes_of_three_to_two_are_an_imbalance_of_a_fifth_whatever_their_unit(bought: float, sold: float) -> None:
    assert isinstance(decided(LONG | flow(bought, sold, 0.1)), Enter)
    assert isinstance(decided(SHORT | flow(sold, bought, -0.1)), Enter)
    assert decided(LONG | flow(bought, sold * 1.001, 0.1)) is None
    assert decided(SHORT | flow(sold * 1.001, bought, -0.1)) is None


def test_the_imbalance_of_volume_needs_its_trades() -> None:
    assert S.volume_imbalance(Values(T0, flow(3.0, 1.0, None))) == 0.5
    assert S.volume_imbalance(Values(T0, flow(3.0, 1.0, None, trades=9.0))) is None
    assert S.volume_imbalance(Values(T0, {})) is None
    assert S.volume_imbalance(Values(T0, flow(0.0, 0.0, None))) is None


def bench(**changes: Any) -> Bench:
    made = Bench(account(replace(ORDERFLOW, max_cost_share_ppm=None, **changes)), symbols=(BTC,))
    made.trader = type(made.trader)(made.account, {"orderflow": S}, made.state)
    return made


def moved(desk: Bench, values: dict[Any, float | None], forward_ms: int = 0) -> list[Any]:
    desk.time(forward_ms)
    desk.price(bid=9_999, ask=10_001)
    return desk.step(BookMoved(BTC, desk.now, Values(desk.now, values)))


def test_a_book_update_opens_at_the_ask_with_stop_and_target_of_the_atr() -> None:
    (ticket,) = placed(moved(bench(), LONG))
    assert (ticket.buy, ticket.expected, ticket.stop, ticket.target) == (True, 10_001, 9_701, 10_901)
    (ticket,) = placed(moved(bench(), SHORT))
    assert (ticket.buy, ticket.expected, ticket.stop, ticket.target) == (False, 9_999, 10_299, 9_099)


def test_two_percent_are_at_risk_to_the_stop() -> None:
    (ticket,) = placed(moved(bench(), LONG))
    # 200 USDT at 3.00 a coin: 66.6 coins in steps of 0.1.
    assert ticket.qty == 666


def test_the_notional_is_capped_at_ten_times_the_equity() -> None:
    desk = bench(leverage=50)
    (ticket,) = placed(moved(desk, LONG | {"1m:atrmean14": 0.05}))
    assert desk.ws.instrument(BTC).notional(ticket.expected, ticket.qty) <= 10 * desk.ws.equity()  # type: ignore[union-attr]  # it is listed
    assert ticket.qty == 9_999


def test_sixty_seconds_pass_between_two_signals_traded_or_not() -> None:
    desk = bench()
    desk.ws.turnover.clear()
    desk.state.cooldowns[BTC] = T0 + 30_000
    assert refusal(moved(desk, LONG)) == "cooldown"
    assert facts(moved(desk, LONG, 59_999), SignalRecorded) == []
    assert placed(moved(desk, LONG, 1))


def test_a_held_symbol_brings_no_signals() -> None:
    desk = bench()
    (ticket,) = placed(moved(desk, LONG))
    desk.fill(ticket)
    assert moved(desk, LONG, 2 * MINUTE_MS) == []


def test_no_update_is_traded_without_a_price_or_on_troubled_data() -> None:
    desk = bench()
    assert desk.step(BookMoved(BTC, desk.now, Values(desk.now, LONG))) == []
    desk.step(DataTroubled(BTC, "a gap", desk.now))
    assert moved(desk, LONG) == []


def test_an_update_that_says_nothing_and_a_bar_decide_nothing() -> None:
    desk = bench()
    assert moved(desk, FALLING) == []
    assert moved(desk, LONG | {"close": 100.0}, -1) != []
    other = bench()
    other.price()
    values = Values(other.now, LONG)
    assert other.step(BarClosed(BTC, MINUTE_MS, other.now, 10_000, values)) == []


def test_a_signal_is_recorded_with_the_flow_behind_it() -> None:
    (signal,) = facts(moved(bench(), LONG), SignalRecorded)
    assert dict(signal.values)["flow:delta"] == 0.1
    assert dict(signal.values)["flow:bought"] == 6.0


@pytest.mark.parametrize(("atr", "check"), [(0.3, "cost"), (0.34, "")])
def test_costs_over_thirty_percent_of_the_stop_are_refused(atr: float, check: str) -> None:
    # Both sides: 2 × (0.055 % + 0.02 %) of 100.01 are 0.150; 30 % of a stop of 0.45 are 0.135, of 0.51 are 0.153.
    desk = Bench(account(replace(ORDERFLOW, leverage=50)), symbols=(BTC,))
    desk.trader = type(desk.trader)(desk.account, {"orderflow": S}, desk.state)
    assert refusal(moved(desk, LONG | {"1m:atrmean14": atr})) == check


def test_the_strategy_takes_its_columns_from_other_bars() -> None:
    assert S.needs == (TREND, "1m:atrmean14")
    assert (S.rules, S.reverses, S.pause_ms) == ((), False, 60_000)
