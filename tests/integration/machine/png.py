"""Reads the pictures that QEMU writes: 8 bits for each of red, green and blue, not interlaced."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator


def pixels(png: bytes) -> tuple[int, int, list[bytes]]:
    """Width, height, and the color of each pixel, after every checksum was checked."""
    chunks = list(_chunks(png))
    width, height, *kind = struct.unpack(">IIBBBBB", chunks[0][1])
    assert (chunks[0][0], kind, chunks[-1][0]) == (b"IHDR", [8, 2, 0, 0, 0], b"IEND")
    rows = zlib.decompress(b"".join(content for name, content in chunks if name == b"IDAT"))
    stride = 3 * width
    above = bytearray(stride)
    shown: list[bytes] = []
    for start in range(0, len(rows), stride + 1):
        above = _unfiltered(rows[start], rows[start + 1 : start + 1 + stride], above)
        shown += [bytes(above[place : place + 3]) for place in range(0, stride, 3)]
    assert len(shown) == width * height
    return width, height, shown


def _chunks(png: bytes) -> Iterator[tuple[bytes, bytes]]:
    assert png.startswith(b"\x89PNG\r\n\x1a\n")
    place = 8
    while place < len(png):
        (length,) = struct.unpack_from(">I", png, place)
        name, content = png[place + 4 : place + 8], png[place + 8 : place + 8 + length]
        assert struct.unpack_from(">I", png, place + 8 + length) == (zlib.crc32(name + content),)
        yield name, content
        place += 12 + length


def _unfiltered(kind: int, row: bytes, above: bytearray) -> bytearray:
    """The five filters of the format."""
    out = bytearray(row)
    for place, byte in enumerate(row):
        left = out[place - 3] if place >= 3 else 0
        corner = above[place - 3] if place >= 3 else 0
        predicted = (0, left, above[place], (left + above[place]) // 2, _paeth(left, above[place], corner))[kind]
        out[place] = (byte + predicted) & 0xFF
    return out


def _paeth(left: int, above: int, corner: int) -> int:
    estimate = left + above - corner
    return min((left, above, corner), key=lambda each: abs(estimate - each))
