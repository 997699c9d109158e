"""Text and tables that are safe to open in a spreadsheet: deterministic CSV with quoted formulas."""

import csv
from collections.abc import Iterable, Mapping
from decimal import Decimal
from io import StringIO

# A cell beginning with one of these is run as a formula by spreadsheets; an apostrophe is quoted too, so that quoting
# can be undone.
_RUN = ("=", "+", "-", "@", "\t", "\r", "\n", "'")

type Cell = bool | int | float | Decimal | str | None


def quoted(text: str) -> str:
    """Text that no spreadsheet runs: an apostrophe goes before = + - @, control characters and an apostrophe."""
    return f"'{text}" if text.startswith(_RUN) else text


def unquoted(cell: str) -> str:
    """Text as it was before `quoted`."""
    return cell.removeprefix("'")


def written(cell: Cell) -> str:
    """A cell as text: numbers plain (never an exponent), absent empty, true and false in small letters, text quoted."""
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, Decimal):
        return format(cell, "f")
    return str(cell) if isinstance(cell, int | float) else quoted(cell)


def table(columns: Iterable[str], rows: Iterable[Mapping[str, Cell]]) -> str:
    """CSV with a header and one line a row; columns that a row lacks are empty."""
    names = list(columns)
    buffer = StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow([quoted(name) for name in names])
    writer.writerows([written(row.get(name)) for name in names] for row in rows)
    return buffer.getvalue()
