"""Keeping the leases of this process: who it is, showing life, and ending loudly when an account was taken over."""

import os
import secrets
import socket
from collections.abc import Awaitable, Callable
from hashlib import blake2b
from pathlib import Path
from typing import Protocol

from bot.clock import Clock
from config import Settings
from config.logging import get_logger
from engine.clock import SystemClock
from engine.journal import JournalUnavailable
from storage.lease import BEAT_S, LeaseHeldError, LeaseLostError, LeaseRequest

_log = get_logger(__name__)
_FILE = "desk.id"


class Leased(Protocol):
    """A lease of the store."""

    async def beat(self) -> None: ...


def lease_of(settings: Settings, alone: Settings) -> LeaseRequest:
    """Return what asks for the lease of an account (`alone`); raises OSError when the folder cannot be written."""
    key = alone.bybit_api_key
    digest = blake2b(key.get_secret_value().encode(), digest_size=8).hexdigest() if key is not None else ""
    folder = settings.desk_state_dir
    return LeaseRequest(
        owner=owner_of(folder),
        holder=f"process {os.getpid()} on {socket.gethostname()} ({folder.resolve()})",
        exchange_key=digest,
        wall_ms=SystemClock().wall_ms,
    )


def owner_of(folder: Path) -> str:
    """Return the name of a state folder, equal for every process that uses it, one after the other.

    A copy of the folder is another one: machine, place and file count.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / _FILE
    if not path.exists():
        path.write_text(secrets.token_hex(8), encoding="ascii")
    parts = (path.read_text(encoding="ascii"), socket.gethostname(), str(path.resolve()), str(path.stat().st_ino))
    return blake2b("\0".join(parts).encode(), digest_size=16).hexdigest()


class LeaseKeeper:
    """Shows life for one account every 5 s. When it was taken over `lost` hears of it and the task ends with the error.

    While the database is away nothing can be shown; entries are blocked then, and a takeover shows when it is back.
    """

    def __init__(self, lease: Leased, clock: Clock, lost: Callable[[str], Awaitable[None]]) -> None:
        self._lease, self._clock, self._lost = lease, clock, lost

    async def run(self, beat: Callable[[], None]) -> None:
        """Keep the lease for ever; raises LeaseLostError or LeaseHeldError."""
        while True:
            beat()
            try:
                await self._lease.beat()
            except JournalUnavailable as error:
                _log.warning("lease not renewed", why=str(error))
            except (LeaseLostError, LeaseHeldError) as error:
                await self._lost(str(error))
                raise
            await self._clock.sleep(BEAT_S)
