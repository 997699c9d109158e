"""kill -9 in the middle of writing."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from engine.core.facts import Fact
from storage.store import Store
from tests.integration.storage.desk import opening, sql, with_desk

CHILD = """
import asyncio, sys
from pathlib import Path
from tests.integration.storage.desk import desk, opening

async def main():
    async with desk(Path(sys.argv[1])) as store:
        async def one(number):
            await store.journal.submit(opening(number), [])
            print(number, flush=True)
        for first in range(0, 1000, 5):
            await asyncio.gather(*map(one, range(first, first + 5)))

asyncio.run(main())
"""


@pytest.mark.parametrize("after", [1, 40, 333])
def test_a_killed_process_leaves_every_acknowledged_group_whole_and_in_order(tmp_path: Path, after: int) -> None:
    root = Path(__file__).parents[3]
    command = [sys.executable, "-c", CHILD, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=root) as child:
        assert child.stdout is not None
        acknowledged = [int(child.stdout.readline()) for _ in range(after)]
        os.kill(child.pid, signal.SIGKILL)
        acknowledged += [int(line) for line in child.stdout if line.endswith("\n")]

    async def read(store: Store) -> tuple[tuple[str, ...], list[Fact]]:
        return store.findings, (await store.journal.load()).facts

    findings, facts = with_desk(tmp_path, read)
    groups = len(facts) // 6
    assert findings == ()
    assert facts == [fact for number in range(groups) for fact in opening(number)]
    assert set(acknowledged) <= set(range(groups))
    assert sql(tmp_path, "SELECT count(*) FROM fills") == [(2 * groups,)]
    assert sql(tmp_path, "PRAGMA integrity_check") == [("ok",)]
