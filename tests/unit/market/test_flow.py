"""What trades and books amount to, against plain sums: the running minute, the lean of the book, interruptions."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.core.market import MINUTE_MS
from engine.core.profile import Account
from engine.flow import Flow, FlowInputs, Pressure
from engine.marketdata import LiveCandles
from engine.plan import needs
from engine.presets import CFT, ORDERFLOW
from engine.replay import BookTick, TradeTick
from engine.strategies.orderflow import Orderflow
from engine.strategies.rules8 import Rules8
from engine.universe import UNIVERSE
from tests.support.desk import BTC, ETH, T0


def leaning(*rows: tuple[int, float, float]) -> Pressure:
    pressure = Pressure()
    for at_ms, bid_size, ask_size in rows:
        pressure.book(T0 + at_ms, bid=99.0, bid_size=bid_size, ask=101.0, ask_size=ask_size)
    return pressure


def test_volume_is_counted_by_taker_from_the_minute_on() -> None:
    pressure = Pressure()
    pressure.trade(T0 + 1, 2.0, bought=True)
    pressure.trade(T0 + 59_999, 1.5, bought=False)
    assert (pressure.trades, pressure.bought, pressure.sold) == (2, 2.0, 1.5)
    pressure.trade(T0 + 60_000, 3.0, bought=False)
    assert (pressure.trades, pressure.bought, pressure.sold) == (1, 0.0, 3.0)
    pressure.trade(T0 + 59_000, 9.0, bought=True)
    assert pressure.trades == 1


def test_a_book_of_a_new_minute_ends_the_old_ones_volume() -> None:
    pressure = Pressure()
    pressure.trade(T0, 2.0, bought=True)
    pressure.book(T0 + MINUTE_MS, bid=1.0, bid_size=1.0, ask=2.0, ask_size=1.0)
    assert (pressure.trades, pressure.bought) == (0, 0.0)


def test_each_lean_holds_until_the_next_update() -> None:
    # 0 for 4 s, then 0.5 for 3 s, then -0.5: the first window 0 0 0 0 0.5, the second 0.5 0.5 -0.5 -0.5 -0.5.
    pressure = leaning((0, 1, 1), (4_000, 3, 1), (7_000, 1, 3), (10_000, 1, 1))
    assert pressure.delta(T0 + 10_000) == pytest.approx((2 * 0.5 - 3 * 0.5) / 5 - 0.5 / 5)


def test_ten_seconds_must_be_seen() -> None:
    pressure = leaning((0, 1, 1), (9_999, 3, 1))
    assert pressure.delta(T0 + 9_999) is None
    assert pressure.delta(T0 + 10_000) == pytest.approx(0.5 / 5_000)
    assert Pressure().delta(T0) is None


@pytest.mark.parametrize("sizes", [(0.0, 1.0), (1.0, 0.0), (0.0, 0.0)])
def test_an_empty_side_makes_the_lean_undefined_for_ten_seconds(sizes: tuple[float, float]) -> None:
    pressure = leaning((0, 1, 1), (11_000, *sizes))
    assert pressure.delta(T0 + 11_000) is None
    pressure = leaning((0, 1, 1), (11_000, *sizes), (12_000, 1, 1))
    assert pressure.delta(T0 + 21_999) is None
    assert pressure.delta(T0 + 22_000) == 0.0


def test_a_late_book_changes_no_lean() -> None:
    pressure = leaning((0, 1, 1), (10_000, 1, 1), (9_000, 9, 1))
    assert pressure.delta(T0 + 20_000) == 0.0


rows = st.lists(st.tuples(st.integers(0, 900), st.integers(1, 9), st.integers(1, 9)), min_size=1, max_size=80)


@given(rows, st.integers(0, 3_000))
def test_the_delta_is_the_plain_time_weighted_difference(steps: list[tuple[int, int, int]], wait: int) -> None:
    pressure, at, seen = Pressure(), 0, {}
    for step, bid, ask in steps:
        at += step
        pressure.book(T0 + at, bid=1.0, bid_size=bid, ask=2.0, ask_size=ask)
        seen[at] = (bid - ask) / (bid + ask)
    now = at + wait

    def lean(ms: int) -> float:
        return seen[max(time for time in seen if time <= ms)]

    if now - 10_000 < min(seen):
        assert pressure.delta(T0 + now) is None
        return
    older = sum(lean(ms) for ms in range(now - 10_000, now - 5_000)) / 5_000
    newer = sum(lean(ms) for ms in range(now - 5_000, now)) / 5_000
    assert pressure.delta(T0 + now) == pytest.approx(newer - older, abs=1e-9)


def test_thousands_of_books_in_a_moment_are_kept_in_bounds() -> None:
    pressure = Pressure()
    for number in range(20_000):
        pressure.book(T0 + number * 10, bid=1.0, bid_size=1.0, ask=2.0, ask_size=1.0)
    assert len(pressure._times) < 6_000
    assert pressure.delta(T0 + 199_990) == 0.0


def watching() -> Flow:
    account = Account(profiles=(CFT, ORDERFLOW))
    strategies = {"cft": Rules8(), "orderflow": Orderflow()}
    instruments = {symbol: UNIVERSE[symbol].instrument() for symbol in (BTC, ETH)}
    candles = LiveCandles(needs(account, strategies), instruments, base_ms=MINUTE_MS)
    return Flow(candles, account, strategies)


def test_only_symbols_of_book_driven_profiles_are_watched() -> None:
    flow = watching()
    assert BTC in flow
    assert "XRPUSDT" not in flow


def test_an_interruption_forgets_trades_and_books() -> None:
    flow = watching()
    assert flow.tick(TradeTick(BTC, T0, 100.0, 1.0, True)) is None
    assert flow.tick(BookTick(BTC, T0, 99.0, 1.0, 101.0, 1.0)) is None
    flow.reset(T0 + 5_000)
    assert flow.pressures[BTC].trades == 0
    assert flow.pressures[BTC].delta(T0 + 20_000) is None


@pytest.mark.parametrize("resumed", [20_000, 80_000])
def test_a_minute_that_was_not_heard_whole_has_no_volume_and_the_next_one_has(resumed: int) -> None:
    pressure = Pressure()
    pressure.trade(T0, 1.0, bought=True)
    pressure.reset(T0 + resumed)
    for late in (5_000, 5_001):
        pressure.trade(T0 + resumed + late, 2.0, bought=True)
    inputs = FlowInputs(T0 + resumed + 6_000, pressure, {})
    assert [inputs.get(f"flow:{name}") for name in ("trades", "bought", "sold")] == [None] * 3
    following = T0 + resumed // MINUTE_MS * MINUTE_MS + MINUTE_MS
    pressure.trade(following, 3.0, bought=False)
    inputs = FlowInputs(following, pressure, {})
    assert [inputs.get(f"flow:{name}") for name in ("trades", "bought", "sold")] == [1.0, 0.0, 3.0]
