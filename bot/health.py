"""How the process is: what /health shows and what the health check of a container asks for."""

import asyncio
import os
import platform
import resource
import shutil
import sys
import time
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

from bot import __version__
from bot.tasks import Supervisor
from engine.core.snapshot import Snapshot
from engine.live import Desk
from handlers.ports import HealthReport, TaskBeat
from storage.store import Store

# A task that shows no life for this long is in trouble.
LATE_S = 90.0
_LIBRARIES = ("aiogram", "sqlalchemy", "numpy")


class Health:
    """Looks at the parts of a running desk."""

    def __init__(self, desk: Desk, store: Store, supervisor: Supervisor, state_dir: Path) -> None:
        self._desk = desk
        self._store = store
        self._supervisor = supervisor
        self._state_dir = state_dir
        self._began = time.monotonic()

    async def report(self) -> HealthReport:
        """Look now."""
        shot = self._desk.snapshot()
        disk, size = await asyncio.to_thread(self._sizes)
        return HealthReport(
            mode=shot.mode,
            uptime_ms=int((time.monotonic() - self._began) * 1000),
            memory_bytes=memory_bytes(),
            tasks=tuple(
                TaskBeat(name=task.name, age_ms=int(task.beat_age_s * 1000), ok=task.beat_age_s < LATE_S)
                for task in self._supervisor.health()
            ),
            feed_age_ms=shot.feed_age_ms,
            exchange=shot.venue,
            database_ok=self._store.writable,
            database_bytes=size,
            disk_free_bytes=disk,
            outbox_waiting=(await self._store.outbox.counts()).get("pending", 0),
            versions=versions(),
        )

    def why(self) -> str:
        """Return what is wrong, in words."""
        late = [task.name for task in self._supervisor.health() if task.beat_age_s >= LATE_S]
        if late:
            return f"no life in {', '.join(late)}"
        return "" if self._store.writable else "the journal cannot be written"

    def snapshot(self) -> Snapshot:
        """Return the desk now."""
        return self._desk.snapshot()

    def healthy(self) -> bool:
        """Whether every part shows life and the journal can be written."""
        return self._store.writable and all(task.beat_age_s < LATE_S for task in self._supervisor.health())

    def _sizes(self) -> tuple[int, int]:
        path = self._store.path
        return shutil.disk_usage(self._state_dir).free, path.stat().st_size if path is not None else 0


def brief(accounts: Sequence[Health]) -> dict[str, Any]:
    """Return a few words for other processes: of the first account by itself, of several also of each."""
    shots = [account.snapshot() for account in accounts]
    parts: list[dict[str, Any]] = [
        {"state": shot.state, "equity": _equity(shot), "open": len(shot.positions)} for shot in shots
    ]
    words = {"healthy": accounts[0].healthy(), "why": accounts[0].why(), "mode": shots[0].mode, **parts[0]}
    if len(shots) > 1:
        words["accounts"] = {shot.account: part for shot, part in zip(shots, parts, strict=True)}
    return {**words, "version": __version__}


def _equity(shot: Snapshot) -> str | None:
    return f"{shot.equity:.2f}" if shot.measurable else None


def memory_bytes() -> int:
    """Return the process's resident memory: now where the system tells, else the highest it was."""
    statm = Path("/proc/self/statm")
    if statm.exists():
        return int(statm.read_text(encoding="ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def versions() -> tuple[tuple[str, str], ...]:
    """Return names and versions, the desk's first."""
    libraries = ((name, version(name)) for name in _LIBRARIES)
    return (("pocketdesk", __version__), ("python", platform.python_version()), *libraries)
