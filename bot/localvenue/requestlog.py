"""The log of requests that tests and demonstrations read; it holds no secret and no signature."""

from collections import deque
from dataclasses import dataclass, field
from typing import Any

KEPT = 20_000


@dataclass(slots=True)
class RequestLog:
    """The last 20,000 requests, numbered from 1 in the order their handling ended."""

    _rows: deque[dict[str, Any]] = field(default_factory=lambda: deque(maxlen=KEPT))
    _last: int = 0

    def add(
        self, *, at: int, method: str, path: str, params: Any, key: str, code: int | None, status: int | None
    ) -> None:
        """Log a request; code and status are None where no answer left."""
        self._last += 1
        row = {"n": self._last, "at": at, "method": method, "path": path, "params": params, "key": key}
        self._rows.append({**row, "retCode": code, "status": status})

    def after(self, number: int) -> list[dict[str, Any]]:
        """Return the requests with a higher number, oldest first."""
        return [row for row in self._rows if row["n"] > number]
