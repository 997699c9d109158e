"""Checks of this machine: state folder, disk, lock, database."""

import os
import shutil
from pathlib import Path
from tempfile import TemporaryFile

from bot.check_findings import Area, Finding, within
from bot.lock import AlreadyRunningError, InstanceLock
from config import Settings
from engine.journal import JournalUnavailable

DISK_WARN_BYTES = 2 * 10**9
DISK_FAULT_BYTES = 500 * 10**6
_FOLDER, _DISK, _LOCK, _DATABASE = Area("state folder"), Area("disk"), Area("lock"), Area("database")
_CHOOSE = "give this user the right to write there, or choose another DESK_STATE_DIR"
_MIGRATES = "a start migrates them"


def folder_finding(folder: Path) -> Finding:
    """Try to write into the state folder; one that is not there yet is not made."""
    try:
        if not folder.exists():
            near = _nearest(folder)
            if near.is_dir() and os.access(near, os.W_OK | os.X_OK):
                return _FOLDER.ok(f"{folder} is made by the first start")
            return _FOLDER.fault(f"{folder} cannot be made: {near} does not allow it", _CHOOSE)
        with TemporaryFile(dir=folder) as file:
            file.write(b"pocketdesk")
            file.flush()
    except OSError as error:
        return _FOLDER.fault(f"{folder} cannot be written: {error.strerror}", _CHOOSE)
    return _FOLDER.ok(f"{folder} can be written")


def _nearest(path: Path) -> Path:
    whole = path.absolute()
    return next(each for each in (whole, *whole.parents) if each.exists())


def disk_finding(folder: Path) -> Finding:
    """Look at the space where the state folder is or will be."""
    try:
        return judge_disk(shutil.disk_usage(_nearest(folder)).free)
    except OSError as error:
        return _DISK.warning(f"free space is unknown: {error.strerror}", "see that the disk of DESK_STATE_DIR is there")


def judge_disk(free_bytes: int) -> Finding:
    """Judge free space: little is a warning, next to nothing a fault."""
    what = f"{free_bytes / 10**9:.1f} GB free"
    todo = f"make room: the desk wants {DISK_WARN_BYTES / 10**9:g} GB"
    if free_bytes < DISK_FAULT_BYTES:
        return _DISK.fault(what, todo)
    return _DISK.warning(what, todo) if free_bytes < DISK_WARN_BYTES else _DISK.ok(what)


def lock_finding(folder: Path) -> Finding:
    """Tell whether a desk runs on the state folder, which is no fault."""
    try:
        if folder.is_dir():
            with InstanceLock(folder):
                pass
    except AlreadyRunningError as error:
        who = "" if error.pid is None else f" (process {error.pid})"
        return _LOCK.ok(f"a desk is running on {folder}{who}")
    except OSError as error:
        return _LOCK.fault(f"the lock in {folder} cannot be used: {error.strerror}", _CHOOSE)
    return _LOCK.ok(f"no desk is running on {folder}")


async def database_findings(settings: Settings) -> list[Finding]:
    """Check the database if there is one. A file is given the time it needs, a server as long as any question."""
    from storage import maintenance
    from storage.database import file_of, parsed

    try:
        path = file_of(parsed(settings.database))
        if path is None:
            problems = await within(maintenance.check(settings.database))
        elif path.exists():
            problems = await maintenance.check(settings.database)
        else:
            return [_DATABASE.ok(f"{path} is made by the first start")]
    except TimeoutError:
        todo = "see that the server runs and is near; pocketdesk db check takes the time it needs"
        return [_DATABASE.fault("the database server did not answer in time", todo)]
    except ImportError as error:
        todo = "install pocketdesk with its postgres extra"
        return [_DATABASE.fault(f"the driver for DATABASE_URL is missing: {error.name}", todo)]
    except (JournalUnavailable, OSError, ValueError) as error:
        return [_DATABASE.fault(str(error), "see that DATABASE_URL is right and the database can be read")]
    return [_problem(words) for words in problems] or [_DATABASE.ok("the database is sound")]


def _problem(words: str) -> Finding:
    if words.endswith(_MIGRATES):
        return _DATABASE.warning(words, "make a copy with pocketdesk db backup FILE, then start the desk")
    return _DATABASE.fault(words, "stop the desk and put a backup in place: pocketdesk db restore FILE")
