"""The append-only file of records from which the chat server's state is rebuilt after a kill."""

import json
import os
from collections.abc import Iterable
from pathlib import Path

from bot.localchat.errors import JsonObject


class Ledger:
    """Newline-delimited JSON in one file; every record is handed to the operating system before `append` returns.

    A torn last line, left by a kill in the middle of a write, is dropped at the next start.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._descriptor = -1

    def load(self) -> list[JsonObject]:
        """Return the records of the file, in order; an unreadable record before the last is an error."""
        if not self._path.exists():
            return []
        lines = self._path.read_bytes().split(b"\n")
        torn = lines.pop()
        records = []
        for number, line in enumerate(lines, start=1):
            try:
                records.append(json.loads(line))
            except ValueError as error:
                raise ValueError(
                    f"{self._path}: line {number} is not JSON; move the file away to start afresh"
                ) from error
        if torn:
            os.truncate(self._path, self._path.stat().st_size - len(torn))
        return records

    def rewrite(self, records: Iterable[JsonObject]) -> None:
        """Replace the file by the given records in one step, then open it for appending."""
        self.close()
        fresh = self._path.with_suffix(".new")
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            for record in records:
                file.write(_line(record))
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(self._path)
        self.resume()

    def resume(self) -> None:
        """Open the file for appending; a new one is readable by its owner only, for it holds the bots' tokens."""
        self._descriptor = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)

    def append(self, record: JsonObject) -> None:
        """Add one record at the end."""
        if self._descriptor < 0:
            raise RuntimeError(f"{self._path} is not open for writing: call resume or rewrite first")
        line = memoryview(_line(record))
        while line:
            line = line[os.write(self._descriptor, line) :]

    def close(self) -> None:
        """Close the file; a later append is refused."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1


def _line(record: JsonObject) -> bytes:
    return json.dumps(record, separators=(",", ":")).encode("ascii") + b"\n"
