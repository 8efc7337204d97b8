"""`file:`, a disk image on this host, packed or not.

It is copied into the cache (by reference where the file system can), so it cannot change under an overlay unnoticed.
"""

from __future__ import annotations

import errno
import fcntl
import hashlib
from pathlib import Path
from typing import IO, ClassVar

from pydantic import ValidationInfo, field_validator

from goldsmith.base.base import Base
from goldsmith.base.cache import Cache
from goldsmith.base.hashing import chunks, is_zero, reporting, sha256_of
from goldsmith.base.naming import Sha256, content_key, require_format, settled_format
from goldsmith.base.settle import Made, Wanted, settle
from goldsmith.base.source import Source, register
from goldsmith.base.trust import Trust, TrustLevel
from goldsmith.base.unpack import unpack
from goldsmith.disk.disk import DiskFormat
from goldsmith.disk.limits import full_disk_as_host_error
from goldsmith.errors import InputError, TrustError
from goldsmith.events import Emit

# linux/fs.h: _IOW(0x94, 9, int), a copy that shares blocks until one side changes (XFS, btrfs).
FICLONE = 0x40049409


@register
class FileSource(Source):
    """A disk image on this host."""

    KEY: ClassVar[str] = "file"

    format: DiskFormat | None = None
    """The disk's format. Default: what the file's name states (`.qcow2`, `.raw`, also before `.xz`, `.zst`, `.gz`)."""
    sha256: Sha256 | None = None
    """The SHA-256 of the file as it is, packed or not. With it the base is trusted as pinned, without it not at all."""
    file: str
    """The path; a relative one starts at the recipe's folder."""

    @field_validator("file")
    @classmethod
    def _states_its_format(cls, value: str, info: ValidationInfo) -> str:
        if "format" in info.data:
            require_format(Path(value).name, info.data["format"])
        return value

    def identity(self, folder: Path) -> str | None:
        digest = self.sha256 or _digest(self._path(folder))
        return f"sha256:{digest}"

    def resolve(self, *, folder: Path, arch: str, offline: bool, refresh: bool, emit: Emit) -> Base:
        path = self._path(folder)
        disk_format, packer = settled_format(path.name, self.format)
        digest = _digest(path, emit)
        if self.sha256 is not None and digest != self.sha256:
            raise TrustError(
                f"{path} has the SHA-256 {digest}, not {self.sha256} as pinned",
                hint="was it replaced or damaged? Compare it with where it came from before you pin the new digest",
            )
        trust = Trust(TrustLevel.PINNED, digest) if self.sha256 is not None else Trust(TrustLevel.NONE)

        def make(work: Path) -> Made:
            copy = work / "copy"
            with full_disk_as_host_error(work, f"copying {path} into the cache"):
                if _copy(path, copy) != digest:
                    raise InputError(f"{path} changed while it was read", hint="run again when nothing writes to it")
            if packer is None:
                return Made(copy, digest)
            unpacked = work / "unpacked"
            unpack(copy, packer, unpacked, reporting(emit, None), name=str(path))
            return Made(unpacked)

        wanted = Wanted(content_key(f"sha256:{digest}", disk_format, packer), str(path), trust, disk_format)
        return settle(Cache.open(), wanted, make, refresh=refresh, emit=emit)

    def _path(self, folder: Path) -> Path:
        return folder / Path(self.file).expanduser()


def _digest(path: Path, emit: Emit | None = None) -> str:
    try:
        if not path.is_file():
            what = "is no regular file" if path.exists() else "does not exist"
            raise InputError(f"the base {path} {what}", hint="name a disk image; relative paths start at the recipe")
        return sha256_of(path, reporting(emit, path.stat().st_size)) if emit is not None else sha256_of(path)
    except OSError as error:
        raise InputError(f"the base {path} cannot be read: {error.strerror}") from error


def _copy(source: Path, target: Path) -> str:
    """Copy a file, sharing blocks where the file system can, and return the SHA-256 of the copy; zeros become holes."""
    with source.open("rb", buffering=0) as original, target.open("x+b") as copy:
        if _shared(original, copy):
            return sha256_of(target)
        digest = hashlib.sha256()
        size = 0
        for chunk in chunks(original):
            digest.update(chunk)
            size += len(chunk)
            if is_zero(chunk):
                copy.seek(size)
            else:
                copy.write(chunk)
        copy.truncate(size)
        return digest.hexdigest()


def _shared(original: IO[bytes], copy: IO[bytes]) -> bool:
    try:
        fcntl.ioctl(copy.fileno(), FICLONE, original.fileno())
    except OSError as error:
        if error.errno in {errno.EOPNOTSUPP, errno.ENOTTY, errno.EXDEV, errno.EINVAL, errno.ENOSYS, errno.EPERM}:
            return False
        raise
    return True
