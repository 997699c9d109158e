"""What the load benchmark says about decisions that brought no order: the desk's own words, the same ones counted."""

import sqlite3
from contextlib import closing
from pathlib import Path

from tests.benchmarks.load.said import why_missed


def test_missing_decisions_are_explained_by_signals_and_orders_of_their_bar(tmp_path: Path) -> None:
    database = tmp_path / "desk.db"
    with closing(sqlite3.connect(database)) as connection:
        connection.execute("CREATE TABLE signals (symbol, at_ms, outcome, gate, detail)")
        connection.execute("CREATE TABLE orders (symbol, decided_ms, purpose, status, why)")
        refused = ("refused", "cooldown", "after a loss")
        rows = [("A", 60_000, *refused), ("B", 60_000, *refused), ("C", 60_000, "traded", "", "")]
        connection.executemany("INSERT INTO signals VALUES (?, ?, ?, ?, ?)", [*rows, ("D", 0, "traded", "", "")])
        connection.execute("INSERT INTO orders VALUES ('C', 60001, 'entry', 'rejected', '10001: no')")
        connection.execute("INSERT INTO orders VALUES ('C', 59999, 'entry', 'filled', '')")
        connection.commit()
    missed = [(name, 60_000) for name in "ABCD"]
    assert why_missed(database, missed) == [
        "2 × refused cooldown after a loss",
        "1 × traded entry rejected 10001: no",
        "1 × no signal",
    ]
