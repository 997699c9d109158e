"""The report folder: same input, same bytes; nothing a spreadsheet would run; trades and metrics come back from it."""

import csv
import json
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from engine.analytics.export import Cell, quoted, table, unquoted, written
from engine.analytics.metrics import Metrics, compute
from engine.analytics.rebuild import TradesFileError, read_trades, rebuild
from engine.analytics.report import Report, fills_csv, trades_csv, write_report
from engine.analytics.series import EquitySeries, closing_order, equity_of_trades
from tests.unit.analytics.samples import DAY, SIX, START

EVIL = '=HYPERLINK("http://evil.example","x")'
FILLS: tuple[dict[str, Cell], ...] = (
    {
        "time_ms": START,
        "symbol": "BTCUSDT",
        "side": "buy",
        "quantity": Decimal("1E-3"),
        "price": Decimal("-5"),
        "x": None,
    },
    {"time_ms": START + 1, "symbol": "+SUM(A1)", "side": "sell", "liquidity": "taker", "maker": False},
)


def metrics() -> Metrics:
    equity = equity_of_trades(SIX, initial_balance=Decimal(1000), start_ms=START)
    return compute(SIX, equity, initial_balance=Decimal(1000), start_ms=START, end_ms=START + 10 * DAY)


def report(**changes: object) -> Report:
    base = Report(
        title="cft on BTCUSDT",
        mode="BACKTEST",
        currency="USDT",
        metrics=metrics(),
        trades=SIX,
        fills=FILLS,
        equity=equity_of_trades(SIX, initial_balance=Decimal(1000), start_ms=START),
        config={"profile": "cft", "bybit": {"api_key": "k", "testnet": True}, "users": [{"token": "t", "id": 1}]},
    )
    return replace(base, **changes)  # type: ignore[arg-type] # fields of the report


def test_the_folder_holds_the_six_files_and_is_the_same_twice(tmp_path: Path) -> None:
    first, second = write_report(tmp_path / "a", report()), write_report(tmp_path / "b", report())
    assert [path.name for path in first] == [
        "metrics.json", "trades.csv", "fills.csv", "equity_curve.csv", "config.yaml", "summary.md",
    ]  # fmt: skip
    assert [path.read_bytes() for path in first] == [path.read_bytes() for path in second]
    assert json.loads(first[0].read_text())["profitability"]["net_profit"] == "19.25"


def test_trades_read_back_are_the_trades_written(tmp_path: Path) -> None:
    write_report(tmp_path, report())
    assert read_trades(tmp_path / "trades.csv") == tuple(closing_order(SIX))


def test_metrics_rebuilt_from_trades_alone_are_the_metrics_of_the_report(tmp_path: Path) -> None:
    write_report(tmp_path, report())
    found = rebuild(tmp_path / "trades.csv", initial_balance=Decimal(1000), start_ms=START, end_ms=START + 10 * DAY)
    assert found == metrics()


def test_a_rebuilt_period_counts_only_trades_closed_in_it(tmp_path: Path) -> None:
    write_report(tmp_path, report())
    found = rebuild(tmp_path / "trades.csv", initial_balance=Decimal(1000), end_ms=START + 2 * DAY)
    assert found.efficiency.trades == 2
    assert rebuild(tmp_path / "trades.csv", initial_balance=Decimal(1000)).start_ms == START


def test_no_text_cell_can_be_run_by_a_spreadsheet_and_numbers_stay_numbers(tmp_path: Path) -> None:
    trades = (replace(SIX[0], rule=EVIL, reason="@x", symbol="-1+1"),)
    write_report(tmp_path, report(trades=trades))
    with (tmp_path / "trades.csv").open(newline="") as file:
        row = next(csv.DictReader(file))
    assert row["rule"] == f"'{EVIL}"
    assert (row["reason"], row["symbol"]) == ("'@x", "'-1+1")
    assert row["mae"] == "0"
    assert read_trades(tmp_path / "trades.csv") == trades
    rows = list(csv.DictReader(fills_csv(FILLS).splitlines()))
    assert (rows[0]["price"], rows[0]["quantity"], rows[0]["x"]) == ("-5", "0.001", "")
    assert (rows[1]["symbol"], rows[1]["maker"]) == ("'+SUM(A1)", "false")


def test_the_summary_neither_breaks_its_tables_nor_carries_markup(tmp_path: Path) -> None:
    wild = "=a|b\n<script>alert(1)</script> [x](http://evil.example)"
    trades = (replace(SIX[0], rule=wild),)
    found = compute(trades, EquitySeries(), initial_balance=Decimal(1), start_ms=START, end_ms=START + DAY)
    write_report(tmp_path, report(metrics=found, notes=("3 trades were ambiguous.",)))
    text = (tmp_path / "summary.md").read_text()
    row = next(line for line in text.splitlines() if "alert" in line)
    assert row.startswith("| '=a\\|b &lt;script>")
    assert "](" not in text.replace("\\](", "")
    assert "> 3 trades were ambiguous." in text
    assert "| Max drawdown | – |" in text


def test_secrets_never_reach_the_configuration_file(tmp_path: Path) -> None:
    write_report(tmp_path, report())
    found = yaml.safe_load((tmp_path / "config.yaml").read_text())
    assert found == {"profile": "cft", "bybit": {"testnet": True}, "users": [{"id": 1}]}


def test_the_equity_file_reads_back_to_the_same_floats(tmp_path: Path) -> None:
    equity = EquitySeries(
        times_ms=np.array([START, START + 1]), equity=np.array([0.1 + 0.2, 1e9]), margin=np.array([0.0, 1 / 3])
    )
    write_report(tmp_path, report(equity=equity))
    with (tmp_path / "equity_curve.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [float(row["equity"]) for row in rows] == [0.1 + 0.2, 1e9]
    assert float(rows[1]["margin"]) == 1 / 3
    assert "exposure" not in rows[0]


@given(st.text(st.characters(codec="utf-8", exclude_characters="\r\n\0"), max_size=20))
def test_quoting_is_undone_exactly_and_never_leaves_a_formula(text: str) -> None:
    assert unquoted(quoted(text)) == text
    assert not quoted(text).startswith(("=", "+", "-", "@", "\t"))


@given(st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**12), max_value=10**12))
def test_decimals_are_written_without_an_exponent_and_read_back_equal(value: Decimal) -> None:
    assert "E" not in written(value)
    assert Decimal(written(value)) == value


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda text: text.replace("entry_ms", "entered", 1), "lacks the columns entry_ms"),
        (
            lambda text: text.replace(f",{START},", ",soon,", 1),
            "line 2, column entry_ms: expected a whole number, found 'soon'",
        ),
        (lambda text: text.replace("99.5", "NaN", 1), "column expected_entry: expected a decimal number, found 'NaN'"),
        (lambda text: text.replace("true", "yes", 1), "column long: expected true or false, found 'yes'"),
        (lambda text: text[: len(text.splitlines()[0]) + 20], "line 2: the line ends before column"),
        (lambda _: "", "it has none"),
    ],
)
def test_a_broken_trades_file_names_file_line_and_column(tmp_path: Path, change: object, words: str) -> None:
    assert callable(change)
    path = tmp_path / "trades.csv"
    path.write_text(change(trades_csv(SIX)))
    with pytest.raises(TradesFileError, match=words):
        read_trades(path)


def test_a_file_that_is_not_text_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "trades.csv"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(TradesFileError, match="not a CSV file in UTF-8"):
        read_trades(path)


def test_a_table_without_rows_is_its_header() -> None:
    assert table(("a", "b"), ()) == "a,b\n"
    assert fills_csv(()) == "time_ms,symbol,side,quantity,price,fee\n"
