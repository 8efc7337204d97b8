"""UUIDs of the file systems."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from goldsmith.generalization.operation import Operation, Remark, operation
from goldsmith.generalization.view import View
from goldsmith.guest.change import Change

NAME = "fs-uuids"


def remarks(_: View) -> Iterator[Remark]:
    yield Remark(
        NAME, "/", "file systems get new UUIDs when the disk is sealed, and text that names the old ones follows"
    )


@operation(
    NAME,
    covers="the UUIDs of ext2 to ext4, XFS and swap, and all uncompressed text that names them: fstab, boot loader, "
    "boot entries; when the disk is sealed, so not with --in-place",
    roots=(),
    upstream="virt-sysprep fs-uuids (which changes file systems alone, and fails on ext4 with checksums)",
    default=False,
    remarks=remarks,
)
def plan(_: View) -> Iterator[Change]:
    """Nothing: no path of the tree is changed, but bytes of the flat disk. Clones still share the UUIDs of their image:
    what this tells apart is the image and its base.
    """
    return iter(())


def wanted(operations: Iterable[Operation]) -> bool:
    """Whether the operation is among those selected."""
    return any(each.name == NAME for each in operations)
