"""`pocketdesk backtest` from the outside: figures, files, JSON alone on stdout, exit codes."""

import json
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner, Result

from bot.cli_backtest import backtest
from tests.unit.backtest.test_prepare import candles, written

FILES = {"metrics.json", "trades.csv", "fills.csv", "equity_curve.csv", "config.yaml", "summary.md"}


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return written(tmp_path_factory.mktemp("data"), candles(places=1), "BTCUSDT_5m.csv")


def call(*arguments: str) -> Result:
    app = typer.Typer(add_completion=False)
    app.command()(backtest)
    return CliRunner().invoke(app, arguments)


def test_it_prints_key_figures_and_writes_the_report(file: Path, tmp_path: Path) -> None:
    done = call("--data", str(file), "--profile", "cft", "--out", str(tmp_path / "report"))
    assert done.exit_code == 0, done.output
    assert "final equity" in done.stdout
    assert "max drawdown" in done.stdout
    assert {path.name for path in (tmp_path / "report").iterdir()} == FILES
    fills = (tmp_path / "report" / "fills.csv").read_text(encoding="utf-8").splitlines()
    assert fills[0].startswith("time_ms,symbol,side,quantity,price,fee")
    assert len(fills) > 3


def test_json_is_all_there_is_on_stdout(file: Path) -> None:
    done = call("--data", str(file), "--json", "--set", "stop=0.9", "--initial-balance", "7000")
    facts = json.loads(done.stdout)
    assert done.stderr == ""
    assert facts["config"]["set.stop"] == "0.9"
    assert facts["metrics"]["initial_balance"].startswith("7000")
    assert facts["metrics"]["efficiency"]["trades"] > 0


@pytest.mark.parametrize("wrong", [("--profile", "ctf"), ("--set", "stopp=1"), ("--from", "soon"), ("--fee", "99")])
def test_a_mistake_is_one_line_on_stderr_and_exit_code_2(file: Path, wrong: tuple[str, str]) -> None:
    done = call("--data", str(file), *wrong)
    assert (done.exit_code, done.stdout) == (2, "")
    assert done.stderr.startswith("pocketdesk: ")
    assert done.stderr.count("\n") == 1


def test_text_for_a_number_is_a_mistake_of_use(file: Path) -> None:
    assert call("--data", str(file), "--initial-balance", "much").exit_code == 2
    assert call().exit_code == 2


def test_a_report_that_cannot_be_written_is_a_failure(file: Path, tmp_path: Path) -> None:
    place = tmp_path / "taken"
    place.write_text("", encoding="utf-8")
    done = call("--data", str(file), "--out", str(place / "report"))
    assert done.exit_code == 1
    assert "the report cannot be written" in done.stderr
