"""QR codes for a terminal, in half blocks."""

import segno

_QUIET = 4
# Black on white whatever the terminal's own colours are: not every reader takes an inverted code.
_COLOURS, _PLAIN = "\x1b[38;5;16;48;5;231m", "\x1b[0m"
_HALVES = {(0, 0): " ", (1, 0): "▀", (0, 1): "▄", (1, 1): "█"}


def drawn(text: str) -> str:
    """Return the code of a text as lines of half blocks, black on white; raises ValueError above 2,953 bytes."""
    code = segno.make(text.encode(), error="l", boost_error=False, micro=False)
    rows = [list(row) for row in code.matrix_iter(border=_QUIET)]
    # Half blocks are two modules high: an odd height gets one more line of the quiet zone.
    rows += [[0] * len(rows[0])] * (len(rows) % 2)
    pairs = zip(rows[0::2], rows[1::2], strict=True)
    lines = ["".join(_HALVES[above, below] for above, below in zip(*pair, strict=True)) for pair in pairs]
    return "\n".join(f"{_COLOURS}{line}{_PLAIN}" for line in lines)
