"""GS428: the root's partition and its file system took the room that the clone's disk has beyond the image."""

from __future__ import annotations

from collections.abc import Iterator

from goldsmith.rules.disk_state import DiskState, Volume
from goldsmith.rules.evidence import CloneCase
from goldsmith.rules.evidence_rule import UNSAID, Judgment, fails, holds, left_to_machines, tree_rule, unproven
from goldsmith.rules.facts import Facts

EXPECTED = "partition and file system fill the disk"
MIB = 1 << 20
# What lies behind the last partition: the copy of a GPT, and what aligning leaves.
BEHIND = 4 * MIB
# A file system ends at whole groups: the last of one that would be too short to hold its own tables is left out.
SHORT = 160 * MIB
ROOTS = frozenset({"ext2", "ext3", "ext4", "xfs", "btrfs"})


@tree_rule("GS428", "disk-grown", why="A clone with a larger disk whose file system stays small is full in a week.")
def disk_grown(case: CloneCase, facts: Facts) -> Iterator[Judgment]:  # noqa: ARG001  every tree rule is called so
    disk, modules = case.clone.disk, set(case.prediction.modules)
    if disk is None:
        yield unproven(EXPECTED, UNSAID)
    elif not case.clone.hardware:
        yield left_to_machines(case, EXPECTED, "it has no disk that could grow")
    elif disk.unreadable is not None:
        yield unproven(EXPECTED, disk.unreadable)
    elif disk.size <= disk.sealed:
        yield unproven(EXPECTED, "the clone's disk was no larger than the image")
    elif not {"growpart", "resizefs"} <= modules:
        yield holds(EXPECTED, "does not apply: the configuration runs no growpart and resizefs")
    else:
        yield _judge(disk)


def _judge(disk: DiskState) -> Judgment:
    last = max(disk.volumes, key=lambda volume: volume.end, default=None)
    if last is None or last.kind not in ROOTS:
        what = last.kind or "something unknown" if last is not None else "nothing"
        return holds(EXPECTED, f"does not apply: last on the disk is {what}, which cloud-init does not grow")
    if last.end < disk.size - BEHIND:
        return fails(
            EXPECTED,
            f"partition {last.number} ends {_mib(disk.size - last.end)} before the disk",
            f"partition {last.number} did not grow with the disk",
            hint="growpart is missing in the image: package cloud-guest-utils or cloud-utils-growpart",
        )
    return _file_system(last)


def _file_system(last: Volume) -> Judgment:
    if last.used is None:
        return unproven(EXPECTED, f"the size of the file system cannot be read: {last.why}")
    if last.used < last.size - SHORT:
        return fails(
            EXPECTED,
            f"{_mib(last.used)} of {_mib(last.size)}",
            f"the file system of partition {last.number} did not grow with its partition",
            hint=f"the program that grows {last.kind} is missing in the image, or resizefs failed",
        )
    return holds(EXPECTED, f"{_mib(last.used)} of {_mib(last.size)} in partition {last.number}")


def _mib(size: int) -> str:
    return f"{size / MIB:.0f} MiB"
