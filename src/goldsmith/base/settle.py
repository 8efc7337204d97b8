"""From a request to a base in the cache: find it, or make it once while others wait."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from goldsmith.base.base import Base
from goldsmith.base.cache import Cache
from goldsmith.base.hashing import sha256_of
from goldsmith.base.trust import Trust
from goldsmith.disk.disk import DiskFormat
from goldsmith.events import Emit


@dataclass(frozen=True, slots=True)
class Wanted:
    """`key` decides what the bytes are; origin and trust are this request's, whoever fetched the bytes first."""

    key: str
    origin: str
    trust: Trust
    format: DiskFormat


@dataclass(frozen=True, slots=True)
class Made:
    """A finished image in a work folder; `sha256` of its bytes where it is known already."""

    path: Path
    sha256: str | None = None


def settle(cache: Cache, wanted: Wanted, make: Callable[[Path], Made], *, refresh: bool = False, emit: Emit) -> Base:
    """What `wanted` asks for, out of the cache; else `make(work)` makes it in a work folder ."""
    with cache.locked(wanted.key, emit):
        if not refresh:
            found = cache.find(wanted.key, emit)
            if found is not None:
                return replace(found, origin=wanted.origin, trust=wanted.trust)
        with cache.work() as work:
            made = make(work)
            return cache.admit(
                made.path,
                wanted.format,
                key=wanted.key,
                origin=wanted.origin,
                trust=wanted.trust,
                sha256=made.sha256 or sha256_of(made.path),
            )
