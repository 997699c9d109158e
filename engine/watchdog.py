"""Ends the process when somebody's code does not return: an event loop that hangs protects nobody, a restart does."""

import faulthandler
import os
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from time import monotonic

HANG_S = 5.0
EXIT_CODE = 70


def end_process(name: str) -> None:
    """Write where every thread stands to the error stream and end the process at once."""
    print(f"pocketdesk: strategy {name} did not return within {HANG_S:g} s", file=sys.stderr, flush=True)  # noqa: T201  # the last words of the process
    faulthandler.dump_traceback(file=sys.stderr)
    os._exit(EXIT_CODE)


class Watchdog:
    """A thread that looks every half second whether what has begun has ended. `folder` gets a note of what hung, so
    that the next start does not run it again.
    """

    def __init__(self, folder: Path, *, hang_s: float = HANG_S, bite: Callable[[str], None] = end_process) -> None:
        self._folder = folder
        self._hang_s = hang_s
        self._bite = bite
        self._since: tuple[str, float] | None = None
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="strategy-watchdog", daemon=True)
        self._thread.start()

    def begin(self, name: str) -> None:
        """Note that a strategy begins to decide."""
        self._since = name, monotonic()

    def end(self) -> None:
        """Note that it has decided."""
        self._since = None

    def close(self) -> None:
        """Stop watching."""
        self._over.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._over.wait(self._hang_s / 10):
            since = self._since
            if since is not None and monotonic() - since[1] > self._hang_s:
                note(self._folder, since[0]).write_text("hung\n", encoding="utf-8")
                self._since = None
                self._bite(since[0])


def note(folder: Path, name: str) -> Path:
    """Return the file that says of a strategy that it hung."""
    return folder / f"hung-{name}"
