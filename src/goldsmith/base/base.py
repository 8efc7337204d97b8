"""Where an image starts: a disk in the cache or on the host, its digest, and how far it is trusted."""

from __future__ import annotations

from dataclasses import dataclass

from goldsmith.base.trust import Trust
from goldsmith.disk.disk import Disk


@dataclass(frozen=True, slots=True)
class Base:
    """`origin` is what the recipe named (a path, a URL, bootstrap:debian/12); `sha256` is of the bytes of `disk`."""

    origin: str
    disk: Disk
    sha256: str
    trust: Trust
    cached: bool = False
