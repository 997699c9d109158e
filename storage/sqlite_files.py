"""SQLite files as files: checking, copying, keeping daily copies, setting a broken one aside.

Works on the standard library's driver in its own connections; call from a thread.
"""

import os
import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

KEPT_DAYS = 14
FOLDER = "backups"


def stamp(now_ms: int) -> str:
    """Return an instant for file names."""
    return datetime.fromtimestamp(now_ms // 1000, UTC).strftime("%Y%m%dT%H%M%SZ")


def make_private(path: Path) -> None:
    """Create a file that only its owner can read, if it does not exist; raises OSError."""
    os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))


def problems(path: Path) -> list[str]:
    """Return what SQLite finds wrong inside a file; raises sqlite3.OperationalError when it cannot look."""
    if not path.exists() or path.stat().st_size == 0:
        return []
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=rw", uri=True, timeout=2)) as connection:
            rows = connection.execute("PRAGMA quick_check(5)").fetchall()
    except sqlite3.OperationalError:
        raise
    except sqlite3.DatabaseError as error:
        return [str(error)]
    return [str(row[0]) for row in rows if row[0] != "ok"]


def copy(source: Path, target: Path) -> None:
    """Write a compact copy (0600) while others write; raises OSError or sqlite3.Error and leaves no half copy."""
    target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    partial = target.with_name(f"{target.name}.partial")
    partial.unlink(missing_ok=True)
    make_private(partial)
    try:
        with closing(sqlite3.connect(f"{source.absolute().as_uri()}?mode=ro", uri=True, timeout=5)) as connection:
            connection.execute("VACUUM INTO ?", (str(partial),))
        _sync(partial)
        partial.replace(target)
    finally:
        partial.unlink(missing_ok=True)


def daily_copy(source: Path, now_ms: int) -> Path | None:
    """Keep one copy per UTC day for 14 days, beside the database; None when today's exists already."""
    folder = source.parent / FOLDER
    today = datetime.fromtimestamp(now_ms // 1000, UTC).date()
    target = folder / f"{source.stem}-{today.isoformat()}.sqlite3"
    made = None
    if not target.exists():
        copy(source, target)
        made = target
    oldest = f"{source.stem}-{(today - timedelta(days=KEPT_DAYS - 1)).isoformat()}.sqlite3"
    for old in folder.glob(f"{source.stem}-????-??-??.sqlite3"):
        if old.name < oldest:
            old.unlink()
    return made


def copies(source: Path) -> list[Path]:
    """Return the copies kept beside a database, newest first."""
    found = (source.parent / FOLDER).glob(f"{source.stem}-*.sqlite3")
    return sorted(found, key=lambda path: path.stat().st_mtime_ns, reverse=True)


def set_aside(path: Path, now_ms: int, *, label: str = "broken") -> Path:
    """Move a database with its companions out of the way and return where it is; raises OSError."""
    target = path.with_name(f"{path.name}.{label}-{stamp(now_ms)}")
    for suffix in ("", "-wal", "-shm"):
        part = path.with_name(path.name + suffix)
        if part.exists():
            part.replace(target.with_name(target.name + suffix))
    return target


def recover(path: Path, now_ms: int) -> list[str]:
    """Replace a corrupt database by its newest sound copy; returns what was found and done, nothing if sound."""
    try:
        wrong = problems(path)
    except sqlite3.OperationalError as error:
        return [f"the database could not be checked: {error}"]
    if not wrong:
        return []
    aside = set_aside(path, now_ms)
    findings = [f"the database was corrupt ({wrong[0]}); it is kept as {aside.name}"]
    for candidate in copies(path):
        if not problems(candidate):
            copy(candidate, path)
            return [*findings, f"restored from {candidate.name}; what came after must be learned from the exchange"]
    return [*findings, "there is no sound backup: starting with an empty database"]


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
