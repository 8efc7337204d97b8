"""The cache of bases: `$XDG_CACHE_HOME/goldsmith/bases`.

    sha256-<digest>.<format>   a disk image, mode 0444, named by the digest of its bytes
    key-<digest>.json          how it came to be: the request (key), origin, trust, size, when
    partial-<key's digest>     a download that was interrupted; the next run goes on from there
    .goldsmith-<run>/          what a running goldsmith is making; left behind only when it was killed
    locks/                     one file per request, and one per image that somebody used (see hold.py)

Nothing is ever changed under its final name, so an overlay's base stays what it was. Every use reads all bytes again
and compares the digest: a disk that lost a bit, or an image somebody booted read-write, is thrown away.
"""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from goldsmith.base.base import Base
from goldsmith.base.hashing import reporting, sha256_of
from goldsmith.base.hold import if_unused
from goldsmith.base.scratch import remove_linked
from goldsmith.base.trust import Trust, TrustLevel
from goldsmith.disk import lease
from goldsmith.disk.disk import Disk, DiskFormat
from goldsmith.disk.header import inspect
from goldsmith.disk.limits import full_disk_as_host_error
from goldsmith.errors import GoldsmithError, HostError
from goldsmith.events import Emit, Note, ignore
from goldsmith.settings import cache_dir

SCHEMA = "goldsmith.base/1"
# Seconds that a run waits for another one that fetches or makes the same base.
PATIENCE = 3600.0
# Seconds after which nobody will go on with an interrupted download.
PARTIAL_AGE = 7 * 24 * 3600.0
# Seconds that an image may be without a record.
YOUNG = 60.0


@dataclass(frozen=True, slots=True)
class Entry:
    """One request that the cache can answer; `created` and `used` in seconds since the epoch, `size` in bytes."""

    key: str
    origin: str
    trust: Trust
    sha256: str
    format: DiskFormat
    size: int
    created: float
    used: float

    @property
    def file_name(self) -> str:
        return f"sha256-{self.sha256}.{self.format}"


@dataclass(frozen=True, slots=True)
class Cache:
    """The folder `root`, which exists and is writable."""

    root: Path

    @classmethod
    def open(cls, root: Path | None = None) -> Cache:
        """The user's cache, or the one at `root`. Raises HostError where it cannot be made or written."""
        root = root if root is not None else cache_dir() / "bases"
        try:
            (root / "locks").mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise _unusable(root, error.strerror or str(error)) from error
        if not os.access(root, os.W_OK | os.X_OK) or not os.access(root / "locks", os.W_OK | os.X_OK):
            raise _unusable(root, "it is not writable")
        return cls(root)

    @contextmanager
    def locked(self, key: str, emit: Emit = ignore) -> Iterator[None]:
        """One run at a time fetches or makes what `key` asks for; the others wait and then find it."""
        lock = FileLock(self.root / "locks" / f"{_short(key)}.lock", poll_interval=0.2)
        with _as_host_error(self.root):
            try:
                lock.acquire(timeout=0)
            except Timeout:
                emit(Note("another run is fetching or making this base: waiting for it"))
                try:
                    lock.acquire(timeout=PATIENCE)
                except Timeout as error:
                    raise HostError(
                        f"another run has held the base's lock {lock.lock_file} for {PATIENCE / 60:.0f} minutes",
                        hint="look for a goldsmith that hangs, and end it",
                    ) from error
        try:
            yield
        finally:
            lock.release()

    @contextmanager
    def work(self) -> Iterator[Path]:
        """A folder of this run's own in the cache's file system, private, gone afterwards; dead runs' go first."""
        self.clear_stale()
        with lease.lease(self.root) as folder:
            yield folder

    def partial(self, key: str) -> Path:
        """Where an interrupted download of `key` lies."""
        return self.root / f"partial-{_short(key)}"

    def find(self, key: str, emit: Emit = ignore) -> Base | None:
        """What `key` asked for before, after reading it again; what does not hold any more is removed, with a note."""
        record = self._record(key)
        entry = _read(record)
        if entry is None or entry.key != key:
            return None
        path = self.root / entry.file_name
        try:
            size = path.stat(follow_symlinks=False).st_size
            digest = sha256_of(path, reporting(emit, size)) if not path.is_symlink() else ""
        except FileNotFoundError:
            record.unlink(missing_ok=True)
            return None
        except OSError as error:
            raise _unusable(self.root, f"{path.name}: {error.strerror}") from error
        if digest != entry.sha256:
            emit(Note(f"the cached base {path} is damaged: its digest changed; it is thrown away", warning=True))
            path.unlink(missing_ok=True)
            record.unlink(missing_ok=True)
            return None
        os.utime(record)
        return Base(
            entry.origin,
            Disk(path, entry.format, inspect(path, entry.format)),
            entry.sha256,
            entry.trust,
            cached=True,
        )

    def admit(self, made: Path, disk_format: DiskFormat, *, key: str, origin: str, trust: Trust, sha256: str) -> Base:
        """Take a finished image from a `work` folder; its header is looked at first.

        `sha256` is of its bytes as they are. Raises InputError or TrustError where the image is refused.
        """
        try:
            virtual_size = inspect(made, disk_format)
        except GoldsmithError as error:
            # The image goes by the name that the person knows.
            error.message = error.message.replace(str(made), origin)
            error.args = (error.message,)
            raise
        entry = Entry(key, origin, trust, sha256, disk_format, made.stat().st_size, time.time(), time.time())
        final = self.root / entry.file_name
        with _as_host_error(self.root):
            made.chmod(0o444)
            _flush(made)
            made.rename(final)
            _write(self._record(key), entry)
            _flush(self.root)
        return Base(origin, Disk(final, disk_format, virtual_size), sha256, trust)

    def remember(self, key: str, base: Base) -> None:
        """Let another request find a base that is in the cache."""
        entry = Entry(
            key, base.origin, base.trust, base.sha256, base.disk.format, base.disk.path.stat().st_size,
            time.time(), time.time(),
        )  # fmt: skip
        with _as_host_error(self.root):
            _write(self._record(key), entry)

    def entries(self) -> tuple[Entry, ...]:
        """Every request that can be answered, oldest use first."""
        found = [entry for path in self.root.glob("key-*.json") if (entry := _read(path)) is not None]
        return tuple(sorted(found, key=lambda entry: entry.used))

    def clear_stale(self, *, partials: bool = False, dry_run: bool = False) -> tuple[Path, ...]:
        """Remove what dead runs left: work folders, downloads that nobody went on with, images without a record.

        With `partials` also interrupted downloads that could still go on. Returns what was (or would be) removed.
        """
        removed: list[Path] = []
        for dead in lease.stale(self.root):
            removed.append(dead.path)
            if not dry_run:
                remove_linked(dead.path)
        if not dry_run:
            lease.clear_stale(self.root)
        named = {entry.file_name for entry in self.entries()}
        for image in self.root.glob("sha256-*"):
            # An image gets its record a moment after its name: a young one may be of a run that is just there.
            if image.name not in named and time.time() - image.stat().st_ctime > YOUNG:
                with if_unused(image) as unused:
                    if unused:
                        removed.append(image)
                        if not dry_run:
                            image.unlink(missing_ok=True)
        for partial in self.root.glob("partial-*"):
            lock = FileLock(self.root / "locks" / f"{partial.name.removeprefix('partial-').split('.')[0]}.lock")
            with _if_free(lock) as free:
                if free and partial.exists() and (partials or time.time() - partial.stat().st_mtime > PARTIAL_AGE):
                    removed.append(partial)
                    if not dry_run:
                        partial.unlink(missing_ok=True)
        return tuple(removed)

    def clear(self, *, dry_run: bool = False) -> tuple[Path, ...]:
        """Remove every base that no run lies on; each is fetched or made again when it is next asked for."""
        removed: list[Path] = []
        kept: set[str] = set()
        for image in self.root.glob("sha256-*"):
            with if_unused(image) as unused:
                if not unused:
                    kept.add(image.name)
                    continue
                removed.append(image)
                if not dry_run:
                    image.unlink(missing_ok=True)
        for record in self.root.glob("key-*.json"):
            entry = _read(record)
            if entry is None or entry.file_name not in kept:
                removed.append(record)
                if not dry_run:
                    record.unlink(missing_ok=True)
        return tuple(removed)

    def _record(self, key: str) -> Path:
        return self.root / f"key-{_short(key)}.json"


def clear_stale(*, partials: bool = False, dry_run: bool = False) -> tuple[Path, ...]:
    """`Cache.clear_stale` of the user's cache; nothing where there is none."""
    root = cache_dir() / "bases"
    return Cache.open(root).clear_stale(partials=partials, dry_run=dry_run) if root.is_dir() else ()


def entries() -> tuple[Entry, ...]:
    """`Cache.entries` of the user's cache; nothing where there is none."""
    root = cache_dir() / "bases"
    return Cache(root).entries() if root.is_dir() else ()


def _short(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()[:32]


def _read(record: Path) -> Entry | None:
    """One record, or None where it is missing or is none of ours."""
    try:
        data: Any = json.loads(record.read_bytes())
        if data["schema"] != SCHEMA:
            return None
        digest = str(data["sha256"])
        if len(digest) != 64 or not all(digit in "0123456789abcdef" for digit in digest):
            return None
        return Entry(
            key=str(data["key"]),
            origin=str(data["origin"]),
            trust=Trust(TrustLevel(data["trust"]["level"]), str(data["trust"]["evidence"])),
            sha256=digest,
            format=DiskFormat(data["format"]),
            size=int(data["size"]),
            created=float(data["created"]),
            used=record.stat().st_mtime,
        )
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _write(record: Path, entry: Entry) -> None:
    data = {
        "schema": SCHEMA,
        "key": entry.key,
        "origin": entry.origin,
        "trust": {"level": entry.trust.level.value, "evidence": entry.trust.evidence},
        "sha256": entry.sha256,
        "format": entry.format.value,
        "size": entry.size,
        "created": entry.created,
    }
    new = record.with_name(f".{record.name}.{os.getpid()}")
    try:
        new.write_text(json.dumps(data, indent=1) + "\n", encoding="utf-8")
        new.rename(record)
    finally:
        new.unlink(missing_ok=True)


def _flush(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def _if_free(lock: FileLock) -> Iterator[bool]:
    try:
        lock.acquire(timeout=0)
    except (Timeout, OSError):
        yield False
        return
    try:
        yield True
    finally:
        lock.release()


@contextmanager
def _as_host_error(root: Path) -> Iterator[None]:
    with full_disk_as_host_error(root, "keeping a base in the cache"):
        yield


def _unusable(root: Path, why: str) -> HostError:
    return HostError(
        f"the cache {root} cannot be used: {why}",
        hint="make it writable, or name another one with XDG_CACHE_HOME",
    )
