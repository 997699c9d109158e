"""Files that are ambiguous, unsound or too large: refused, with the place and the reason."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from engine.core.market import MINUTE_MS
from engine.datafiles import DataFileError, Limits, load_candles
from engine.validate import Check
from tests.support.series import walk, without
from tests.unit.market.files import CANDLES, PLAIN, cells, iso, write_csv


@pytest.mark.parametrize(
    ("header", "said"),
    [
        (("time", "open", "high", "low", "close", "turnover"), "no column for volume; columns seen: 'time', 'open'"),
        (("when", "open", "high", "low", "close", "volume"), "no column for time"),
        (("time", "open", "o", "low", "close", "volume"), "open could be 'open' and 'o': remove or rename one"),
    ],
)
def test_a_missing_column_is_named_with_the_columns_seen(tmp_path: Path, header: Sequence[str], said: str) -> None:
    with pytest.raises(DataFileError, match=said):
        load_candles(write_csv(tmp_path / "BTCUSDT_1m.csv", cells(), header=header))


def test_two_columns_for_one_thing_are_an_ambiguity(tmp_path: Path) -> None:
    rows = [[*row, "1"] for row in cells()]
    path = write_csv(tmp_path / "BTCUSDT_1m.csv", rows, header=(*PLAIN, "vol"))
    with pytest.raises(DataFileError, match="volume could be 'volume' and 'vol': remove or rename one"):
        load_candles(path)


def test_two_times_that_differ_are_an_ambiguity(tmp_path: Path) -> None:
    rows = [[iso(int(row[0]) + 1_000), *row] for row in cells()]
    with pytest.raises(DataFileError, match="time could be 'time' and 'date' and they differ"):
        load_candles(write_csv(tmp_path / "BTCUSDT_1m.csv", rows, header=("date", *PLAIN)))


@pytest.mark.parametrize(
    ("first", "said"),
    [("01/02/2022 00:00", "cannot be read"), ("12345", "none of s, ms, us, ns"), ("", "1 of 1 rows have no time")],
)
def test_a_time_that_could_mean_anything_is_refused(tmp_path: Path, first: str, said: str) -> None:
    rows = [[first, *row[1:]] for row in cells()[:1]]
    with pytest.raises(DataFileError, match=said):
        load_candles(write_csv(tmp_path / "BTCUSDT_1m.csv", rows))


def test_seconds_and_milliseconds_mixed_are_refused(tmp_path: Path) -> None:
    rows = cells()
    rows[3][0] = str(int(rows[3][0]) // 1_000)
    with pytest.raises(DataFileError, match="none of s, ms, us, ns"):
        load_candles(write_csv(tmp_path / "BTCUSDT_1m.csv", rows))


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("candles_1m.csv", "symbol is neither in a column nor in the name"),
        ("BTCUSDT_ETHUSDT_1m.csv", "symbol could be BTCUSDT, ETHUSDT"),
        ("BTCUSDT_5m.csv", "says 5m, the candles are 1m apart"),
        ("BTCUSDT_5m_1h.csv", "says 5m or 1h, the candles are 1m apart"),
    ],
)
def test_an_unclear_symbol_or_timeframe_is_refused(tmp_path: Path, name: str, said: str) -> None:
    with pytest.raises(DataFileError, match=said):
        load_candles(write_csv(tmp_path / "data" / name, cells()))


def test_one_candle_without_a_named_timeframe_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataFileError, match="says nothing, the candles are too few to tell"):
        load_candles(write_csv(tmp_path / "BTCUSDT.csv", cells()[:1]))


def test_a_given_symbol_that_the_file_contradicts_is_refused(tmp_path: Path) -> None:
    rows = [["ETHUSDT", *row] for row in cells()]
    with pytest.raises(DataFileError, match="asked for BTCUSDT, the file holds ETHUSDT"):
        load_candles(write_csv(tmp_path / "x_1m.csv", rows, header=("symbol", *PLAIN)), symbol="BTCUSDT")


@pytest.mark.parametrize(
    ("row", "column", "value", "said"),
    [
        (4, 2, "1.0", "does not contain the bar: 1 row, first at row 4"),
        (4, 4, "", "not a number: 1 row, first at row 4"),
        (4, 3, "-1", "not positive"),
        (4, 4, "n/a?", "cannot be read"),
        (4, 0, "1640995200001", "off the grid"),
        (5, 0, "1640995440000", "duplicate: 1 row, first at row 5"),
    ],
)
def test_unsound_rows_are_refused_with_their_place(
    tmp_path: Path, row: int, column: int, value: str, said: str
) -> None:
    rows = cells()
    rows[row][column] = value
    with pytest.raises(DataFileError, match=said):
        load_candles(write_csv(tmp_path / "BTCUSDT_1m.csv", rows))


def test_rows_in_another_order_are_sorted_and_repeated_ones_dropped_and_both_are_told(tmp_path: Path) -> None:
    rows = cells()[::-1]
    rows.insert(3, rows[2])
    (loaded,) = load_candles(write_csv(tmp_path / "BTCUSDT_1m.csv", rows))
    assert np.array_equal(loaded.columns.close, CANDLES.close)
    assert [(problem.check, problem.count) for problem in loaded.report] == [(Check.REPAIRED, 11), (Check.REPAIRED, 1)]


def test_gaps_outliers_and_empty_candles_are_reported(tmp_path: Path) -> None:
    rows = cells(without(walk(80), 10, 11, 30))
    rows[50][2], rows[60][5] = str(float(rows[50][2]) * 2), "0"
    (loaded,) = load_candles(write_csv(tmp_path / "BTCUSDT_1m.csv", rows))
    assert [(problem.check, problem.count, problem.row) for problem in loaded.report] == [
        (Check.GAP, 2, 10),
        (Check.OUTLIER, 1, 50),
        (Check.ZERO_VOLUME, 1, 60),
    ]


@pytest.mark.parametrize(
    ("limits", "said"),
    [
        (Limits(file_bytes=100), "bytes, the limit is 100"),
        (Limits(rows=11), "more than 11 rows"),
        (Limits(unpacked_bytes=100), "100 bytes unpacked"),
    ],
)
def test_a_file_beyond_the_limits_is_refused(tmp_path: Path, limits: Limits, said: str) -> None:
    with pytest.raises(DataFileError, match=said):
        load_candles(write_csv(tmp_path / "BTCUSDT_1m.csv", cells()), limits=limits)


def test_a_parquet_file_beyond_the_row_limit_is_refused_before_it_is_read(tmp_path: Path) -> None:
    pq.write_table(pa.table({"x": list(range(20))}), tmp_path / "BTCUSDT_1m.parquet")
    with pytest.raises(DataFileError, match="20 rows, the limit is 10"):
        load_candles(tmp_path / "BTCUSDT_1m.parquet", limits=Limits(rows=10))


@pytest.mark.parametrize(
    ("name", "values", "said"),
    [
        ("close", ["1", "two"], "column 'close': not numbers"),
        ("time", [[1], [2]], "column 'time': a time cannot be read"),
        ("time", [np.datetime64("2900-01-01", "s")] * 2, "column 'time': a time cannot be read"),
        ("time", [float("nan"), 1.0], "none of s, ms, us, ns"),
    ],
)
def test_a_parquet_column_of_the_wrong_kind_is_refused(
    tmp_path: Path, name: str, values: list[object], said: str
) -> None:
    table = {column: [1_640_995_200_000, 1_640_995_260_000] for column in PLAIN} | {name: values}
    pq.write_table(pa.table(table), tmp_path / "BTCUSDT_1m.parquet")
    with pytest.raises(DataFileError, match=said):
        load_candles(tmp_path / "BTCUSDT_1m.parquet")


def test_links_special_files_and_unknown_kinds_are_refused(tmp_path: Path) -> None:
    target = write_csv(tmp_path / "real" / "BTCUSDT_1m.csv", cells())
    (tmp_path / "BTCUSDT_1m.csv").symlink_to(target)
    (tmp_path / "notes.pdf").write_bytes(b"")
    (tmp_path / "folder.csv").mkdir()
    for name, said in (("BTCUSDT_1m.csv", "links are not followed"), ("notes.pdf", "not a kind of file")):
        with pytest.raises(DataFileError, match=said):
            load_candles(tmp_path / name)
    with pytest.raises(DataFileError, match="no data file"):
        load_candles(tmp_path / "folder.csv")


@pytest.mark.parametrize("content", [b"", b"\n\n", b"time,open,high,low,close,volume\n", b"\xff\xfe\x00\x01", b"PAR1"])
@pytest.mark.parametrize("suffix", [".csv", ".parquet", ".feather", ".csv.gz"])
def test_an_empty_or_garbled_file_is_refused(tmp_path: Path, content: bytes, suffix: str) -> None:
    path = tmp_path / f"BTCUSDT_1m{suffix}"
    path.write_bytes(content)
    with pytest.raises(DataFileError, match="BTCUSDT_1m"):
        load_candles(path, timeframe_ms=MINUTE_MS)
