"""Collect garbage: what dead runs left, and cached bases on request."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from goldsmith.base.cache import Cache
from goldsmith.disk import lease
from goldsmith.disk.lease import disk_usage
from goldsmith.pool.pool import Pool
from goldsmith.settings import cache_dir, scratch_dir

MIB = 1 << 20


@dataclass(frozen=True, slots=True)
class Garbage:
    """Path and bytes of everything that was removed, or would be in a dry run."""

    removed: tuple[tuple[Path, int], ...]
    dry_run: bool

    def as_json(self) -> dict[str, object]:
        return {
            "dry_run": self.dry_run,
            "removed": [{"path": str(path), "bytes": size} for path, size in self.removed],
            "bytes": sum(size for _, size in self.removed),
        }

    def as_text(self) -> list[str]:
        word = "would remove" if self.dry_run else "removed"
        lines = [f"{word} {path} ({size / MIB:.1f} MiB)" for path, size in self.removed]
        total = sum(size for _, size in self.removed) / MIB
        return [*lines, f"{word} {len(self.removed)} things, {total:.1f} MiB"]


def collect(pool: Pool, *, bases: bool, dry_run: bool) -> Garbage:
    """Clear the pool's and the cache's leftovers. Admitted images and what living runs use stay."""
    stale = (
        (*pool.stale(), *lease.stale(scratch_dir())) if dry_run else (*pool.clear(), *lease.clear_stale(scratch_dir()))
    )
    return Garbage((*((each.path, each.bytes) for each in stale), *_of_cache(bases=bases, dry_run=dry_run)), dry_run)


def _of_cache(*, bases: bool, dry_run: bool) -> list[tuple[Path, int]]:
    root = cache_dir() / "bases"
    if not root.is_dir():
        return []
    cache = Cache.open(root)
    # Sizes have to be known before anything goes.
    paths = [*cache.clear_stale(partials=bases, dry_run=True), *(cache.clear(dry_run=True) if bases else ())]
    sizes = [(path, disk_usage(path)) for path in paths]
    if not dry_run:
        cache.clear_stale(partials=bases)
        if bases:
            cache.clear()
    return sizes
