"""Monospaced lines that fit a phone: labels in a column, nothing wider than 34 characters, nothing cut."""

from collections.abc import Iterable, Sequence

from handlers.views.format import esc

WIDTH = 34
_GAP = "  "


class Table:
    """Lines under construction. A cell that does not fit moves to the next line; one wider than a line is broken."""

    def __init__(self, label_width: int = 8) -> None:
        self._label_width = label_width
        self._lines: list[str] = []

    def row(self, label: str, *cells: str) -> "Table":
        """Add a label and its cells, joined by two spaces while they fit."""
        start = label.ljust(self._label_width)
        if len(label) >= self._label_width:
            start = f"{label} "
        fits = all(len(cell) <= WIDTH - self._label_width for cell in cells)
        self._flow(start, cells, indent=self._label_width if fits else 2)
        return self

    def line(self, *cells: str) -> "Table":
        """Add cells without a label."""
        self._flow("", cells, indent=1)
        return self

    def columns(self, cells: Sequence[str], widths: Sequence[int]) -> "Table":
        """Add cells in columns, positive widths aligned left, negative right; one too wide makes them flow."""
        if any(len(cell) > abs(width) for cell, width in zip(cells, widths, strict=True)):
            return self.line(*(cell for cell in cells if cell))
        padded = (
            cell.ljust(width) if width > 0 else cell.rjust(-width) for cell, width in zip(cells, widths, strict=True)
        )
        self._lines.append(" ".join(padded).rstrip())
        return self

    def html(self) -> str:
        """The lines as an escaped preformatted block; empty when there are none."""
        return f"<pre>{esc(chr(10).join(self._lines))}</pre>" if self._lines else ""

    def _flow(self, start: str, cells: Iterable[str], *, indent: int) -> None:
        current, fresh = start, True
        for position, cell in enumerate(cells):
            # An empty first cell indents the line; any other means nothing.
            if not cell and position:
                continue
            joint = "" if fresh else _GAP
            if len(current) + len(joint) + len(cell) <= WIDTH:
                current, fresh = current + joint + cell, False
                continue
            if current.strip():
                self._break(current, indent)
            current, fresh = " " * indent + cell, False
        self._break(current, indent)

    def _break(self, text: str, indent: int) -> None:
        rest = text.rstrip()
        while len(rest) > WIDTH:
            at = rest.rfind(" ", indent + 1, WIDTH + 1)
            cut = at if at > indent else WIDTH
            self._lines.append(rest[:cut].rstrip())
            rest = " " * indent + rest[cut:].strip()
        self._lines.append(rest)


def paragraphs(*parts: str) -> str:
    """Join the parts of a message, leaving out empty ones."""
    return "\n".join(part for part in parts if part)
