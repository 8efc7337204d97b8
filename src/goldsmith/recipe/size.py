"""Sizes as people write them."""

from __future__ import annotations

import re

_UNITS = {"K": 1 << 10, "M": 1 << 20, "G": 1 << 30, "T": 1 << 40}
SMALLEST, LARGEST = 1 << 20, 64 << 40


def parse_size(text: str) -> int:
    """`10G`, `512 MiB` → bytes. Raises ValueError with what is wrong, worded to follow the key's name."""
    match = re.fullmatch(r"([0-9]{1,15}) ?([KMGTkmgt])(iB|ib|B|b)?", text.strip(), re.ASCII)
    if match is None:
        raise ValueError("is no size")
    if (match[3] or "").lower() == "b":
        raise ValueError(f"is ambiguous: {match[2].upper()}B is read as 1000 by some and as 1024 by others")
    size = int(match[1]) * _UNITS[match[2].upper()]
    if not SMALLEST <= size <= LARGEST:
        raise ValueError("is out of range: from 1M to 64T")
    return size


def show_size(size: int) -> str:
    """Bytes → `10G`, `1.5G`."""
    for unit, factor in reversed(_UNITS.items()):
        if size >= factor:
            return f"{size / factor:.1f}".removesuffix(".0") + unit
    return f"{size} bytes"
