"""An account's or the market's own files: a snapshot and a log of changes after it, one JSON line each.

Every line is handed to the operating system before anybody hears of the change, so a killed process loses nothing it
has told. A torn last line is the mark of such a kill and is dropped; other unreadable content is an error.
"""

import os
from pathlib import Path
from typing import Any

import orjson


class StoreError(Exception):
    """Stored state cannot be read; the message names the file and what to do."""


class Store:
    """Snapshot and log in one folder. Lines are numbered on, so that a log older than the snapshot is recognised."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._snapshot = folder / "snapshot.json"
        self._path = folder / "changes.ndjson"
        self._seq = 0
        self.lines = 0
        self._log = -1

    def load(self) -> tuple[Any | None, list[Any]]:
        """Return the snapshot (None for a new one) and the changes after it; raises StoreError."""
        if not self._snapshot.exists():
            return None, []
        stored = self._parse(self._snapshot, self._snapshot.read_bytes())
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
        if self._log < 0:
            raise StoreError(f"{self._path}: compact the store before writing changes")
        self._seq += 1
        self.lines += 1
        line = memoryview(orjson.dumps({"seq": self._seq, "data": change}) + b"\n")
        while line:
            line = line[os.write(self._log, line) :]

    def compact(self, state: Any) -> None:
        """Replace snapshot and log by a snapshot of the present state; readable by its owner only."""
        fresh = self._snapshot.with_suffix(".tmp")
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(orjson.dumps({"seq": self._seq, "data": state}))
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(self._snapshot)
        self.close()
        self._log = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        self.lines = 0

    def close(self) -> None:
        """Close the log."""
        if self._log >= 0:
            os.close(self._log)
            self._log = -1

    def _parse(self, path: Path, text: bytes) -> dict[str, Any]:
        try:
            row = orjson.loads(text)
        except orjson.JSONDecodeError as error:
            raise StoreError(f"{path}: unreadable ({error}); move the folder away to begin afresh") from None
        if not isinstance(row, dict) or not isinstance(row.get("seq"), int) or "data" not in row:
            raise StoreError(f"{path}: not a venue's state; move the folder away to begin afresh")
        return row
