"""Makes ext2, ext3 and ext4 forget what was deleted, offline and without mounting.

Measured on ext4: after rm, sync and fstrim, names, link targets and extended attributes are still in the raw bytes, in
the journal, in directory blocks and in the bodies of freed inodes. So: replay, drop the journal, rebuild every
directory (`e2fsck -D`), make the journal again, discard free blocks, and zero every free block and free inode that is
not zero. e2fsprogs does what changes structure; we only zero what its own dumpe2fs calls free, and what is allocated
and unused (`disk/ext/`): blocks that a file reserved and never wrote to, and removed names of directories in inodes.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass

from goldsmith.disk.carve import carved
from goldsmith.disk.erase import erase
from goldsmith.disk.ext.forget import Group, forget
from goldsmith.disk.ext.inode import DamagedError
from goldsmith.disk.limits import full_disk_as_host_error, run_limited
from goldsmith.disk.scrub import Area, unproven
from goldsmith.disk.source import Source
from goldsmith.errors import BuildError, ProcessError
from goldsmith.findings import Finding
from goldsmith.run import Completed

# e2fsck(8): 0 clean, 1 corrected, 2 corrected and a reboot is advised (of a mounted file system).
CLEAN, CORRECTED = (0,), (0, 1, 2)
MIB = 1 << 20


@dataclass(frozen=True, slots=True)
class Superblock:
    """What the scrub asks of `dumpe2fs -h`; sizes in bytes. `journal` is 0 where there is none inside."""

    features: frozenset[str]
    blocks: int
    block_size: int
    inode_size: int
    inodes_per_group: int
    journal: int
    external_journal: bool

    @property
    def size(self) -> int:
        return self.blocks * self.block_size


def scrub(area: Area) -> tuple[Finding, ...]:
    """Scrub one file system in place; its UUID, label, features and journal size stay.

    Raises BuildError where it is damaged beyond what a boot would repair, or lies outside its partition.
    """
    before = read_superblock(_dumpe2fs(area, "-h"))
    if before.size > area.size:
        raise BuildError(
            f"the file system of {area} claims {before.size} bytes, but its partition has {area.size}",
            hint="the partition table and the file system disagree: was the image truncated?",
        )
    if before.external_journal:
        return (unproven(area, "its journal is on another device"),)
    if "needs_recovery" in before.features:
        _replay(area)
    _check(area)
    if before.journal:
        tune2fs(area, "-O", "^has_journal")
    e2fsck(area, "-fyD", accepted=CORRECTED)
    # The kernel records where it was mounted last: with the mount engine a folder of this host.
    tune2fs(area, "-M", "/", *(("-J", f"size={before.journal // MIB}") if before.journal else ()))
    # Holes instead of zeros save time and room, no more: a run that corrects something discards nothing (e2fsck 1.47).
    e2fsck(area, "-fy", "-E", "discard", accepted=CORRECTED)
    left = _erase_free(area)
    e2fsck(area, "-fn", accepted=CLEAN)
    after = read_superblock(_dumpe2fs(area, "-h"))
    if after.features != before.features - {"needs_recovery", "orphan_present"} or after.journal != before.journal:
        raise BuildError(f"scrubbing changed the file system of {area}: {before} became {after}")
    return (unproven(area, left),) if left is not None else ()


def _erase_free(area: Area) -> str | None:
    """Zero every free block (where the host cannot punch holes, discard does nothing) and every free inode's body, and
    blank what is allocated but unused. Why the latter could not be done, or None.
    """
    listing = _dumpe2fs(area)
    superblock = read_superblock(listing)
    descriptor = os.open(area.path, os.O_RDWR | os.O_CLOEXEC)
    try:
        with full_disk_as_host_error(area.path.parent, f"scrubbing {area}"):
            for offset, length in free_stretches(listing, superblock):
                if offset < 0 or offset + length > superblock.size:
                    raise BuildError(f"dumpe2fs lists free space outside the file system of {area}")
                erase(descriptor, area.offset + offset, length)
            left = _forget(descriptor, area, listing, superblock)
            os.fsync(descriptor)
    finally:
        os.close(descriptor)
    return left


def _forget(descriptor: int, area: Area, listing: str, superblock: Superblock) -> str | None:
    try:
        forget(
            descriptor,
            area.offset,
            groups(listing, superblock),
            block=superblock.block_size,
            blocks=superblock.blocks,
            inode_size=superblock.inode_size,
            inodes_per_group=superblock.inodes_per_group,
        )
    except DamagedError as error:
        return f"its structures are not what e2fsck took them for: {error}"
    return None


def groups(listing: str, superblock: Superblock) -> Iterator[Group]:
    """(first inode, offset of its table in bytes, ranges of free inodes) of every group that dumpe2fs lists."""
    group = table = None
    for line in listing.splitlines():
        if match := re.match(r"Group (\d+): ", line):
            group, table = int(match[1]), None
        elif match := re.match(r"  Inode table at (\d+)-", line):
            table = int(match[1])
        elif line.startswith("  Free inodes: ") and group is not None and table is not None:
            first = group * superblock.inodes_per_group + 1
            yield first, table * superblock.block_size, list(_ranges(line.removeprefix("  Free inodes: ")))


def free_stretches(listing: str, superblock: Superblock) -> Iterator[tuple[int, int]]:
    """(offset, length) in bytes, from the file system's start, of all free blocks and the bodies of all free inodes.

    `listing` is what dumpe2fs prints. Inodes that a group counts as never used are free inodes too: e2fsck moves that
    mark back down over bodies that once were written.
    """
    group = table = None
    for line in listing.splitlines():
        if match := re.match(r"Group (\d+): ", line):
            group, table = int(match[1]), None
        elif group is None:
            continue
        elif match := re.match(r"  Inode table at (\d+)-", line):
            table = int(match[1])
        elif line.startswith("  Free blocks: "):
            for first, last in _ranges(line.removeprefix("  Free blocks: ")):
                yield first * superblock.block_size, (last + 1 - first) * superblock.block_size
        elif line.startswith("  Free inodes: "):
            for first, last in _ranges(line.removeprefix("  Free inodes: ")):
                if table is None:
                    raise BuildError("dumpe2fs lists free inodes without an inode table")
                start = first - 1 - group * superblock.inodes_per_group
                yield (
                    table * superblock.block_size + start * superblock.inode_size,
                    (last + 1 - first) * superblock.inode_size,
                )


def _ranges(text: str) -> Iterator[tuple[int, int]]:
    """`1-3, 7` as pairs, both ends included."""
    for part in filter(None, text.replace(" ", "").split(",")):
        first, _, last = part.partition("-")
        yield int(first), int(last or first)


def read_superblock(listing: str) -> Superblock:
    """The part before the groups of what dumpe2fs prints. Raises BuildError where a field is missing."""
    fields = dict(re.findall(r"^([^:\n]+):[ \t]*(.*)$", listing.split("\n\n\n", 1)[0], re.MULTILINE))
    try:
        block_size = int(fields["Block size"])
        features = frozenset(fields["Filesystem features"].split())
        return Superblock(
            features=features,
            blocks=int(fields["Block count"]),
            block_size=block_size,
            inode_size=int(fields["Inode size"]),
            inodes_per_group=int(fields["Inodes per group"]),
            journal=int(fields.get("Total journal blocks", 0)) * block_size if "has_journal" in features else 0,
            external_journal="Journal device" in fields or "Journal UUID" in fields,
        )
    except (KeyError, ValueError) as error:
        raise BuildError(f"dumpe2fs says nothing usable about {error}") from error


def _replay(area: Area) -> None:
    """Replay the journal, in a copy: e2fsck 1.47.0 opens the file again after that and loses the offset."""
    with carved(area) as copy:
        run_limited(
            ["e2fsck", "-y", "-E", "journal_only", copy.name],
            folder=copy.parent,
            what=f"replaying the journal of {area}",
            timeout=area.timeout,
            accepted=CORRECTED,
            env=_clock(area),
        )


def _check(area: Area) -> None:
    """Raises BuildError where something is wrong that a boot would not repair by itself."""
    try:
        e2fsck(area, "-fp", accepted=CORRECTED)
    except ProcessError as error:
        raise BuildError(
            f"the file system of {area} is damaged: {_last(error.log_tail)}",
            hint="repair it in a copy of the base (e2fsck -fy), or take another base",
        ) from error


def _last(lines: tuple[str, ...]) -> str:
    """What e2fsck complained of: the last line that is not its advice."""
    said = [line.strip() for line in lines if line.strip() and "RUN fsck MANUALLY" not in line and "i.e.," not in line]
    return said[-1] if said else "e2fsck says no more"


def e2fsck(area: Area, *options: str, accepted: tuple[int, ...] = CLEAN) -> None:
    """Run e2fsck on an area; other exit codes than `accepted` raise ProcessError."""
    _run(area, "e2fsck", *options, accepted=accepted)


def tune2fs(area: Area, *options: str) -> None:
    """Run tune2fs on an area, at the file system's own time."""
    _run(area, "tune2fs", *options)


def _dumpe2fs(area: Area, *options: str) -> str:
    return _run(area, "dumpe2fs", *options).stdout.decode("utf-8", "replace")


def _run(area: Area, program: str, *options: str, accepted: tuple[int, ...] = CLEAN) -> Completed:
    # Relative, from its own folder: e2fsprogs takes what follows a question mark in a path as options.
    return run_limited(
        [program, *options, f"{area.path.name}?offset={area.offset}"],
        folder=area.path.parent,
        what=f"scrubbing {area}",
        timeout=area.timeout,
        accepted=accepted,
        env=_clock(area),
    )


def _clock(area: Area) -> dict[str, str]:
    """The file system's own time for e2fsprogs, so that the same content gives the same bytes whenever it is sealed:
    when it was written last (s_wtime, seconds since 1970), or 1 where it does not say.
    """
    with Source.open(area.path) as source:
        clock = str(int.from_bytes(source.read(area.offset + 1024 + 48, 4), "little") or 1)
    return {"E2FSPROGS_FAKE_TIME": clock, "E2FSCK_TIME": clock, "SOURCE_DATE_EPOCH": clock}
