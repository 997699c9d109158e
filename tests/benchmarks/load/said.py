"""What the desk's own records say about decisions that brought no order."""

import sqlite3
from collections import Counter
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path


def why_missed(database: Path, missed: Iterable[tuple[str, int]]) -> list[str]:
    """Return, in words, what became of each missing decision (symbol, time of its bar in ms), the same ones counted."""
    counted: Counter[str] = Counter()
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
        for symbol, close_ms in missed:
            counted[_told(connection, symbol, close_ms)] += 1
    return [f"{count} × {what}" for what, count in counted.most_common()]


def _told(connection: sqlite3.Connection, symbol: str, close_ms: int) -> str:
    signal = connection.execute(
        "SELECT outcome, gate, detail FROM signals WHERE symbol = ? AND at_ms = ?", (symbol, close_ms)
    ).fetchone()
    if signal is None:
        return "no signal"
    order = connection.execute(
        "SELECT purpose, status, why FROM orders WHERE symbol = ? AND decided_ms >= ? ORDER BY decided_ms LIMIT 1",
        (symbol, close_ms),
    ).fetchone()
    return " ".join(word for word in (*signal, *(order or ())) if word)
