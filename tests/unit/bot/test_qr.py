"""QR codes as they are drawn are read again by a reader of the tests' own."""

from collections.abc import Iterator

import pytest

from bot.qr import drawn

# By version: codewords of data and of error correction in a block, and blocks.
BLOCKS = {1: (19, 7, 1), 2: (34, 10, 1), 3: (55, 15, 1), 4: (80, 20, 1), 5: (108, 26, 1)}
BLOCKS |= {6: (68, 18, 2), 7: (78, 20, 2), 8: (97, 24, 2), 9: (116, 30, 2)}
FLIPS = [
    lambda y, x: (y + x) % 2 == 0,
    lambda y, x: y % 2 == 0,
    lambda y, x: x % 3 == 0,
    lambda y, x: (y + x) % 3 == 0,
    lambda y, x: (y // 2 + x // 3) % 2 == 0,
    lambda y, x: (y * x) % 2 + (y * x) % 3 == 0,
    lambda y, x: ((y * x) % 2 + (y * x) % 3) % 2 == 0,
    lambda y, x: ((y + x) % 2 + (y * x) % 3) % 2 == 0,
]


def is_fixed(version: int, y: int, x: int) -> bool:
    """Whether a module is part of a pattern and carries no data."""
    side = 17 + 4 * version
    last = side - 7
    if (y < 9 and x < 9) or (y < 9 and x >= side - 8) or (y >= side - 8 and x < 9) or 6 in {y, x}:
        return True
    if version >= 7 and ((y < 6 and x >= side - 11) or (x < 6 and y >= side - 11)):
        return True
    middle = last // 2 + 3
    centres = [6, middle, last] if version >= 7 else [last] if version > 1 else []
    corners = {(6, 6), (6, last), (last, 6)}
    return any(abs(y - a) < 3 and abs(x - b) < 3 for a in centres for b in centres if (a, b) not in corners)


def bits_of(made: list[list[bool]], version: int, mask: int) -> Iterator[bool]:
    """Data modules in reading order, without the mask."""
    side, upwards, right = len(made), True, len(made) - 1
    while right > 0:
        right -= right == 6
        for y in reversed(range(side)) if upwards else range(side):
            for x in (right, right - 1):
                if not is_fixed(version, y, x):
                    yield made[y][x] ^ FLIPS[mask](y, x)
        upwards, right = not upwards, right - 2


def times(left: int, right: int) -> int:
    total = 0
    for place in range(8):
        total ^= (left << place) * (right >> place & 1)
    for place in range(14, 7, -1):
        total ^= (0x11D << place - 8) * (total >> place & 1)
    return total


def is_whole(block: list[int], check: int) -> bool:
    """Whether every syndrome of a block is zero, as it is where nothing was damaged."""
    root = 1
    for _ in range(check):
        value = 0
        for word in block:
            value = times(value, root) ^ word
        if value:
            return False
        root = times(root, 2)
    return True


def read(made: list[list[bool]]) -> str:
    """The text of a code; fails where its blocks are damaged."""
    version = (len(made) - 17) // 4
    told = int("".join("01"[made[8][x]] for x in range(5)), 2) ^ 0b10101
    assert told >> 3 == 0b01
    bits = "".join("01"[bit] for bit in bits_of(made, version, told & 7))
    data, check, count = BLOCKS[version]
    words = [int(bits[start : start + 8], 2) for start in range(0, (data + check) * count * 8, 8)]
    blocks = [words[number::count] for number in range(count)]
    assert all(is_whole(block, check) for block in blocks)
    stream = "".join(f"{word:08b}" for block in blocks for word in block[:data])
    assert stream[:4] == "0100"
    length = int(stream[4:12], 2)
    return bytes(int(stream[place : place + 8], 2) for place in range(12, 12 + 8 * length, 8)).decode()


def seen(text: str) -> list[list[bool]]:
    """Modules of a code as a camera sees them in the terminal, with the quiet zone."""
    lines = [line.removeprefix("\x1b[38;5;16;48;5;231m").removesuffix("\x1b[0m") for line in drawn(text).split("\n")]
    assert len({len(line) for line in lines}) == 1
    rows = [[cell in marks for cell in line] for line in lines for marks in ("▀█", "▄█")]
    return rows[: len(lines[0])]


def inner(rows: list[list[bool]]) -> list[list[bool]]:
    return [row[4:-4] for row in rows[4:-4]]


@pytest.mark.parametrize("length", [1, 17, 53, 106, 134, 193, 230])
def test_a_reader_finds_the_text_again_at_every_size(length: int) -> None:
    text = "".join(chr(97 + number * 7 % 26) for number in range(length))
    assert read(inner(seen(text))) == text


def test_text_beyond_ascii_is_read_again() -> None:
    assert read(inner(seen("otpauth://é€"))) == "otpauth://é€"


def test_the_code_stands_in_a_quiet_border() -> None:
    rows = seen("a")
    border = {(y, x) for y in range(29) for x in range(29)} - {(y, x) for y in range(4, 25) for x in range(4, 25)}
    assert not any(rows[y][x] for y, x in border)


def test_a_damaged_module_is_noticed_by_the_reader() -> None:
    made = inner(seen("pocketdesk"))
    made[20][20] = not made[20][20]
    with pytest.raises(AssertionError):
        read(made)
