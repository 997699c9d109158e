"""Reads width and height from image files, and scales photos down as Telegram does."""

import io
import struct
import zlib

_PNG = b"\x89PNG\r\n\x1a\n"
_JPEG_SIZE_MARKERS = frozenset((*range(0xC0, 0xC4), *range(0xC5, 0xC8), *range(0xC9, 0xCC), *range(0xCD, 0xD0)))
_JPEG_BARE_MARKERS = frozenset((0x01, *range(0xD0, 0xD9)))
_QUALITY = 87


def image_size(content: bytes) -> tuple[int, int] | None:
    """Return width and height of a whole PNG, JPEG, GIF or BMP; None for anything else or a damaged file."""
    if content.startswith(_PNG):
        return _png_size(content)
    if content.startswith(b"\xff\xd8"):
        return _jpeg_size(content)
    if content[:6] in {b"GIF87a", b"GIF89a"} and len(content) > 10:
        width, height = struct.unpack_from("<HH", content, 6)
        return _positive(width, height)
    if content.startswith(b"BM") and len(content) >= 54:
        width, height = struct.unpack_from("<ii", content, 18)
        return _positive(width, abs(height))
    return None


def _positive(width: int, height: int) -> tuple[int, int] | None:
    return (width, height) if width > 0 and height > 0 else None


def _png_size(content: bytes) -> tuple[int, int] | None:
    at, size, has_data = len(_PNG), None, False
    while at + 12 <= len(content):
        length, kind = struct.unpack_from(">I4s", content, at)
        end = at + 12 + length
        if end > len(content) or zlib.crc32(content[at + 4 : end - 4]) != struct.unpack_from(">I", content, end - 4)[0]:
            return None
        if kind == b"IHDR" and length >= 8:
            size = struct.unpack_from(">II", content, at + 8)
        has_data = has_data or kind == b"IDAT"
        if kind == b"IEND":
            return _positive(*size) if size is not None and has_data else None
        at = end
    return None


def _jpeg_size(content: bytes) -> tuple[int, int] | None:
    at = 2
    while at + 4 <= len(content) and content[at] == 0xFF:
        marker = content[at + 1]
        if marker == 0xFF:
            at += 1
        elif marker in _JPEG_BARE_MARKERS:
            at += 2
        elif marker in _JPEG_SIZE_MARKERS and at + 9 <= len(content):
            height, width = struct.unpack_from(">HH", content, at + 5)
            return _positive(width, height) if b"\xff\xd9" in content[at:] else None
        else:
            at += 2 + struct.unpack_from(">H", content, at + 2)[0]
    return None


def scaled_size(size: tuple[int, int], side: int) -> tuple[int, int]:
    """Return the size of a photo whose longest side is brought down to `side`."""
    longest = max(size)
    if longest <= side:
        return size
    return max(1, round(size[0] * side / longest)), max(1, round(size[1] * side / longest))


def scale(content: bytes, *, side: int) -> bytes:
    """Return the photo as the JPEG that Telegram would show: no side longer than `side`, transparency on white.

    Takes tens of milliseconds for a large photo: call it in a thread (the library releases the interpreter).
    """
    from PIL import Image

    with Image.open(io.BytesIO(content)) as opened:
        opened.load()
        rgba = opened.convert("RGBA")
    flat = Image.new("RGB", rgba.size, "white")
    flat.paste(rgba, mask=rgba.getchannel("A"))
    target = scaled_size(flat.size, side)
    if target != flat.size:
        flat = flat.resize(target, Image.Resampling.LANCZOS)
    output = io.BytesIO()
    flat.save(output, "JPEG", quality=_QUALITY, optimize=True)
    return output.getvalue()
