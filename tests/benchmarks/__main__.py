"""`make bench`: the engine beside backtesting.py and a bare loop on the same work in the same run; a desk under load.

Exits 1 when the reference work, the first answer of a known desk, its memory or a figure under load misses 0.8 of its
aim, or when a result is wrong.
Rounds alternate, so that a busy machine slows all of them; the median of the rounds counts.
"""

import argparse
import json
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass

from tests.benchmarks.desk import measure_desk

AIM, TOLERANCE = 1.0, 0.8
START_AIM_S, MEMORY_AIM_MIB = 4.0, 300.0
TITLES = {
    "floor": "bare Python loop",
    "peer": "backtesting.py",
    "engine": "our engine, account limits on",
    "cft": "our engine, cft, 16 symbols, 15m from 1m, all layers",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """The median of the rounds: bars a second, peak memory (MiB), the result and whether it is the known one."""

    rate: float
    peak_mib: float
    result: str
    right: bool


def once(name: str) -> dict[str, object]:
    """Run one piece of work in a fresh process."""
    command = [sys.executable, "-m", "tests.benchmarks.work", name]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    measured: dict[str, object] = json.loads(done.stdout.splitlines()[-1])
    return measured


def measure(names: list[str], rounds: int) -> dict[str, Measured]:
    """Measure every piece of work in turn, several times."""
    found: dict[str, list[dict[str, object]]] = {name: [] for name in names}
    for _ in range(rounds):
        for name in names:
            found[name].append(once(name))
    return {name: summed(rows) for name, rows in found.items()}


def summed(rows: list[dict[str, object]]) -> Measured:
    """Return the median of some rounds of one piece of work."""
    rates = [float(str(row["bars"])) / float(str(row["took_s"])) for row in rows]
    return Measured(
        rate=statistics.median(rates),
        peak_mib=max(float(str(row["peak_mib"])) for row in rows),
        result=str(rows[0]["result"]),
        right=all(row["right"] in {"", row["result"]} for row in rows),
    )


def start_up(rounds: int) -> float:
    """Return the median seconds of `python -m bot --version`."""
    took = []
    for _ in range(rounds):
        began = time.perf_counter()
        subprocess.run([sys.executable, "-m", "bot", "--version"], check=True, capture_output=True)
        took.append(time.perf_counter() - began)
    return statistics.median(took)


def table(found: dict[str, Measured]) -> None:
    """Print rates, ratios to backtesting.py, memory and results."""
    peer = found["peer"].rate
    print(
        f"{'reference work, 500,000 bars':<54} {'bars/s':>12} {'ratio':>7} {'peak MiB':>9}  final equity / round trips"
    )
    for name, row in found.items():
        mark = "" if row.right else "  WRONG"
        ratio = "" if name == "cft" else f"{row.rate / peer:.2f}"
        print(f"{TITLES[name]:<54} {row.rate:>12,.0f} {ratio:>7} {row.peak_mib:>9.0f}  {row.result}{mark}")


def main() -> int:
    """Measure, print, and judge."""
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--rounds", type=int, default=3, help="how often each piece of work runs")
    parser.add_argument("--no-desk", action="store_true", help="leave out the start of the demo desk")
    parser.add_argument("--no-load", action="store_true", help="leave out the desk under load (9 minutes)")
    options = parser.parse_args()
    found = measure(["floor", "peer", "engine"], options.rounds) | measure(["cft"], 1)
    table(found)
    print(f"start-up, python -m bot --version: {start_up(options.rounds):.2f} s")
    passed = all(row.right for row in found.values())
    if not options.no_desk:
        desk = measure_desk()
        passed &= met("first answered command", START_AIM_S / desk.again_s)
        passed &= met("memory of the desk", MEMORY_AIM_MIB / desk.memory_mib)
        print(f"demo, first answered command (aim {START_AIM_S:g} s): {desk.again_s:.1f} s", end=", ")
        print(f"{desk.first_s:.1f} s on a new folder, whose past is played first")
        print(f"demo, memory of the desk (aim {MEMORY_AIM_MIB:g} MiB): {desk.memory_mib:.0f} MiB")
    ratio = found["engine"].rate / found["peer"].rate
    print(f"reference work: {ratio:.2f} × backtesting.py, aim {AIM:g}")
    passed &= met("reference work", ratio / AIM)
    if not options.no_load:
        passed &= under_load()
    return 0 if passed else 1


def under_load() -> bool:
    """Run the desk under load, which prints its own table; say whether every figure is good enough."""
    sys.stdout.flush()
    return subprocess.run([sys.executable, "-m", "tests.benchmarks.load"], check=False).returncode == 0


def met(what: str, share: float) -> bool:
    """Say whether enough of an aim was reached."""
    enough = share >= TOLERANCE
    print(f"{what}: {share:.2f} of its aim, {'enough' if enough else 'TOO LITTLE'}")
    return enough


if __name__ == "__main__":
    sys.exit(main())
