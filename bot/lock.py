"""One desk per state folder: an flock on DESK_STATE_DIR/desk.lock, freed by the kernel however the process ends.

AlreadyRunningError (RuntimeError)
  another process holds the lock
"""

import fcntl
import os
from pathlib import Path
from types import TracebackType
from typing import Self

_NAME = "desk.lock"


class AlreadyRunningError(RuntimeError):
    """Another process holds the lock; `pid` is its process id, None when it could not be read."""

    def __init__(self, path: Path, pid: int | None) -> None:
        self.path = path
        self.pid = pid
        who = "another process" if pid is None else f"process {pid}"
        super().__init__(f"{who} already runs this desk ({path}): stop it, or choose another DESK_STATE_DIR")


class InstanceLock:
    """The lock of one state folder, to be used with `with`; the file holds the owner's process id and is never deleted.

    Entering raises AlreadyRunningError when the lock is taken, OSError when the folder cannot be written.
    """

    def __init__(self, state_dir: Path) -> None:
        self._path = state_dir / _NAME
        self._descriptor: int | None = None

    def __enter__(self) -> Self:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            pid = _written_pid(descriptor)
            os.close(descriptor)
            raise AlreadyRunningError(self._path, pid) from None
        os.ftruncate(descriptor, 0)
        os.write(descriptor, f"{os.getpid()}\n".encode())
        self._descriptor = descriptor
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is not None:
            os.ftruncate(descriptor, 0)
            os.close(descriptor)


def _written_pid(descriptor: int) -> int | None:
    text = os.pread(descriptor, 32, 0).strip()
    return int(text) if text.isdigit() else None
