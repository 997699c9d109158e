"""Strategies of the user: pinned, owned, timed, watched; and the worked example of the documentation as it stands."""

import hashlib
import pickle
import re
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from engine.backtest import run
from engine.backtest.prepare import Wish, prepare
from engine.backtest.request import BacktestError
from engine.core.market import MINUTE_MS
from engine.core.strategy import Enter, News
from engine.strategies.parameters import parameters
from engine.user_strategies import (
    Absent,
    Guarded,
    Source,
    StrategyFileError,
    build_user,
    check_pin,
    read_source,
)
from engine.watchdog import EXIT_CODE, Watchdog, note
from tests.support.desk import T0, Values
from tests.support.series import walk
from tests.unit.backtest.test_prepare import written as csv

ROOT = Path(__file__).resolve().parents[3]
PAGE = ROOT / "docs" / "write-a-strategy.md"
# Sleeping, failing or sane, as the close says.
MOODY = """
from dataclasses import dataclass
from time import sleep
from engine.core.strategy import Enter
@dataclass(frozen=True)
class Moody:
    needs = ("sma5",)
    rules = ()
    reverses = False
    def decide(self, inputs, held, off):
        close = inputs.get("close")
        if close == 1:
            sleep(0.06)
        if close == 2:
            return close / 0
        return Enter(True, "go")
    def candidates(self, columns):
        return None
STRATEGY = Moody
"""


def example() -> str:
    found = re.search(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert found is not None
    return found[1]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    place = tmp_path / "mine"
    place.mkdir(mode=0o700)
    return place


def written(folder: Path, code: str, name: str = "pullback") -> Path:
    path = folder / f"{name}.py"
    path.write_text(code, encoding="utf-8")
    path.chmod(0o600)
    return path


def watched(code: str, tmp_path: Path) -> tuple[Guarded, list[str]]:
    guarded = Guarded(Source(tmp_path / "moody.py", code.encode()), {})
    heard: list[str] = []
    guarded.told = heard.append
    guarded.watchdog = Watchdog(tmp_path)
    return guarded, heard


def test_the_worked_example_is_short_and_trades_in_a_backtest(folder: Path) -> None:
    assert len(example().splitlines()) < 40
    data = csv(folder, walk(40_000, seed=4, timeframe_ms=5 * MINUTE_MS), "BTCUSDT_5m.csv")
    wish = Wish(
        profile="cft",
        data=(data,),
        settings=("timeframe=1h", "low=35"),
        strategy_file=written(folder, example()),
    )
    prepared = prepare(wish)
    found = run(prepared.request)
    assert prepared.config["strategy"] == "pullback"
    assert len(found.trades) > 2
    assert {trade.rule for trade in found.trades} == {"pullback"}
    assert {trade.reason for trade in found.trades} & {"stop", "target", "RSI is high"}


def test_the_worked_example_decides_as_it_says(tmp_path: Path) -> None:
    strategy = build_user(Source(tmp_path / "pullback.py", example().encode()), {"low": 25})
    calm = {"rsi14": 24.9, "atr14": 2.0, "4h:close": 101.0, "4h:sma20": 100.0}
    decision = strategy.decide(Values(T0, calm), None, ())
    assert isinstance(decision, Enter)
    assert strategy.decide(Values(T0, calm | {"rsi14": 25.0}), None, ()) is None
    assert strategy.decide(Values(T0, calm | {"4h:close": 100.0}), None, ()) is None
    assert set(parameters(type(strategy))) == {"low", "high"}


def test_only_the_pinned_content_runs(folder: Path) -> None:
    path = written(folder, example())
    pin = hashlib.sha256(path.read_bytes()).hexdigest()
    check_pin(read_source(path), {"pullback.py": pin.upper()})
    with pytest.raises(StrategyFileError, match="is not pinned; add its sha256"):
        check_pin(read_source(path), {})
    path.write_text(example() + "# changed\n", encoding="utf-8")
    with pytest.raises(StrategyFileError, match="was changed"):
        check_pin(read_source(path), {"pullback.py": pin})


@pytest.mark.parametrize("mode", [0o620, 0o602])
def test_what_others_could_have_written_is_not_read(folder: Path, mode: int) -> None:
    path = written(folder, example())
    path.chmod(mode)
    with pytest.raises(StrategyFileError, match="others than the desk's user could write it"):
        read_source(path)
    path.chmod(0o600)
    folder.chmod(0o700 | mode & 0o077)
    with pytest.raises(StrategyFileError, match="mine: others"):
        read_source(path)
    folder.chmod(0o700)
    assert read_source(path).name == "pullback"
    with pytest.raises(StrategyFileError, match="No such file"):
        read_source(folder / "absent.py")


@pytest.mark.parametrize(
    ("code", "name", "words"),
    [
        ("x =", "mine", "SyntaxError"),
        ("import nothing_like_this", "mine", "ModuleNotFoundError"),
        ("1 / 0", "mine", "ZeroDivisionError"),
        ("x = 1", "mine", "must name its class"),
        ("STRATEGY = 5", "mine", "must name its class"),
        ("class A:\n    pass\nSTRATEGY = A", "mine", "dataclass"),
        (MOODY.replace('("sma5",)', '("smaa5",)'), "mine", "unknown indicator"),
        (MOODY, "rules8", "is a strategy of the desk"),
    ],
)
def test_a_file_that_makes_no_strategy_is_refused(tmp_path: Path, code: str, name: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        build_user(Source(tmp_path / f"{name}.py", code.encode()), {})


def test_a_parameter_that_is_not_allowed_is_named(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"pullback: low = 90 \(RSI\): allowed are 1 to 50"):
        build_user(Source(tmp_path / "pullback.py", example().encode()), {"low": 90})


def test_a_backtest_names_a_file_that_cannot_be_used(folder: Path) -> None:
    with pytest.raises(BacktestError, match="must name its class"):
        prepare(Wish(profile="cft", data=(folder,), strategy_file=written(folder, "x = 1")))
    with pytest.raises(BacktestError, match="No such file"):
        prepare(Wish(profile="cft", data=(folder,), strategy_file=folder / "absent.py"))


@pytest.mark.parametrize(("close", "why"), [(1.0, "a decision took"), (2.0, "it failed with ZeroDivisionError")])
def test_a_slow_or_failing_decision_disables_the_strategy(tmp_path: Path, close: float, why: str) -> None:
    guarded, heard = watched(MOODY, tmp_path)
    assert guarded.decide(Values(T0, {"close": 3.0}), None, ()) == Enter(True, "go")
    assert guarded.decide(Values(T0, {"close": close}), None, ()) is None
    assert guarded.decide(Values(T0, {"close": 3.0}), None, ()) is None
    assert guarded.disabled.startswith(why)
    assert heard == [guarded.disabled]
    assert guarded.watchdog is not None
    guarded.watchdog.close()


def test_news_of_a_users_strategy_are_told_and_a_failure_of_them_disables_it(tmp_path: Path) -> None:
    tells = "    def news(self, inputs):\n        return News('up', f'{1 / inputs.get(\"close\")}')\n    def candidates"
    code = MOODY.replace("    def candidates", tells).replace("import Enter", "import Enter, News")
    guarded, heard = watched(code, tmp_path)
    assert guarded.news(Values(T0, {"close": 4.0})) == News("up", "0.25")
    assert guarded.news(Values(T0, {"close": 0.0})) is None
    assert guarded.news(Values(T0, {"close": 4.0})) is None
    assert len(heard) == 1
    assert heard[0].startswith("its news failed with ZeroDivisionError")
    silent, _ = watched(MOODY, tmp_path)
    assert silent.news(Values(T0, {"close": 4.0})) is None
    for each in (guarded, silent):
        assert each.watchdog is not None
        each.watchdog.close()


def test_a_strategy_travels_to_another_process_as_its_file(tmp_path: Path) -> None:
    guarded = Guarded(Source(tmp_path / "moody.py", MOODY.encode()), {})
    copy = pickle.loads(pickle.dumps(guarded))  # noqa: S301  # its own
    assert copy.needs == guarded.needs == ("sma5",)
    assert copy.decide(Values(T0, {"close": 3.0}), None, ()) == Enter(True, "go")
    assert copy.candidates({}) is None


def test_what_hangs_is_noted_and_ends_the_process(tmp_path: Path) -> None:
    bitten: list[str] = []
    over = threading.Event()

    def bite(name: str) -> None:
        bitten.append(name)
        over.set()

    dog = Watchdog(tmp_path, hang_s=0.05, bite=bite)
    dog.begin("quick")
    dog.end()
    dog.begin("stuck")
    assert over.wait(10)
    dog.close()
    assert bitten == ["stuck"]
    assert note(tmp_path, "stuck").exists()
    assert not note(tmp_path, "quick").exists()


def test_a_loop_without_end_is_ended_loudly(tmp_path: Path) -> None:
    code = (
        "from pathlib import Path\nfrom engine.watchdog import Watchdog\n"
        f"Watchdog(Path({str(tmp_path)!r}), hang_s=0.2).begin('endless')\nwhile True:\n    pass\n"
    )
    ended = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
    )
    assert ended.returncode == EXIT_CODE
    assert "strategy endless did not return" in ended.stderr
    assert "while" in ended.stderr or "<string>" in ended.stderr


def test_a_stand_in_never_decides() -> None:
    assert Absent().decide(Values(T0), None, ()) is None
