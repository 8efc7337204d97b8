"""What a clone's disk is after its boot, below its files: partitions, how far they reach, whether they are clean."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Volume:
    """A partition by its `number`, or the whole disk where it has none (number 0); `offset`, `size` and `used` in
    bytes. `kind` is the file system as blkid names it, "" for none that is known; `used` is how far it reaches, None
    where that is not known; `clean` whether it was unmounted cleanly, None where nothing says so; `why` is what says
    it.
    """

    number: int
    offset: int
    size: int
    kind: str
    used: int | None = None
    clean: bool | None = None
    why: str = ""

    @property
    def end(self) -> int:
        return self.offset + self.size


@dataclass(frozen=True, slots=True)
class DiskState:
    """`size` is the virtual disk's, `sealed` the image's, in bytes: clones boot with more room than the image has.
    `volumes` are its partitions, or the disk itself; none where it is `unreadable`, which says why it could not be
    read, None where it could.
    """

    size: int
    sealed: int
    volumes: tuple[Volume, ...] = ()
    unreadable: str | None = None
