"""Golden runs of the order-flow strategy on generated ticks, its inputs on recorded ones too, by whole columns."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from engine import presets
from engine.backtest import Request
from engine.candles import Bar
from engine.core.events import BookMoved
from engine.core.market import DAY_MS, MINUTE_MS
from engine.core.money import from_money, to_money
from engine.core.profile import Runaway
from engine.datafiles import load_candles
from engine.datafiles_ticks import Book, Trades, load_book, load_trades
from engine.feed_ticks import minutes
from engine.flow import Flow, FlowInputs, Pressure
from engine.generator import Market
from engine.generator_flow import generated_flow
from engine.marketdata import LiveCandles
from engine.plan import needs
from engine.replay import BookTick, TradeTick, replay_ticks
from engine.strategies.orderflow import Orderflow
from engine.universe import UNIVERSE
from tests.acceptance.plain import flow, golden
from tests.acceptance.plain.candles import read
from tests.acceptance.plain.record import Recorded, record
from tests.acceptance.plain.rules import Grid
from tests.acceptance.plain.tick_loop import TickLoop

SYMBOL, DAYS = "SOLUSDT", 2
START = 20_000 * DAY_MS
RULES = UNIVERSE[SYMBOL].instrument()
STRATEGY = Orderflow()
# How much of the stop distance costs may be: as shipped, where all is refused; so much that some is; no matter.
SHARES = {"preset": 300_000, "wide": 800_000, "free": None}


@cache
def generated() -> tuple[Trades, Book]:
    _, trades, book = generated_flow(Market(7), SYMBOL, start_ms=START, end_ms=START + DAYS * DAY_MS)
    return trades, book


def ticks(trades: Trades, book: Book) -> flow.Ticks:
    return flow.Ticks(
        traded=trades.time,
        price=trades.price,
        quantity=trades.quantity,
        bought=trades.bought,
        quoted=book.time,
        bid=book.bid,
        bid_size=book.bid_size,
        ask=book.ask,
        ask_size=book.ask_size,
    )


def asked(share: int | None) -> Request:
    trades, book = generated()
    made = minutes(trades)
    assert made is not None
    # Loss limits and the runaway guard are out of the way: on generated ticks they would end the run early.
    profile = replace(presets.ORDERFLOW, symbols=(SYMBOL,), max_cost_share_ppm=share, limits=())
    return Request(
        account=replace(presets.account([profile]), limits=(), runaway=Runaway(notional_a_day=10_000)),
        strategies={"orderflow": STRATEGY},
        instruments={SYMBOL: RULES},
        data={SYMBOL: made},
        start_ms=int(trades.time[0]),
        end_ms=int(trades.time[-1]) + 1,
        wallet=to_money(10_000),
        ticks=(trades, book),
    )


@dataclass(frozen=True, slots=True)
class Twice:
    """One run as the engine and as the plain loop did it."""

    name: str
    engine: Recorded
    plain: TickLoop


@pytest.fixture(scope="module", params=SHARES)
def twice(request: pytest.FixtureRequest) -> Twice:
    share = SHARES[request.param]
    plain = TickLoop(SYMBOL, Grid(RULES.tick, RULES.step, RULES.min_qty), to_money(10_000), share or 0)
    plain.run(ticks(*generated()))
    return Twice(request.param, record(asked(share)), plain)


def test_signals_are_those_of_whole_columns_and_are_refused_by_the_same_checks(twice: Twice) -> None:
    assert twice.engine.told == twice.plain.told
    expected = {"preset": {"cost"}, "wide": {"cost", "margin", ""}, "free": {"margin", ""}}
    assert {told.check for told in twice.plain.told} == expected[twice.name]
    assert {told.side for told in twice.plain.told} == {"long", "short"}


def test_trades_are_those_of_the_plain_loop_to_the_cent(twice: Twice) -> None:
    found, expected = twice.engine.trips, twice.plain.trips
    assert [(trip[:-1], golden.cents(trip.net)) for trip in found] == [
        (trip[:-1], golden.cents(trip.net)) for trip in expected
    ]
    assert {trip.why for trip in expected} == (set() if twice.name == "preset" else {"stop", "target"})
    assert f"{twice.engine.result.final_equity:.2f}" == f"{from_money(twice.plain.wallet):.2f}"


def test_the_run_on_ticks_is_the_golden_one(twice: Twice) -> None:
    found = twice.engine
    golden.check(f"orderflow_{twice.name}", golden.written(found.told, found.trips, found.result.final_equity))


def moved(trades: Trades, book: Book) -> Iterator[tuple[int, BookMoved | None]]:
    """What the engine makes of every update of the book."""
    account = asked(None).account
    candles = LiveCandles(needs(account, {"orderflow": STRATEGY}), {SYMBOL: RULES}, base_ms=MINUTE_MS)
    watched = Flow(candles, account, {"orderflow": STRATEGY})
    made = minutes(trades)
    assert made is not None
    for row in replay_ticks([made, trades, book]):
        if isinstance(row, Bar):
            candles.on_bar(row)
        elif isinstance(row, TradeTick):
            watched.tick(row)
        else:
            yield row.time_ms, watched.tick(row)


def test_at_every_update_of_the_book_the_engine_wants_what_whole_columns_want() -> None:
    trades, book = generated()
    columns = ticks(trades, book)
    made = flow.minutes(columns)
    wish, atr, change = flow.wishes(columns, made), flow.simple_atr(made, book.time), flow.delta(columns)
    count, bought, sold = flow.volumes(columns)
    found = list(moved(trades, book))
    assert [event is not None for _, event in found] == (wish != 0).tolist()
    assert 300 < np.count_nonzero(wish) < len(wish) / 10
    for row, event in enumerate(event for _, event in found):
        if event is not None:
            get = event.inputs.get
            assert get("flow:trades") == count[row]
            values = [get(name) for name in ("flow:bought", "flow:sold", "flow:delta", "1m:atrmean14")]
            assert values == pytest.approx([bought[row], sold[row], change[row], atr[row]], rel=1e-8, abs=1e-9)


def recorded(folder: Path) -> flow.Ticks:
    """Five minutes of recorded trades and quotes, read with pandas alone."""
    book = pd.read_parquet(folder / "binance_usdm_btcusdt_20240719_l1.parquet")
    trades = pd.read_parquet(folder / "binance_usdm_btcusdt_20240719_trades.parquet")
    return flow.Ticks(
        traded=trades["trade_ms"].to_numpy(),
        price=trades["price"].to_numpy(),
        quantity=trades["qty"].to_numpy(),
        bought=(trades["taker_side"] == "Buy").to_numpy(),
        quoted=book["tx_ms"].to_numpy(),
        bid=book["bid"].to_numpy(),
        bid_size=book["bid_qty"].to_numpy(),
        ask=book["ask"].to_numpy(),
        ask_size=book["ask_qty"].to_numpy(),
    )


def test_on_recorded_ticks_volumes_and_book_are_those_of_whole_columns(market_data: Path) -> None:
    folder = market_data / "ticks"
    columns = recorded(folder)
    trades = load_trades(folder / "binance_usdm_btcusdt_20240719_trades.parquet")
    book = load_book(folder / "binance_usdm_btcusdt_20240719_l1.parquet")
    count, bought, sold = flow.volumes(columns)
    pressure, found, changes, rows = Pressure(), [], [], []
    for row in replay_ticks([trades, book]):
        if isinstance(row, TradeTick):
            pressure.trade(row.time_ms, row.quantity, bought=row.bought)
            continue
        assert isinstance(row, BookTick)
        pressure.book(row.time_ms, bid=row.bid, bid_size=row.bid_size, ask=row.ask, ask_size=row.ask_size)
        found.append((pressure.trades, pressure.bought, pressure.sold, pressure.bid, pressure.ask))
        # A change is a sum over thousands of updates: every 25th is enough.
        if len(found) % 25 == 0:
            rows.append(len(found) - 1)
            changes.append(pressure.delta(row.time_ms))
    expected = np.column_stack([count, bought, sold, columns.bid, columns.ask])
    np.testing.assert_allclose(np.array(found), expected, rtol=1e-8, atol=1e-9)
    got = np.array([np.nan if change is None else change for change in changes])
    np.testing.assert_allclose(got, flow.delta(columns)[rows], rtol=1e-8, atol=1e-9)
    assert len(found) > 45_000
    assert np.count_nonzero(np.abs(got) >= 0.1) > 100
    assert np.isnan(got).any()


def test_on_recorded_ticks_the_minutes_are_those_of_whole_columns(market_data: Path) -> None:
    made = minutes(load_trades(market_data / "ticks" / "binance_usdm_btcusdt_20240719_trades.parquet"))
    expected = flow.minutes(recorded(market_data / "ticks"))
    assert made is not None
    assert (made.time + MINUTE_MS).tolist() == expected.index.tolist()
    for name in ("open", "high", "low", "close", "volume"):
        assert getattr(made, name) == pytest.approx(expected[name].to_numpy(), rel=1e-12)


def test_on_recorded_minutes_trend_and_range_are_those_of_whole_columns(market_data: Path) -> None:
    path = market_data / "binance_usdm" / "kline_1m" / "SOLUSDT.parquet"
    (loaded,) = load_candles(path)
    account = asked(None).account
    candles = LiveCandles(needs(account, {"orderflow": STRATEGY}), {SYMBOL: RULES}, base_ms=MINUTE_MS)
    frame = read(path).iloc[: 2 * DAY_MS // MINUTE_MS]
    at = frame.index.to_numpy()
    found = []
    for row in range(len(frame)):
        candles.on_bar(loaded.columns.bar(row))
        inputs = FlowInputs(int(at[row]), Pressure(), candles.read(SYMBOL, MINUTE_MS))
        found.append((STRATEGY.trend(inputs), inputs.get("1m:atrmean14")))
    assert [trend for trend, _ in found] == flow.trend(frame, at).tolist()
    ranges = [np.nan if atr is None else atr for _, atr in found]
    np.testing.assert_allclose(ranges, flow.simple_atr(frame, at), rtol=1e-8)
    assert {trend for trend, _ in found} == {-1, 0, 1}
