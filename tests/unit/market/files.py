"""Writing candles into files of many layouts."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

from engine.candles import Columns
from tests.support.series import walk

CANDLES = walk(12)
PLAIN = ("time", "open", "high", "low", "close", "volume")


def iso(time_ms: int) -> str:
    return datetime.fromtimestamp(time_ms / 1000, UTC).isoformat()


def cells(candles: Columns = CANDLES, *, time: Callable[[int], object] = int) -> list[list[str]]:
    """Return rows of text: time as told, then open, high, low, close, volume in full precision."""
    rows = zip(*(column.tolist() for column in candles.raw().columns()), strict=True)
    return [[str(time(when)), *(repr(value) for value in values)] for when, *values in rows]


def write_csv(path: Path, rows: Sequence[Sequence[str]], *, header: Sequence[str] = PLAIN, mark: str = ",") -> Path:
    """Write rows under a header (none when empty); returns the path."""
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = [mark.join(header)] if header else []
    path.write_text("\n".join([*lines, *(mark.join(row) for row in rows)]) + "\n", encoding="utf-8")
    return path
