"""A user's strategy that fails in a backtest ends it with one line that says what, in which file and line."""

from pathlib import Path

import pytest

from engine.backtest import run
from engine.backtest.prepare import Wish, prepare
from engine.backtest.request import BacktestError, Request
from engine.core.market import MINUTE_MS
from tests.support.series import walk
from tests.unit.backtest.test_prepare import written

CODE = """
from dataclasses import dataclass
@dataclass(frozen=True)
class Broken:
    needs = ("sma5",)
    rules = ()
    reverses = False
    def decide(self, inputs, held, off):
        return {decide}
    def candidates(self, columns):
        return {candidates}
STRATEGY = Broken
"""


def request(folder: Path, decide: str, candidates: str = "None") -> Request:
    """A backtest with a strategy that answers with these expressions."""
    folder.chmod(0o700)
    path = folder / "broken.py"
    path.write_text(CODE.format(decide=decide, candidates=candidates), encoding="utf-8")
    path.chmod(0o600)
    data = written(folder, walk(2_000, timeframe_ms=5 * MINUTE_MS), "BTCUSDT_5m.csv")
    return prepare(Wish(profile="cft", data=(data,), settings=("timeframe=1h",), strategy_file=path)).request


@pytest.mark.parametrize(
    ("decide", "why"),
    [
        ("1 / 0", r"broken\.py: it failed with ZeroDivisionError in line 9: division by zero"),
        ('inputs.get("close", -1)', r"ValueError in line 9: close -1 bars back: 0 \(the newest closed bar\) to 100"),
        ('inputs.get("close", 101)', r"ValueError in line 9: close 101 bars back"),
        ('inputs.get("sma20")', r"KeyError in line 9: 'sma20'"),
    ],
)
def test_a_decision_that_fails_ends_the_backtest_and_is_named(tmp_path: Path, decide: str, why: str) -> None:
    with pytest.raises(BacktestError, match=why):
        run(request(tmp_path, decide))


def test_candidates_that_fail_are_named_too(tmp_path: Path) -> None:
    with pytest.raises(BacktestError, match=r"broken\.py: candidates failed with KeyError in line 11: 'wrong'"):
        run(request(tmp_path, "None", 'columns["wrong"] > 1'))


def test_a_strategy_that_fails_nowhere_has_its_result(tmp_path: Path) -> None:
    assert run(request(tmp_path, "None")).trades == ()
