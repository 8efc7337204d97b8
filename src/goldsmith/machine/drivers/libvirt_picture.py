"""The picture of a domain's screen: libvirt gives a portable pixmap, goldsmith keeps PNG."""

from __future__ import annotations

import re
import struct
import zlib

PNG = b"\x89PNG\r\n\x1a\n"
# 8 bits for each of red, green and blue.
_HEADER = re.compile(rb"P6\s+(\d{1,5})\s+(\d{1,5})\s+255\s")


def as_png(picture: bytes) -> bytes | None:
    """None for what is neither PNG nor such a pixmap."""
    if picture.startswith(PNG):
        return picture
    header = _HEADER.match(picture)
    if header is None:
        return None
    width, height = int(header[1]), int(header[2])
    pixels = picture[header.end() :]
    if not width or not height or len(pixels) != 3 * width * height:
        return None
    rows = (b"\0" + pixels[start : start + 3 * width] for start in range(0, len(pixels), 3 * width))
    # 8 bits deep, true color, nothing interlaced.
    size = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return PNG + _chunk(b"IHDR", size) + _chunk(b"IDAT", zlib.compress(b"".join(rows))) + _chunk(b"IEND", b"")


def _chunk(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))
