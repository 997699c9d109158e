"""A log file per UTC day, kept 30 days."""

import logging
import re
import sys
from datetime import UTC, date, datetime, timedelta
from io import TextIOWrapper
from pathlib import Path

DAYS_KEPT = 30
_NAME = re.compile(r"desk-(\d{4}-\d{2}-\d{2})\.log")


class DailyFile(logging.Handler):
    """Appends lines to `folder`/desk-YYYY-MM-DD.log, by the UTC date of each record; older days are deleted.

    Writes on the calling thread, so it belongs behind a queue. Where the disk refuses, one line on stderr says so, and
    one says when writing works again; the desk goes on.
    """

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self._folder = folder
        self._day: date | None = None
        self._file: TextIOWrapper | None = None
        self._failed = False

    def emit(self, record: logging.LogRecord) -> None:
        """Write one record; changes the file first when the record belongs to another day."""
        try:
            line = self.format(record) + "\n"
        except (TypeError, ValueError, KeyError):
            self.handleError(record)
            return
        try:
            file = self._file_of(datetime.fromtimestamp(record.created, UTC).date())
            file.write(line)
            file.flush()
        except OSError as error:
            self._close_file()
            self._report(failed=True, text=f"log file not written: {error.strerror}; {self._folder}")
        else:
            self._report(failed=False, text=f"log file is written again; {self._folder}")

    def close(self) -> None:
        """Close the file; a later record would open it again."""
        self._close_file()
        super().close()

    def _file_of(self, day: date) -> TextIOWrapper:
        if self._file is None or day != self._day:
            self._close_file()
            self._folder.mkdir(parents=True, exist_ok=True)
            self._file = (self._folder / f"desk-{day:%Y-%m-%d}.log").open(
                "a", encoding="utf-8", errors="backslashreplace"
            )
            self._day = day
            self._delete_before(day - timedelta(days=DAYS_KEPT - 1))
        return self._file

    def _delete_before(self, first_kept: date) -> None:
        for path in self._folder.iterdir():
            match = _NAME.fullmatch(path.name)
            if match is not None and match[1] < first_kept.isoformat():
                path.unlink(missing_ok=True)

    def _close_file(self) -> None:
        file, self._file = self._file, None
        if file is None:
            return
        try:
            file.close()
        except OSError:
            # What could not be flushed has been reported by the write that failed.
            return

    def _report(self, *, failed: bool, text: str) -> None:
        if failed is not self._failed:
            self._failed = failed
            sys.stderr.write(text + "\n")
