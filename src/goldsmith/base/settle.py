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


def settle(cache: Cache, wanted: Wanted, make: Callable[[Path], Path], *, refresh: bool = False, emit: Emit) -> Base:
    """What `wanted` asks for, out of the cache; else `make(work)` makes it in a work folder and returns its path."""
    with cache.locked(wanted.key, emit):
        if not refresh:
            found = cache.find(wanted.key, emit)
            if found is not None:
                return replace(found, origin=wanted.origin, trust=wanted.trust)
        with cache.work() as work:
            made = make(work)
            return cache.admit(
                made,
                wanted.format,
                key=wanted.key,
                origin=wanted.origin,
                trust=wanted.trust,
                sha256=sha256_of(made),
            )
