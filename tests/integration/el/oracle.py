"""What setfiles and matchpathcon say: libselinux is the judge of every label."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from pathlib import Path

from tests.el_image.disk import BOOT_AT, MIB, ROOT_AT
from tests.el_image.dress import FILE_CONTEXTS

from goldsmith.disk.disk import Disk
from goldsmith.guest.index import FileType

MODES = {
    FileType.REGULAR: "file",
    FileType.DIRECTORY: "dir",
    FileType.SYMLINK: "lnk_file",
    FileType.SOCKET: "sock_file",
    FileType.FIFO: "pipe",
    FileType.CHARACTER: "chr_file",
    FileType.BLOCK: "blk_file",
}
# A folder in a namespace of its own; setfiles stays on one file system.
CHECK = """
top=$(mktemp -d)
trap 'umount -R "$top" && rmdir "$top"' EXIT
mount -o "loop,ro,offset=$2" "$1" "$top"
mount -o "loop,ro,offset=$3,sizelimit=$4" "$1" "$top/boot"
setfiles -m -F -n -v -r "$top" "$5" "$top" "$top/boot"
"""


def wrong_labels(disk: Disk) -> list[str]:
    """What setfiles would relabel on a raw disk, if it were to force every context."""
    offsets = map(str, (ROOT_AT * MIB, BOOT_AT * MIB, (ROOT_AT - BOOT_AT) * MIB))
    done = subprocess.run(
        ["unshare", "--mount", "--propagation", "private", "bash", "-euc", CHECK, "shell", disk.path, *offsets,
         FILE_CONTEXTS],
        check=True, capture_output=True, text=True,
    )  # fmt: skip
    return [line for line in done.stdout.splitlines() if "elabel" in line]


def contexts(policy: Path, paths: Sequence[str], kind: FileType) -> list[str]:
    """The labels that libselinux gives to paths, in their order."""
    done = subprocess.run(
        ["matchpathcon", "-n", "-f", policy, "-m", MODES[kind], *paths], check=False, capture_output=True, text=True
    )
    found = done.stdout.splitlines()
    assert len(found) == len(paths), done.stderr
    return found
