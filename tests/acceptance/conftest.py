"""A desk that has traded for days and holds positions, played once and copied for every demo that needs one."""

import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import pytest

from tests.acceptance.support.demo import CALM, ENVIRONMENT, ROOT, Demo

LEAST = 3


@dataclass(frozen=True, slots=True)
class Past:
    """The state folder of a desk that was never started, and the seed of its market."""

    folder: Path
    seed: int

    def demo(self, folder: Path, *, speed: str = CALM) -> Demo:
        """Return a demo that goes on from here, in a folder of its own."""
        shutil.copytree(self.folder, folder)
        return Demo(folder, "--seed", str(self.seed), speed=speed)


def holds_enough(folder: Path) -> bool:
    with closing(sqlite3.connect(folder / "desk.db")) as database:
        (held,) = database.execute("select count(*) from positions where cast(quantity as real) != 0").fetchone()
    return bool(held >= LEAST)


@pytest.fixture(scope="session")
def past(tmp_path_factory: pytest.TempPathFactory) -> Past:
    """Days of trading that end with at least three open positions."""
    for seed in count(1):
        folder = tmp_path_factory.mktemp("past")
        line = (sys.executable, "-m", "bot.history", str(folder), str(seed), "10000")
        subprocess.run(line, cwd=ROOT, env=ENVIRONMENT, check=True)
        if holds_enough(folder):
            return Past(folder, seed)
    raise AssertionError("unreachable: there are seeds without end")


@pytest.fixture(scope="module")
def demo(past: Past, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """One running demo for a whole module."""
    with past.demo(tmp_path_factory.mktemp("demo") / "state") as running:
        yield running
