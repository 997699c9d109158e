"""Is the database sound: its file, the journal's order, the audit's chain."""

import sqlite3
from pathlib import Path

from sqlalchemy import func, select

from storage import sqlite_files
from storage.audit import first_bad_line
from storage.database import Reader
from storage.tables_trading import journal


def file_problems(path: Path) -> list[str]:
    """Return what SQLite finds wrong with a file."""
    try:
        return [f"{path.name}: {problem}" for problem in sqlite_files.problems(path)]
    except sqlite3.OperationalError as error:
        return [f"{path.name} cannot be read: {error}"]


async def content_problems(reader: Reader, desk: dict[str, str]) -> list[str]:
    """Return gaps in a desk's journal and the first bad line of its audit."""
    found = []
    counted = select(func.count().label("number"), func.max(journal.c.seq).label("last"))
    name = f"{desk['mode']}/{desk['account']}"
    mine = (journal.c.mode == desk["mode"], journal.c.account == desk["account"])
    row = await reader.first(counted.where(*mine))
    if row is not None and row.number != (row.last or 0):
        found.append(f"journal of {name}: {row.number} facts, the last has number {row.last}")
    bad = await first_bad_line(reader, desk)
    if bad is not None:
        found.append(f"audit of {name}: line {bad} was changed, or one before it is missing")
    return found
