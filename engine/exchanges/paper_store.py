"""The paper account's own files: a snapshot and a log of changes after it, one JSON line each.

Every line is handed to the operating system before anybody hears of the change, so a killed process loses nothing
it has told. A torn last line is the mark of such a kill and is dropped; any other unreadable content is an error.
"""

import json
from pathlib import Path
from typing import Any, TextIO

SNAPSHOT = "account.json"
LOG = "changes.ndjson"


class PaperStoreError(Exception):
    """The stored paper account cannot be read; the message names the file and what to do."""


class PaperStore:
    """Snapshot and log in one folder. Lines are numbered on, so that a log older than the snapshot is recognised."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._snapshot = folder / SNAPSHOT
        self._path = folder / LOG
        self._seq = 0
        self.lines = 0
        # Opened by `compact`: appending to an old log would glue the first line to a torn one.
        self._log: TextIO | None = None

    def load(self) -> tuple[Any | None, list[Any]]:
        """Return the snapshot (None for a new account) and the changes after it; raises PaperStoreError."""
        if not self._snapshot.exists():
            return None, []
        stored = self._parse(self._snapshot, self._snapshot.read_text(encoding="utf-8"))
        self._seq = stored["seq"]
        changes = []
        lines = self._path.read_bytes().split(b"\n") if self._path.exists() else []
        for line in lines[:-1]:
            row = self._parse(self._path, line)
            if row["seq"] > self._seq:
                changes.append(row["data"])
                self._seq = row["seq"]
        return stored["data"], changes

    def append(self, change: Any) -> None:
        """Write one change and hand it to the operating system; only after `compact`."""
        if self._log is None:
            raise PaperStoreError(f"{self._path}: compact the account before writing changes")
        self._seq += 1
        self.lines += 1
        self._log.write(json.dumps({"seq": self._seq, "data": change}, separators=(",", ":")) + "\n")
        self._log.flush()

    def compact(self, state: Any) -> None:
        """Replace snapshot and log by a snapshot of the present state."""
        fresh = self._snapshot.with_suffix(".tmp")
        fresh.write_text(json.dumps({"seq": self._seq, "data": state}, separators=(",", ":")), encoding="utf-8")
        fresh.replace(self._snapshot)
        self.close()
        self._log = self._path.open("w", encoding="utf-8")
        self.lines = 0

    def close(self) -> None:
        """Close the log."""
        if self._log is not None:
            self._log.close()
            self._log = None

    def _parse(self, path: Path, text: str | bytes) -> dict[str, Any]:
        try:
            row = json.loads(text)
        except ValueError as error:
            raise PaperStoreError(
                f"{path}: unreadable ({error}); restore it from a backup or begin elsewhere"
            ) from None
        if not isinstance(row, dict) or not isinstance(row.get("seq"), int) or "data" not in row:
            raise PaperStoreError(f"{path}: not a paper account; restore it from a backup or begin elsewhere")
        return row
