"""The command line's contract: exit codes, one clear line on stderr, only JSON on stdout where JSON was asked for."""

import json
import socket
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest
import typer

from bot.cli import app
from engine.core.market import DAY_MS, MINUTE_MS
from engine.generator import Market
from engine.resample import resample
from tests.acceptance.support.demo import ENVIRONMENT, ROOT, Demo, command, until

pytestmark = pytest.mark.e2e
FIRST_MS = 1_700_006_400_000
BACKTEST = ("backtest", "--profile", "cft", "--symbol", "BTCUSDT")


def commands(of: typer.Typer, *above: str) -> Iterator[tuple[str, ...]]:
    """Every command and group of the command line, as words."""
    yield above
    for group in of.registered_groups:
        assert group.typer_instance is not None
        name = group.name or group.typer_instance.info.name
        yield from commands(group.typer_instance, *above, str(name))
    for leaf in of.registered_commands:
        assert leaf.callback is not None
        yield (*above, leaf.name or leaf.callback.__name__.replace("_", "-"))


def one_line(text: str) -> str:
    """The only line of a text."""
    assert "Traceback" not in text
    (line,) = text.strip().splitlines()
    return line


@pytest.mark.parametrize("words", sorted(set(commands(app))), ids=lambda words: " ".join(words) or "pocketdesk")
def test_every_command_explains_itself(words: tuple[str, ...]) -> None:
    told = command(*words, "--help")
    assert (told.returncode, told.stderr) == (0, "")
    assert told.stdout.lstrip().startswith("Usage: pocketdesk")


@pytest.mark.parametrize(
    "words",
    [
        ("nonsense",),
        ("demo", "--speed", "fast"),
        ("demo", "--port", "70000"),
        ("demo", "--initial-balance", "-5"),
        ("demo", "--replay", "no such file.csv"),
        ("db", "nonsense"),
        ("db", "backup"),
        ("health", "--nonsense"),
    ],
    ids=" ".join,
)
def test_bad_usage_ends_with_2_and_words(words: tuple[str, ...]) -> None:
    told = command(*words)
    assert (told.returncode, told.stdout) == (2, "")
    assert "Error" in told.stderr
    assert "Traceback" not in told.stderr


def test_the_console_script_and_the_module_are_the_same() -> None:
    # What an installed script does with its entry point, wherever the project is not installed.
    entry = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["scripts"]["pocketdesk"]
    module, _, function = entry.partition(":")
    line = f"from {module} import {function}; import sys; sys.exit({function}())"
    by_script = subprocess.run(
        [sys.executable, "-c", line, "--help"], capture_output=True, text=True, check=True, env=ENVIRONMENT, cwd=ROOT
    )
    assert by_script.stdout == command("--help").stdout
    version = command("--version")
    assert version.stdout.startswith("pocketdesk ")
    assert version.returncode == 0


def test_health_without_a_desk_fails_in_one_line_or_in_json(tmp_path: Path) -> None:
    told = command("health", "--state", str(tmp_path))
    assert (told.returncode, told.stdout) == (1, "")
    assert one_line(told.stderr).startswith("pocketdesk: not well: no desk has written")
    told = command("health", "--state", str(tmp_path), "--json")
    assert (told.returncode, told.stderr) == (1, "")
    assert json.loads(told.stdout)["healthy"] is False


def test_a_running_desk_is_well_and_its_database_sound(demo: Demo, tmp_path: Path) -> None:
    state = str(demo.state)
    told = command("health", "--state", state, "--json")
    assert (told.returncode, told.stderr) == (0, "")
    said = json.loads(told.stdout)
    assert (said["healthy"], said["mode"]) == (True, "paper")
    assert command("health", "--state", state).stdout.startswith("Well: paper")
    told = command("db", "check", "--state", state, "--json")
    assert (told.returncode, told.stderr) == (0, "")
    assert json.loads(told.stdout) == {"sound": True, "problems": []}
    copy = tmp_path / "copy.db"
    assert command("db", "backup", str(copy), "--state", state).returncode == 0
    assert copy.stat().st_size > 0


def test_a_broken_database_is_told_with_exit_code_1(tmp_path: Path) -> None:
    (tmp_path / "desk.db").write_bytes(b"not a database" * 1000)
    told = command("db", "check", "--state", str(tmp_path), "--json")
    assert told.returncode == 1
    said = json.loads(told.stdout)
    assert said["sound"] is False
    assert said["problems"]


def test_a_second_desk_on_the_same_state_is_refused(demo: Demo) -> None:
    told = command("demo", "--no-browser", "--port", "0", "--state", str(demo.state))
    assert (told.returncode, told.stdout) == (1, "")
    assert f"process {demo.process_id} already runs this desk" in one_line(told.stderr)


def test_a_port_in_use_is_told_in_one_line(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        told = command("demo", "--no-browser", "--port", str(port), "--state", str(tmp_path))
    assert (told.returncode, told.stdout) == (1, "")
    line = one_line(told.stderr)
    assert line.startswith("pocketdesk: ")
    assert str(port) in line


@pytest.fixture
def candles(tmp_path: Path) -> Path:
    """Eight days of generated five-minute candles as a CSV file."""
    minutes = Market(7).candles("BTCUSDT", start_ms=FIRST_MS, end_ms=FIRST_MS + 8 * DAY_MS)
    bars = resample(minutes, timeframe_ms=5 * MINUTE_MS)
    columns = (bars.time, bars.open, bars.high, bars.low, bars.close, bars.volume)
    rows = (",".join(str(value) for value in row) for row in zip(*(c.tolist() for c in columns), strict=True))
    path = tmp_path / "BTCUSDT.csv"
    path.write_text("\n".join(("timestamp,open,high,low,close,volume", *rows)) + "\n")
    return path


def test_recorded_candles_are_replayed_to_their_end_and_the_desk_stays(candles: Path, tmp_path: Path) -> None:
    with Demo(tmp_path / "state", "--replay", str(candles), "--initial-balance", "5000", speed="max") as demo:
        assert "replayed prices, as fast as possible" in demo.said("The desk is ready")
        trades = until(lambda: demo.rows("select symbol from trades"), "trade of the replay")
        assert set(trades) == {("BTCUSDT",)}
        started = demo.sim.ask("/balance", "Started with")["text"]
        assert Decimal("5000") == Decimal(started.partition("Started with")[2].split()[0].replace(",", ""))
        assert demo.interrupt() == 0
        assert "Traceback" not in demo.output


def test_unreadable_candles_end_the_start_in_one_line(tmp_path: Path) -> None:
    broken = tmp_path / "candles.csv"
    broken.write_text("timestamp,open\n1,2\n")
    told = command("demo", "--no-browser", "--port", "0", "--state", str(tmp_path / "s"), "--replay", str(broken))
    assert told.returncode == 1
    assert "candles.csv" in one_line(told.stderr)


def test_a_backtest_prints_only_json_when_asked(candles: Path, tmp_path: Path) -> None:
    told = command(*BACKTEST, "--data", str(candles), "--out", str(tmp_path / "out"), "--json", timeout_s=60)
    assert told.returncode == 0, told.stderr
    assert isinstance(json.loads(told.stdout), dict)
    assert any((tmp_path / "out").iterdir())


@pytest.mark.parametrize(
    ("option", "value"), [("--profile", "nonsense"), ("--symbol", "NONSENSE"), ("--from", "someday")]
)
def test_a_backtest_that_cannot_be_run_says_why(candles: Path, option: str, value: str) -> None:
    told = command(*BACKTEST, "--data", str(candles), option, value)
    assert told.returncode in {1, 2}
    assert told.stdout == ""
    assert value in told.stderr
    assert "Traceback" not in told.stderr
