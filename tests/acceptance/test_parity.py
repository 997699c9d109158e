"""A live desk fed the same bars as a backtest does exactly the same: orders, fills, funding, trades, wallet."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from engine import presets
from engine.backtest import Request, Result, run
from engine.candles import Columns
from engine.core.events import Executed
from engine.core.market import DAY_MS, MINUTE_MS
from engine.core.money import to_money
from engine.core.profile import Account, Profile, Protection, SizeMode, Sizing
from engine.datafiles import load_candles
from engine.exchanges.simulated import Terms
from engine.generator import Market
from engine.strategies.registry import build
from engine.universe import UNIVERSE
from tests.support.lockstep import Played, Session, play

WALLET = to_money(5_000)
WEEKS = 3


def session(profiles: Sequence[Profile], data: Sequence[Columns]) -> Session:
    symbols = [columns.symbol for columns in data]
    return Session(
        account=account(profiles),
        strategies={profile.name: build(profile.strategy, {}) for profile in profiles},
        instruments={symbol: UNIVERSE[symbol].instrument() for symbol in symbols},
        data=data,
        wallet=WALLET,
        terms=Terms(),
    )


def account(profiles: Sequence[Profile]) -> Account:
    return presets.account(profiles)


def backtest(given: Session) -> Result:
    return run(
        Request(
            account=given.account,
            strategies=given.strategies,
            instruments=given.instruments,
            data={columns.symbol: columns for columns in given.data},
            start_ms=min(int(columns.time[0]) for columns in given.data),
            end_ms=max(int(columns.time[-1]) + columns.timeframe_ms for columns in given.data),
            wallet=given.wallet,
            terms=given.terms,
        )
    )


def fill_row(event: Executed) -> tuple[object, ...]:
    return event.symbol, event.buy, event.qty, event.price, event.fee, event.kind, event.at_ms, event.link_id


def assert_same(live: Played, past: Result) -> None:
    assert [fill_row(event) for event in live.executions] == [fill_row(fill.event) for fill in past.fills]
    assert live.trades == list(past.trades)
    assert [fact.amount for fact in live.funding] == [fact.amount for fact in past.funding]
    assert len(past.trades) > 20


@pytest.mark.timeout(180)
def test_weeks_of_real_candles_give_the_same_ledger_live_and_in_a_backtest(market_data: Path) -> None:
    whole = load_candles(market_data / "bybit_linear" / "kline_5m" / "BTCUSDT.parquet")[0].columns
    given = session([replace(presets.CFT, symbols=("BTCUSDT",))], [whole.rows(0, WEEKS * 7 * 288)])
    assert_same(play(given), backtest(given))


@pytest.mark.timeout(180)
def test_two_profiles_on_several_symbols_give_the_same_ledger_live_and_in_a_backtest() -> None:
    market, begin = Market(7), 20_000 * DAY_MS
    symbols = ("BTCUSDT", "SOLUSDT", "XRPUSDT")
    data = [market.candles(symbol, start_ms=begin, end_ms=begin + 8 * DAY_MS) for symbol in symbols]
    profiles = [replace(presets.CFT, symbols=symbols), presets.MA_CROSS]
    given = session(profiles, data)
    assert_same(play(given), backtest(given))


@pytest.mark.timeout(180)
def test_averages_that_cross_often_give_the_same_ledger_live_and_in_a_backtest() -> None:
    market, begin = Market(11), 20_000 * DAY_MS
    symbols = ("ETHUSDT", "BTCUSDT")
    data = [market.candles(symbol, start_ms=begin, end_ms=begin + 8 * DAY_MS) for symbol in symbols]
    given = session([replace(presets.SHORTSELLER, symbols=symbols)], data)
    quick = build("shortseller", {"fast": 6, "slow": 15, "reenter": True, "max_hours": 2})
    given = replace(given, strategies={"shortseller": quick})
    assert_same(play(given), backtest(given))


@pytest.mark.timeout(180)
def test_a_trailing_breakout_in_bitcoins_trend_gives_the_same_ledger_live_and_in_a_backtest() -> None:
    market, begin = Market(7), 20_000 * DAY_MS
    symbols = ("BTCUSDT", "SOLUSDT", "ETHUSDT")
    data = [market.candles(symbol, start_ms=begin, end_ms=begin + 10 * DAY_MS) for symbol in symbols]
    sized = Sizing(mode=SizeMode.NOTIONAL, amount=to_money(1_000))
    traded = replace(
        presets.MOMENTUM,
        symbols=symbols[1:],
        timeframe=5 * MINUTE_MS,
        limits=(),
        sizing=sized,
        max_positions=2,
        protection=Protection(exchange_trail_ppm=3_000),
    )
    loose = {"widths": 40, "compression": 80, "volume_ratio": 0.8, "btc_days": 2, "btc_filter_missing": "allow"}
    given = replace(session([traded], data), strategies={"momentum": build("momentum", loose)})
    past = backtest(given)
    assert_same(play(given), past)
    assert sum(trade.reason == "trailing" for trade in past.trades) > 5
