"""Every failure has its proof, every proof exists, and the page for engineers shows just that."""

import ast
from pathlib import Path

import pytest

from tests.failures import FAILURES, Failure
from tests.failures.page import page

TESTS = Path(__file__).parents[1]


def defined(path: Path) -> set[str]:
    """Return the tests that a file defines: functions, methods and state machines."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    found = {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}
    targets = [target for node in tree.body if isinstance(node, ast.Assign) for target in node.targets]
    return found | {target.id for target in targets if isinstance(target, ast.Name)}


def test_the_failures_are_one_to_thirty_three() -> None:
    assert [failure.number for failure in FAILURES] == list(range(1, 34))


@pytest.mark.parametrize("failure", FAILURES, ids=lambda failure: f"{failure.number}")
def test_every_named_test_exists_and_every_failure_has_one(failure: Failure) -> None:
    assert failure.title and failure.wrong and failure.does
    assert failure.proofs
    for file, names in failure.proofs.items():
        assert names
        assert set(names) - defined(TESTS / file) == set(), file


def test_every_failure_of_orders_and_account_is_proved_by_a_scenario_and_not_by_units_alone() -> None:
    for failure in FAILURES[:20]:
        whole = [file for file in failure.proofs if file.split("/")[0] not in {"unit"}]
        assert whole, failure.title


def test_the_page_is_up_to_date() -> None:
    assert (TESTS.parent / "docs" / "failures.md").read_text(encoding="utf-8") == page(), "run: make docs"
