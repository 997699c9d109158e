"""QR codes for a terminal (ISO/IEC 18004: byte mode, level L, versions 1 to 9)."""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise, product

type Matrix = list[list[bool]]
type _Cells = list[list[bool | None]]

_QUIET = 4
# Black on white whatever the terminal's own colours are: not every reader takes an inverted code.
_COLOURS, _PLAIN = "\x1b[38;5;16;48;5;231m", "\x1b[0m"
_HALVES = {(False, False): " ", (True, False): "▀", (False, True): "▄", (True, True): "█"}
_LEVEL_L = 0b01
_PADDING = b"\xec\x11"


@dataclass(frozen=True, slots=True)
class _Version:
    number: int
    data: int
    check: int
    blocks: int
    centres: tuple[int, ...]

    @property
    def side(self) -> int:
        return 17 + 4 * self.number


# Codewords of data and of error correction in a block, blocks, centres of the alignment patterns (tables 9 and E.1).
_VERSIONS = (
    _Version(1, 19, 7, 1, ()),
    _Version(2, 34, 10, 1, (6, 18)),
    _Version(3, 55, 15, 1, (6, 22)),
    _Version(4, 80, 20, 1, (6, 26)),
    _Version(5, 108, 26, 1, (6, 30)),
    _Version(6, 68, 18, 2, (6, 34)),
    _Version(7, 78, 20, 2, (6, 22, 38)),
    _Version(8, 97, 24, 2, (6, 24, 42)),
    _Version(9, 116, 30, 2, (6, 26, 46)),
)
_MASKS: tuple[Callable[[int, int], int], ...] = (
    lambda y, x: (y + x) % 2,
    lambda y, _x: y % 2,
    lambda _y, x: x % 3,
    lambda y, x: (y + x) % 3,
    lambda y, x: (y // 2 + x // 3) % 2,
    lambda y, x: y * x % 2 + y * x % 3,
    lambda y, x: (y * x % 2 + y * x % 3) % 2,
    lambda y, x: ((y + x) % 2 + y * x % 3) % 2,
)


def drawn(text: str) -> str:
    """Return the code of a text as lines of half blocks, black on white; raises ValueError above 230 bytes."""
    found = matrix(text)
    side = len(found) + 2 * _QUIET
    light = [False] * side
    rows = [light] * _QUIET + [[False] * _QUIET + row + [False] * _QUIET for row in found] + [light] * (_QUIET + 1)
    pairs = zip(rows[0::2], rows[1::2], strict=False)
    lines = ["".join(_HALVES[above, below] for above, below in zip(*pair, strict=True)) for pair in pairs]
    return "\n".join(f"{_COLOURS}{line}{_PLAIN}" for line in lines)


def matrix(text: str) -> Matrix:
    """Return rows of modules, True is dark; raises ValueError above 230 bytes."""
    raw = text.encode()
    version = next((each for each in _VERSIONS if len(raw) + 2 <= each.data * each.blocks), None)
    if version is None:
        raise ValueError(f"{len(raw)} bytes are too many for a QR code here, at most 230")
    cells = _patterns(version)
    free = [(y, x) for y, x in _path(version.side) if cells[y][x] is None]
    bits = [word >> place & 1 == 1 for word in _codewords(version, raw) for place in range(7, -1, -1)]
    bits += [False] * (len(free) - len(bits))
    return min((_masked(cells, free, bits, number) for number in range(len(_MASKS))), key=_penalty)


def _codewords(version: _Version, raw: bytes) -> Iterator[int]:
    # Mode 0100, a byte of length, the bytes, and four zero bits that end them.
    stream = (((0b0100 << 8 | len(raw)) << 8 * len(raw) | int.from_bytes(raw)) << 4).to_bytes(len(raw) + 2)
    room = version.data * version.blocks
    stream += (_PADDING * room)[: room - len(stream)]
    data = [stream[start : start + version.data] for start in range(0, room, version.data)]
    check = [_remainder(block, version.check) for block in data]
    for parts in (data, check):
        for column in zip(*parts, strict=True):
            yield from column


# Reed-Solomon over GF(256), x^8 + x^4 + x^3 + x^2 + 1


def _times(left: int, right: int) -> int:
    made = 0
    while right:
        made ^= left if right & 1 else 0
        left = left << 1 ^ (0x11D if left & 0x80 else 0)
        right >>= 1
    return made


def _generator(degree: int) -> list[int]:
    found, root = [1], 1
    for _ in range(degree):
        found = [term ^ _times(before, root) for before, term in pairwise([0, *found, 0])]
        root = _times(root, 2)
    return found


def _remainder(block: bytes, degree: int) -> list[int]:
    divisor = _generator(degree)
    left = [*block, *[0] * degree]
    for place in range(len(block)):
        factor = left[place]
        for offset, term in enumerate(divisor):
            left[place + offset] ^= _times(term, factor)
    return left[len(block) :]


# Modules


def _patterns(version: _Version) -> _Cells:
    side = version.side
    cells: _Cells = [[None] * side for _ in range(side)]
    for y, x in ((3, 3), (3, side - 4), (side - 4, 3)):
        _rings(cells, y, x, dark=(0, 1, 3), reach=4)
    for y, x in product(version.centres, repeat=2):
        if cells[y][x] is None:
            _rings(cells, y, x, dark=(0, 2), reach=2)
    for place in range(8, side - 8):
        cells[6][place] = cells[place][6] = place % 2 == 0
    if version.number >= 7:
        said = _protected(version.number, width=6, divisor=0x1F25)
        for number in range(18):
            y, x = number // 3, side - 11 + number % 3
            cells[y][x] = cells[x][y] = said >> number & 1 == 1
    _tell_mask(cells, 0)
    return cells


def _rings(cells: _Cells, y: int, x: int, *, dark: Sequence[int], reach: int) -> None:
    for down, right in product(range(-reach, reach + 1), repeat=2):
        if 0 <= y + down < len(cells) and 0 <= x + right < len(cells):
            cells[y + down][x + right] = max(abs(down), abs(right)) in dark


def _protected(value: int, *, width: int, divisor: int) -> int:
    degree = divisor.bit_length() - 1
    left = value << degree
    for place in range(width - 1, -1, -1):
        if left >> place + degree & 1:
            left ^= divisor << place
    return value << degree | left


def _tell_mask(cells: _Cells, mask: int) -> None:
    side = len(cells)
    said = _protected(_LEVEL_L << 3 | mask, width=5, divisor=0x537) ^ 0x5412
    beside = [(0, 8), (1, 8), (2, 8), (3, 8), (4, 8), (5, 8), (7, 8), (8, 8), (8, 7)]
    beside += [(8, x) for x in range(5, -1, -1)]
    apart = [(8, side - 1 - number) for number in range(8)] + [(y, 8) for y in range(side - 7, side)]
    for number, ((y, x), (far_y, far_x)) in enumerate(zip(beside, apart, strict=True)):
        cells[y][x] = cells[far_y][far_x] = said >> number & 1 == 1
    cells[side - 8][8] = True


def _path(side: int) -> Iterator[tuple[int, int]]:
    # Two columns at a time from the right, up and down in turn, past the vertical timing pattern.
    columns = [x for x in range(side - 1, -1, -1) if x != 6]
    for number, (right, left) in enumerate(zip(columns[0::2], columns[1::2], strict=True)):
        for y in range(side) if number % 2 else range(side - 1, -1, -1):
            yield y, right
            yield y, left


def _masked(cells: _Cells, free: Sequence[tuple[int, int]], bits: Sequence[bool], number: int) -> Matrix:
    made = [list(row) for row in cells]
    _tell_mask(made, number)
    for (y, x), bit in zip(free, bits, strict=True):
        made[y][x] = bit ^ (_MASKS[number](y, x) == 0)
    return [[bool(cell) for cell in row] for row in made]


def _penalty(made: Matrix) -> int:
    rows = ["".join("01"[cell] for cell in row) for row in made]
    columns = ["".join(column) for column in zip(*rows, strict=True)]
    total = 0
    for line in rows + columns:
        total += sum(len(run) - 2 for run in re.findall(r"0{5,}|1{5,}", line))
        total += 40 * len(re.findall(r"(?=10111010000|00001011101)", line))
    for above, below in pairwise(rows):
        total += 3 * sum(above[x : x + 2] == below[x : x + 2] in {"00", "11"} for x in range(len(above) - 1))
    dark = sum(row.count("1") for row in rows)
    return total + 10 * int(abs(dark * 20 / len(rows) ** 2 - 10))
