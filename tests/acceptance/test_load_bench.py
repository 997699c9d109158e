"""The benchmark under load measures every figure and loses nothing; how fast a machine is belongs to no test."""

import json
import subprocess
import sys

SMALL = "--symbols 8 --rate 200 --speed 30 --decisions 8 --messages 2 --pause 0.5 --flood 1 --closing 3 --json"


def test_a_small_run_measures_every_figure_and_loses_nothing() -> None:
    command = [sys.executable, "-m", "tests.benchmarks.load", *SMALL.split()]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.stdout, done.stderr[-2_000:]
    report = json.loads(done.stdout)
    assert report["wrong"] == []
    rows = {row["name"].strip(): row for row in report["rows"]}
    assert rows["candle sent to order received"]["samples"] >= 8
    assert rows["execution sent to sendMessage received"]["samples"] == 2
    assert rows["floor: 4 KiB put on record by this machine's disk"]["samples"] > 0
    assert rows["floor: there and back, a process that only answers"]["samples"] > 0
    assert rows["press to 3 closing orders, 20 ms round trip"]["value"] > 0
    assert rows["most orders in a second on one endpoint"]["value"] <= 10
    assert rows["messages for a second of one core"]["value"] > 0
    assert rows["longest turn of the loop"]["value"] > 0
    assert done.returncode == (0 if report["passed"] else 1)
