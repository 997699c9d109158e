"""One file of candles in every common layout gives the same columns."""

import gzip
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pyarrow import feather

from engine.candles import Columns
from engine.core.market import MINUTE_MS
from engine.datafiles import load_candles
from tests.unit.market.files import CANDLES, PLAIN, cells, iso, write_csv


def only(path: Path, symbol: str | None = None) -> Columns:
    (loaded,) = load_candles(path, symbol=symbol)
    return loaded.columns


def assert_same(columns: Columns) -> None:
    assert (columns.symbol, columns.timeframe_ms) == ("BTCUSDT", MINUTE_MS)
    for ours, theirs in zip(columns.raw().columns(), CANDLES.raw().columns(), strict=True):
        assert np.array_equal(ours, theirs)


TIMES: dict[str, Callable[[int], object]] = {
    "ms": int,
    "s": lambda ms: ms // 1_000,
    "us": lambda ms: ms * 1_000,
    "ns": lambda ms: ms * 1_000_000,
    "float seconds": lambda ms: ms / 1_000,
    "iso": iso,
    "iso with Z": lambda ms: iso(ms).replace("+00:00", "Z"),
    "iso without zone": lambda ms: iso(ms)[:19],
    "space": lambda ms: iso(ms)[:16].replace("T", " "),
    "UTC in words": lambda ms: iso(ms)[:19].replace("T", " ") + " UTC",
    "other zone": lambda ms: iso(ms + 7_200_000)[:19] + "+02:00",
    "dots": lambda ms: iso(ms)[:19].replace("T", " ").replace("-", "."),
    "slashes": lambda ms: iso(ms)[:19].replace("T", " ").replace("-", "/"),
}


@pytest.mark.parametrize("kind", TIMES)
@pytest.mark.parametrize("header", [PLAIN, ()])
def test_every_form_of_time_is_understood_with_and_without_a_header(
    tmp_path: Path, kind: str, header: Sequence[str]
) -> None:
    assert_same(only(write_csv(tmp_path / "BTCUSDT_1m.csv", cells(time=TIMES[kind]), header=header)))


@pytest.mark.parametrize(
    "header",
    [
        ("timestamp", "Open", "High", "Low", "Close", "Volume"),
        ("open_time", "open", "high", "low", "close", "volume"),
        ("Open time", "o", "h", "l", "c", "v"),
        ("startTime", "openPrice", "highPrice", "lowPrice", "closePrice", "volume"),
        ("unix", "open", "high", "low", "close", "Volume BTC"),
        ("", "open", "high", "low", "close", "vol"),
    ],
)
def test_the_names_exchanges_give_their_columns_are_known(tmp_path: Path, header: Sequence[str]) -> None:
    assert_same(only(write_csv(tmp_path / "BTCUSDT-1m.csv", cells(), header=header)))


@pytest.mark.parametrize("mark", [";", "\t", "|"])
def test_other_delimiters_are_recognised(tmp_path: Path, mark: str) -> None:
    assert_same(only(write_csv(tmp_path / "BTCUSDT_1m.csv", cells(), mark=mark)))


def test_a_decimal_comma_is_recognised_between_semicolons(tmp_path: Path) -> None:
    rows = [[cell.replace(".", ",") for cell in row] for row in cells()]
    assert_same(only(write_csv(tmp_path / "BTCUSDT_1m.csv", rows, mark=";")))


def test_an_exchange_dump_without_a_header_and_with_more_columns_is_read(tmp_path: Path) -> None:
    rows = [[*row, str(int(row[0]) + 59_999), "1", "2", "3", "4", "0"] for row in cells()]
    assert_same(only(write_csv(tmp_path / "BTCUSDT-1m-2022-01.csv", rows, header=())))


@pytest.mark.parametrize("header", [("Date", "Time", "Open", "High", "Low", "Close", "Volume"), ()])
def test_date_and_time_in_two_columns_are_joined(tmp_path: Path, header: Sequence[str]) -> None:
    rows = [[iso(int(row[0]))[:10], iso(int(row[0]))[11:16], *row[1:]] for row in cells()]
    assert_same(only(write_csv(tmp_path / "BTCUSDT_1m.csv", rows, header=header)))


def test_a_close_time_alone_is_turned_into_the_open_time(tmp_path: Path) -> None:
    for last in (60_000, 59_999):
        rows = [[str(int(row[0]) + last), *row[1:]] for row in cells()]
        assert_same(only(write_csv(tmp_path / "BTCUSDT_1m.csv", rows, header=("close_time", *PLAIN[1:]))))


def test_two_time_columns_that_agree_are_one(tmp_path: Path) -> None:
    rows = [[row[0], iso(int(row[0])), *row[1:]] for row in cells()]
    header = ("unix", "date", *PLAIN[1:])
    assert_same(only(write_csv(tmp_path / "BTCUSDT_1m.csv", rows, header=header)))


def test_a_title_line_above_the_header_is_passed_over(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "BTCUSDT_1m.csv", cells())
    path.write_text("a title without any column\n" + path.read_text(encoding="utf-8"), encoding="utf-8")
    assert_same(only(path))


def test_a_packed_csv_is_unpacked(tmp_path: Path) -> None:
    plain = write_csv(tmp_path / "plain" / "x.csv", cells())
    packed = tmp_path / "BTCUSDT_1m.csv.gz"
    packed.write_bytes(gzip.compress(plain.read_bytes()))
    assert_same(only(packed))


@pytest.mark.parametrize("kind", [pa.timestamp("s", "UTC"), pa.timestamp("ms"), pa.timestamp("ns", "UTC"), pa.int64()])
def test_parquet_and_feather_give_the_same(tmp_path: Path, kind: pa.DataType) -> None:
    names = ("date", *PLAIN[1:])
    table = pa.table(dict(zip(names, CANDLES.raw().columns(), strict=True)))
    date = table.column("date") if kind == pa.int64() else table.column("date").cast(pa.timestamp("ms")).cast(kind)
    table = table.set_column(0, "date", date)
    pq.write_table(table, tmp_path / "BTCUSDT_1m.parquet")
    feather.write_feather(table, tmp_path / "BTCUSDT_1m.feather")
    assert_same(only(tmp_path / "BTCUSDT_1m.parquet"))
    assert_same(only(tmp_path / "BTCUSDT_1m.feather"))


def test_the_symbol_may_stand_in_a_column(tmp_path: Path) -> None:
    rows = [["BTC/USDT", *row] for row in cells()]
    assert_same(only(write_csv(tmp_path / "candles.csv", rows, header=("symbol", *PLAIN))))


def test_the_symbol_may_be_given(tmp_path: Path) -> None:
    assert_same(only(write_csv(tmp_path / "candles.csv", cells()), symbol="BTCUSDT"))
