"""Versions of cloud-init, as far as its behavior depends on them."""

from __future__ import annotations

import re

Version = tuple[int, int]
# What is asked where an image's version is not known: the range that this package was compared with.
OLDEST: Version = (22, 4)
NEWEST: Version = (26, 2)


def parse_version(text: str | None) -> Version | None:
    """The first two numbers of a version such as 22.4.2 or 1:23.1.1-2, None where there are none."""
    match = re.match(r"(?:\d+:)?(\d+)\.(\d+)", text or "")
    return (int(match[1]), int(match[2])) if match else None
