"""The table of failures as a page for engineers."""

from tests.failures import AREAS
from tests.failures.row import Failure

_HEAD = """# What can go wrong

Every failure the desk is built against: what happens, what the desk does, and the tests that prove it. A test's name is
its claim, shown here as a sentence; the file is below `tests/`. The failures of orders and of the account are played
over real HTTP and WebSocket against the local venue (`integration/`) or in virtual time with many seeds (`scenarios/`,
`properties/`, `simulation/`), most of them both ways.

This page is written by `python -m tests.failures`; `unit/test_failures.py` fails when it is out of date, when a failure
has no test, or when a test named here does not exist.
"""


def page() -> str:
    """Return the page in Markdown."""
    parts = [_HEAD]
    for area, failures in AREAS.items():
        parts += [f"## {area}\n", *(_section(failure) for failure in failures)]
    return "\n".join(parts).rstrip() + "\n"


def _section(failure: Failure) -> str:
    lines = [f"### {failure.number}. {failure.title}", "", failure.wrong, "", f"**The desk:** {failure.does}", ""]
    for file, names in failure.proofs.items():
        lines += [f"- `{file}`", *(f"  - {sentence(name)}" for name in names)]
    return "\n".join(lines) + "\n"


def sentence(name: str) -> str:
    """Return the claim in a test's name; a state machine's class is named as it is."""
    return name.removeprefix("test_").replace("_", " ") if name.startswith("test_") else f"`{name}`"
