"""A demo that has traded for days and holds positions, played once and copied for every module that needs one."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.acceptance.support.demo import Demo, until

LEAST = 3


@pytest.fixture(scope="session")
def traded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of a stopped demo with at least three open positions."""
    folder = tmp_path_factory.mktemp("traded") / "state"
    with Demo(folder, speed="600") as demo:
        until(lambda: demo.sim.positions() >= LEAST, "three open positions", timeout_s=60)
        assert demo.interrupt() == 0, demo.output
    return folder


@pytest.fixture(scope="module")
def demo(traded: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """One running demo for a whole module, in a market that hardly moves."""
    folder = tmp_path_factory.mktemp("demo") / "state"
    shutil.copytree(traded, folder)
    with Demo(folder) as running:
        yield running
