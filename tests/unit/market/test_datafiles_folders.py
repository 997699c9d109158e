"""Folders of candle files: what belongs together, and what names tell."""

from pathlib import Path

import numpy as np
import pytest

from engine.core.market import MINUTE_MS
from engine.datafiles import DataFileError, Limits, load_candles
from engine.datafiles_names import symbols_in, timeframes_in
from engine.validate import Check
from tests.support.series import walk
from tests.unit.market.files import CANDLES, cells, write_csv

FIVE = 5 * MINUTE_MS


def tree(root: Path) -> Path:
    write_csv(root / "BTCUSDT" / "1m.csv", cells())
    write_csv(root / "BTCUSDT" / "5m.csv", cells(walk(9, timeframe_ms=FIVE)))
    write_csv(root / "ETHUSDT" / "1m.csv", cells(walk(7)))
    (root / "notes.md").write_text("not data", encoding="utf-8")
    return root


def test_a_tree_of_symbols_and_timeframes_is_loaded_whole(tmp_path: Path) -> None:
    found = [
        (each.columns.symbol, each.columns.timeframe_ms, len(each.columns)) for each in load_candles(tree(tmp_path))
    ]
    assert found == [("BTCUSDT", MINUTE_MS, 12), ("BTCUSDT", FIVE, 9), ("ETHUSDT", MINUTE_MS, 7)]


def test_symbol_and_timeframe_choose_among_the_files(tmp_path: Path) -> None:
    (loaded,) = load_candles(tree(tmp_path), symbol="BTCUSDT", timeframe_ms=FIVE)
    assert loaded.files == (tmp_path / "BTCUSDT" / "5m.csv",)
    with pytest.raises(DataFileError, match=r"no data file of SOLUSDT; files seen: BTCUSDT.1m\.csv"):
        load_candles(tmp_path, symbol="SOLUSDT")


def test_files_of_single_days_make_one_series(tmp_path: Path) -> None:
    first, second = CANDLES.rows(0, 5), CANDLES.rows(4, 12)
    write_csv(tmp_path / "BTCUSDT" / "2022-01-01_1m.csv", cells(first))
    write_csv(tmp_path / "BTCUSDT" / "2022-01-02_1m.csv", cells(second))
    (loaded,) = load_candles(tmp_path)
    assert np.array_equal(loaded.columns.close, CANDLES.close)
    assert len(loaded.files) == 2
    assert {problem.check for problem in loaded.report} == {Check.REPAIRED}


def test_links_in_a_folder_are_not_followed(tmp_path: Path) -> None:
    outside = tree(tmp_path / "outside")
    inside = tmp_path / "inside"
    write_csv(inside / "SOLUSDT" / "1m.csv", cells())
    (inside / "BTCUSDT").symlink_to(outside / "BTCUSDT")
    (inside / "SOLUSDT" / "5m.csv").symlink_to(outside / "BTCUSDT" / "5m.csv")
    assert [each.columns.symbol for each in load_candles(inside)] == ["SOLUSDT"]


def test_an_empty_folder_and_too_many_files_are_errors(tmp_path: Path) -> None:
    with pytest.raises(DataFileError, match="no data file; files seen: none"):
        load_candles(tmp_path)
    with pytest.raises(DataFileError, match="more than 2 data files"):
        load_candles(tree(tmp_path), limits=Limits(files=2))
    with pytest.raises(DataFileError, match="more than 20 rows; choose a symbol"):
        load_candles(tmp_path, limits=Limits(rows=20))


@pytest.mark.parametrize(
    ("path", "symbols", "minutes"),
    [
        ("data/BTCUSDT-5m-2025-01.csv", ("BTCUSDT",), (5,)),
        ("data/kline_1h/ETHUSDT.parquet", ("ETHUSDT",), (60,)),
        ("BTC/1m.csv", ("BTC",), (1,)),
        ("data/btc_usdt_15min.csv", ("BTCUSDT",), (15,)),
        ("data/exchange_usdm_btcusdt_20240719.csv", ("BTCUSDT",), ()),
        ("data/BTCUSDT_30d_1d.csv", ("BTCUSDT",), (1440,)),
        ("data/BTCUSDT-1M.csv", ("BTCUSDT",), ()),
        ("data/BTCUSDT_ETHUSDT_1m.csv", ("BTCUSDT", "ETHUSDT"), (1,)),
        ("data/candles.csv", (), ()),
    ],
)
def test_names_tell_symbol_and_timeframe(path: str, symbols: tuple[str, ...], minutes: tuple[int, ...]) -> None:
    assert symbols_in(Path(path)) == symbols
    assert timeframes_in(Path(path)) == tuple(length * MINUTE_MS for length in minutes)
