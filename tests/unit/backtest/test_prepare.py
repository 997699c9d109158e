"""What a person asks a backtest for becomes a request, or an error that says what is wrong and what to do."""

from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from engine.backtest import BacktestError
from engine.backtest.prepare import Prepared, Wish, prepare
from engine.candles import Columns
from engine.core.market import DAY_MS, HOUR_MS, MINUTE_MS
from engine.core.money import to_money
from engine.core.profile import SizeMode
from engine.core.strategy import Away
from engine.strategies.rules8 import Rules8
from tests.support.series import START_MS, walk

ROWS = 3_000


def written(folder: Path, columns: Columns, name: str) -> Path:
    rows = zip(columns.time, columns.open, columns.high, columns.low, columns.close, columns.volume, strict=True)
    lines = [",".join(str(value) for value in row) for row in rows]
    path = folder / name
    path.write_text("\n".join(["time,open,high,low,close,volume", *lines]) + "\n", encoding="utf-8")
    return path


def candles(symbol: str = "BTCUSDT", *, minutes: int = 5, rows: int = ROWS, places: int = 2) -> Columns:
    columns = walk(rows, symbol=symbol, timeframe_ms=minutes * MINUTE_MS)
    prices = {name: getattr(columns, name).round(places) for name in ("open", "high", "low", "close")}
    return Columns.from_raw(replace(columns.raw(), **prices), symbol=symbol, timeframe_ms=minutes * MINUTE_MS)


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return written(tmp_path_factory.mktemp("data"), candles(), "BTCUSDT_5m.csv")


def asked(path: Path, **settings: Any) -> Prepared:
    return prepare(Wish(**{"profile": "cft", "data": (path,), **settings}))


def test_a_file_alone_is_run_from_its_first_to_its_last_candle(file: Path) -> None:
    request = asked(file).request
    assert list(request.data) == ["BTCUSDT"]
    assert request.start_ms == START_MS
    assert request.end_ms == START_MS + ROWS * 5 * MINUTE_MS
    assert request.wallet == to_money(5_000)


def test_candles_before_the_start_only_warm_up(file: Path) -> None:
    prepared = asked(file, since="2022-01-08", until="2022-01-09T12:00")
    request = prepared.request
    assert request.start_ms == START_MS + 7 * DAY_MS
    assert request.end_ms == START_MS + 8 * DAY_MS + 12 * HOUR_MS
    assert int(request.data["BTCUSDT"].time[0]) == START_MS
    assert int(request.data["BTCUSDT"].time[-1]) < request.end_ms
    assert not any("no decision before" in note for note in prepared.notes)


def test_too_little_history_before_the_start_is_told(file: Path) -> None:
    notes = asked(file, since="2022-01-02").notes
    assert any(note.startswith("BTCUSDT: no decision before 2022-01-05T09:15") for note in notes)


def test_costs_are_given_in_percent(file: Path) -> None:
    request = asked(file, fee_percent=Decimal("0.1"), slippage_percent=Decimal("0.05")).request
    assert (request.terms.taker_e8, request.terms.slippage_ppm) == (100_000, 500)
    assert (request.account.taker_e8, request.account.slippage_ppm) == (100_000, 500)
    free = asked(file, fee_percent=Decimal(0), slippage_percent=Decimal(0)).request
    assert (free.terms.taker_e8, free.terms.maker_e8, free.terms.slippage_ppm) == (0, 0, 0)


def test_settings_change_strategy_profile_and_limits(file: Path) -> None:
    texts = ("oversold=25", "fast=40", "stop=0.8", "target=off", "equity_risk=1", "leverage=3", "cooldown=off")
    more = ("max_age=72", "losing_after=off", "breakeven=1", "limit.daily_equity=-3", "timeframe=5m", "min_rr=1.5")
    prepared = asked(file, settings=(*texts, *more))
    profile = prepared.request.account.profiles[0]
    assert prepared.request.strategies["cft"] == Rules8(oversold=25.0, fast=40)
    assert (profile.stop, profile.target, profile.leverage) == (Away(8_000), None, 3)
    assert (profile.sizing.mode, profile.sizing.ppm) == (SizeMode.EQUITY_RISK, 10_000)
    assert (profile.cooldown.length_ms, profile.timeframe, profile.min_rr_ppm) == (0, 5 * MINUTE_MS, 1_500_000)
    assert (profile.protection.max_age_ms, profile.protection.losing_after_ms) == (72 * HOUR_MS, None)
    assert profile.protection.breakeven_ppm == 10_000
    assert {spec.name: spec.threshold for spec in profile.limits}["daily_equity"] == -30_000
    assert prepared.config["set.stop"] == "0.8"


def test_money_limits_are_given_in_money(file: Path, tmp_path: Path) -> None:
    path = written(tmp_path, candles("XRPUSDT", minutes=1), "XRPUSDT_1m.csv")
    profile = asked(path, profile="ma_cross", settings=("limit.total_loss=20", "notional=50")).request.account.profiles[
        0
    ]
    assert {spec.name: spec.threshold for spec in profile.limits}["total_loss"] == to_money(-20)
    assert profile.sizing.amount == to_money(50)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"profile": "ctf"}, "there is no profile 'ctf'; did you mean 'cft'?"),
        ({"profile": "zzz"}, "there are: cft, lx, ma_cross, shortseller"),
        ({"settings": ("stopp=1",)}, "there is no setting 'stopp'; did you mean 'stop'?"),
        ({"settings": ("stop",)}, "setting 'stop': write it as name=value"),
        (
            {"settings": ("stop=wide",)},
            "setting stop = 'wide' (% of entry) cannot be used: allowed are 0.01 to 95, off",
        ),
        ({"settings": ("stop=-1",)}, "setting stop = '-1' (% of entry) cannot be used: allowed are 0.01 to 95, off"),
        (
            {"settings": ("leverage=0",)},
            "setting leverage = '0' (×) cannot be used: allowed are whole numbers 1 to 200",
        ),
        (
            {"settings": ("timeframe=7m",)},
            "setting timeframe = '7m' (length) cannot be used: allowed are 1m, 3m, 5m, 15m",
        ),
        ({"settings": ("timeframe=1m",)}, "cft needs 1m candles, or finer ones of one length"),
        ({"since": "yesterday"}, "--from 'yesterday': write a date like"),
        ({"since": "2022-01-09", "until": "2022-01-08"}, "is empty: --to must lie after --from"),
        ({"since": "2030-01-01"}, "no candles from 2030-01-01T00:00"),
        ({"until": "2010-01-01"}, "no candles before 2010-01-01T00:00"),
        ({"balance": Decimal(0)}, "--initial-balance 0: an amount above zero is needed"),
        ({"fee_percent": Decimal(55)}, "--fee 55: percent from 0 to 5 are needed"),
        ({"slippage_percent": Decimal(-1)}, "--slippage -1: percent"),
        ({"symbols": ("XRPUSDT",)}, "no candles of XRPUSDT; found none"),
        ({"data": (Path("absent.csv"),)}, "absent.csv: there is no such file or folder"),
        ({"funding": Path("absent.csv")}, "--funding:"),
    ],
)
def test_a_mistake_is_named_with_what_to_do(file: Path, settings: dict[str, Any], said: str) -> None:
    with pytest.raises(BacktestError) as caught:
        asked(file, **settings)
    assert said in str(caught.value)


def test_a_folder_gives_the_symbols_of_the_profile_it_holds(tmp_path: Path) -> None:
    for symbol in ("SOLUSDT", "BTCUSDT"):
        written(tmp_path, candles(symbol, rows=900), f"{symbol}_5m.csv")
    assert list(asked(tmp_path).request.data) == ["BTCUSDT", "SOLUSDT"]
    assert list(asked(tmp_path, symbols=("SOLUSDT",)).request.data) == ["SOLUSDT"]
    with pytest.raises(BacktestError, match="XRPUSDT"):
        asked(tmp_path, symbols=("XRPUSDT",))


def test_the_finest_candles_common_to_all_symbols_are_taken(tmp_path: Path) -> None:
    for symbol, minutes in (("BTCUSDT", 1), ("BTCUSDT", 5), ("ETHUSDT", 5)):
        written(tmp_path, candles(symbol, minutes=minutes, rows=900), f"{symbol}_{minutes}m.csv")
    assert {c.timeframe_ms for c in asked(tmp_path).request.data.values()} == {5 * MINUTE_MS}
    assert asked(tmp_path, symbols=("BTCUSDT",)).request.data["BTCUSDT"].timeframe_ms == MINUTE_MS


def test_grids_of_an_unknown_symbol_are_read_off_the_data(tmp_path: Path) -> None:
    path = written(tmp_path, candles("PEPEUSDT", places=4), "PEPEUSDT_5m.csv")
    prepared = asked(path)
    instrument = prepared.request.instruments["PEPEUSDT"]
    assert (instrument.tick, instrument.step) == (Decimal("0.0001"), Decimal("0.001"))
    assert any("tick 0.0001 and step 0.001 were read off the data" in note for note in prepared.notes)
    given = asked(path, tick=Decimal("0.01"), step=Decimal(1)).request.instruments["PEPEUSDT"]
    assert (given.tick, given.step) == (Decimal("0.01"), Decimal(1))
    with pytest.raises(BacktestError, match="finer than 1e-8; give a coarser --tick or --step"):
        asked(path, tick=Decimal("0.00001"), step=Decimal("0.00001"))


def test_a_known_symbol_keeps_its_rules_on_another_grid(file: Path) -> None:
    prepared = asked(file)
    assert prepared.request.instruments["BTCUSDT"].tick == Decimal("0.1")
    assert any("prices finer than the tick 0.1 are rounded" in note for note in prepared.notes)
    finer = asked(file, tick=Decimal("0.01"), step=Decimal("0.0001")).request.instruments["BTCUSDT"]
    assert (finer.tick, finer.min_qty, finer.max_market_qty) == (Decimal("0.01"), 10, 1_000_000)


def test_recorded_funding_is_taken_by_symbol(file: Path, tmp_path: Path) -> None:
    path = tmp_path / "BTCUSDT.csv"
    path.write_text(f"time,funding_rate\n{START_MS},0.0001\n{START_MS + 8 * HOUR_MS},-0.00025\n", encoding="utf-8")
    rates = asked(file, funding=path).request.funding
    assert rates == {"BTCUSDT": {START_MS: 10_000, START_MS + 8 * HOUR_MS: -25_000}}
