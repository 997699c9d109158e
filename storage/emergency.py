"""The file that takes journal groups while the database takes none, so that a crash meanwhile loses nothing."""

import os
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from storage.groups import Group, as_line, from_line

NAME = "emergency.ndjson"


class EmergencyFile:
    """One line of JSON per group, beside the database. Lines of other desks in the file are left alone."""

    def __init__(self, folder: Path, desk: dict[str, str]) -> None:
        self._path, self._desk = folder / NAME, desk
        self._foreign: list[bytes] = []
        self._damaged = False

    def append(self, groups: Sequence[Group]) -> None:
        """Write groups durably; raises OSError."""
        handle = os.open(self._path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o600)
        with os.fdopen(handle, "r+b", buffering=0) as file:
            size = file.seek(0, os.SEEK_END)
            torn = size > 0 and os.pread(handle, 1, size - 1) != b"\n"
            lines = b"".join(as_line(group, self._desk) for group in groups)
            file.write(b"\n" + lines if torn else lines)
            os.fsync(handle)

    def read(self) -> tuple[list[Group], list[str]]:
        """Return this desk's groups in order, and what could not be read, in words."""
        groups: dict[int, Group] = {}
        findings: list[str] = []
        self._foreign = []
        content = self._path.read_bytes() if self._path.exists() else b""
        for number, line in enumerate(content.splitlines(), 1):
            if not line.strip():
                continue
            try:
                group = from_line(line, self._desk)
            except (ValueError, KeyError, TypeError) as error:
                self._damaged = True
                findings.append(f"{self._path.name} line {number} cannot be read ({error}); kept in a copy")
                continue
            if group is None:
                self._foreign.append(line + b"\n")
            else:
                groups[group.group_id] = group
        return [groups[group_id] for group_id in sorted(groups)], findings

    def clear(self) -> None:
        """Forget this desk's groups: they are durable. A file that stays is recognised by its ids at the next start."""
        with suppress(OSError):
            if self._damaged:
                self._path.replace(self._path.with_suffix(".damaged"))
                self._damaged = False
            if self._foreign:
                self._path.write_bytes(b"".join(self._foreign))
            else:
                self._path.unlink(missing_ok=True)
