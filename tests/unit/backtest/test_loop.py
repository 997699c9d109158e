"""Parts of the loop on their own: rows of a lane, the cursor of signals, sleeping, and requests that cannot be run."""

import gc
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.backtest import BacktestError, run
from engine.backtest.market import Lane, lanes
from engine.backtest.schedule import Signals, sleep
from engine.candles import Columns
from engine.core.events import ExecKind
from engine.core.market import HOUR_MS, MINUTE_MS
from engine.core.money import to_money
from engine.core.profile import Account, Action, Measure
from engine.core.strategy import Away
from engine.exchanges.simulated import Terms
from engine.resample import resample
from tests.support.series import START_MS, walk, without
from tests.unit.backtest.runs import Dice, dice_profile, instrument, limit, reference_request, request


def lane_of(columns: Columns) -> Lane:
    account = Account(profiles=(dice_profile(columns.symbol),))
    span = int(columns.time[0]), int(columns.time[-1]) + columns.timeframe_ms
    data, rules = {columns.symbol: columns}, {columns.symbol: instrument(columns.symbol)}
    return next(lanes(account, {"dice": Dice()}, data, rules, span=span))


@given(holes=st.lists(st.integers(1, 58), max_size=40, unique=True), at=st.integers(-3, 64), off=st.integers(-1, 1))
def test_a_row_is_the_first_that_opens_at_or_after_a_time(holes: list[int], at: int, off: int) -> None:
    lane = lane_of(without(walk(60), *holes))
    at_ms = START_MS + at * MINUTE_MS + off
    assert lane.row(at_ms) == int(np.searchsorted(lane.time, at_ms))


def test_signals_of_all_lanes_come_in_order_of_time_and_lane() -> None:
    found = [lane_of(walk(400, seed=seed, symbol=symbol)) for seed, symbol in ((1, "BTCUSDT"), (2, "ETHUSDT"))]
    end_ms = START_MS + 400 * MINUTE_MS
    signals = Signals(found, end_ms)
    seen: list[tuple[int, int]] = []
    while (at_ms := signals.next_ms()) < end_ms:
        taken = signals.take(at_ms)
        assert list(taken) == sorted(taken)
        seen += [(number, row) for number, row in taken.items()]
        assert all(found[number].time[row] == at_ms for number, row in taken.items())
    for number, lane in enumerate(found):
        assert [row for n, row in seen if n == number] == lane.signals.tolist()


@given(seed=st.integers(0, 500), row=st.integers(0, 300), length=st.integers(0, 600), width=st.integers(1, 400))
def test_sleeping_ends_at_the_first_row_outside(seed: int, row: int, length: int, width: int) -> None:
    lane = lane_of(walk(1_000, seed=seed))
    start, end = int(lane.close[row]), row + length
    inside, close = (start - width, start + width), (start - width // 2, start + width)
    found = sleep(lane, row, end, inside=inside, close=close)
    quiet = (lane.low > inside[0]) & (lane.high < inside[1]) & (lane.close > close[0]) & (lane.close < close[1])
    expected = next((r for r in range(row, end) if not quiet[r]), end)
    assert found.woken == expected
    if expected > row:
        assert (found.low, found.high) == (lane.low[row:expected].min(), lane.high[row:expected].max())


def test_candles_of_different_lengths_are_refused() -> None:
    data = {"BTCUSDT": walk(100), "ETHUSDT": walk(100, symbol="ETHUSDT", timeframe_ms=5 * MINUTE_MS)}
    with pytest.raises(BacktestError, match=r"different lengths \(BTCUSDT 1m, ETHUSDT 5m\)"):
        run(request(data, dice_profile(*data, timeframe=5 * MINUTE_MS)))


def test_a_profile_without_candles_is_refused() -> None:
    asked = request({"BTCUSDT": walk(100)}, dice_profile("XRPUSDT"))
    with pytest.raises(BacktestError, match="no candles for any symbol of the profiles; they trade XRPUSDT"):
        run(asked)


def test_candles_too_coarse_for_the_strategy_are_refused() -> None:
    data = {"BTCUSDT": walk(100, timeframe_ms=HOUR_MS)}
    with pytest.raises(BacktestError, match="1m candles cannot be built from 1h ones"):
        run(request(data, dice_profile("BTCUSDT")))


def test_progress_grows_and_stays_within_the_whole() -> None:
    told: list[float] = []
    run(reference_request(walk(20_000)), told.append)
    assert len(told) > 50
    assert told == sorted(told)
    assert told[0] >= 0.01
    assert told[-1] <= 1.0


def test_a_run_leaves_the_collector_as_it_was() -> None:
    run(reference_request(walk(200)))
    assert gc.isenabled()


def test_fills_carry_the_profile_and_the_reason() -> None:
    found = run(request({"BTCUSDT": walk(2_000, seed=3)}, dice_profile("BTCUSDT", stop=Away(3_000))))
    assert {fill.profile for fill in found.fills} == {"dice"}
    assert {f.reason for f in found.fills} == {"dice up", "dice down", "dice out", "stop"}
    assert all(f.reason == "stop" for f in found.fills if f.event.kind is ExecKind.STOP)


def test_finer_candles_decide_what_coarse_ones_leave_ambiguous() -> None:
    fine = {"BTCUSDT": walk(20_000, seed=5)}
    coarse = {"BTCUSDT": resample(fine["BTCUSDT"], timeframe_ms=HOUR_MS)}
    profile = dice_profile("BTCUSDT", timeframe=HOUR_MS, stop=Away(4_000), target=Away(4_000))
    unsure, sure = run(request(coarse, profile)), run(request(fine, profile))
    assert unsure.ambiguous > 5 * max(1, sure.ambiguous)
    assert sum(t.net for t in sure.trades) > sum(t.net for t in unsure.trades)


def test_funding_is_paid_at_the_recorded_rate_and_missing_rates_are_counted() -> None:
    data = {"BTCUSDT": walk(1_440, seed=4)}
    profile = dice_profile("BTCUSDT", max_positions=1)
    eight, sixteen = START_MS + 8 * HOUR_MS, START_MS + 16 * HOUR_MS
    found = run(request(data, profile, strategies={"dice": Dice(3)}, funding={"BTCUSDT": {eight: 100_000}}))
    assert [(paid.at_ms, abs(paid.amount) > 0) for paid in found.funding] == [(eight, True)]
    assert found.unfunded == 1
    both = {"BTCUSDT": {eight: 100_000, sixteen: 100_000}}
    assert len(run(request(data, profile, strategies={"dice": Dice(3)}, funding=both)).funding) == 2


def test_an_emergency_ends_trading_and_is_told() -> None:
    shut = limit("peak", Measure.PEAK_EQUITY, -2_000, Action.EMERGENCY)
    asked = request({"BTCUSDT": walk(5_000, seed=3)}, dice_profile("BTCUSDT"), limits=(shut,))
    found = run(replace(asked, terms=Terms(slippage_ppm=500)))
    assert [hold.reason for hold in found.holds] == ["limit peak"]
    assert found.trades[-1].reason == "limit peak"
    assert found.signals["refused:hold"] > 50
    assert found.final_equity == pytest.approx(10_000 + float(sum(trade.net for trade in found.trades)))


def test_equity_starts_from_the_wallet_and_has_a_point_a_bar() -> None:
    found = run(request({"BTCUSDT": walk(300)}, dice_profile("BTCUSDT"), wallet=to_money(777)))
    assert len(found.equity) == len(found.times) == found.bars == 300
    assert found.equity[0] == 777.0
