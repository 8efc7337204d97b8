"""A guest of a few megabytes that runs programs and passes the audit, as a disk. It does not boot."""

from __future__ import annotations

import shutil
from pathlib import Path

from tests.golden.trees import make
from tests.integration.guest.conftest import add_programs, make_disk

from goldsmith.disk.disk import Disk

TREE = """
d 0755 /usr/bin
d 0755 /usr/sbin
d 0755 /usr/lib
l /bin -> usr/bin
l /sbin -> usr/sbin
l /lib -> usr/lib
l /lib64 -> usr/lib
guest debian
d 0755 /proc
d 0755 /sys
d 0755 /dev
d 0755 /run
d 1777 /tmp
d 0700 /root
d 0755 /var/log
d 0755 /srv
f 0644 /etc/passwd = "root:x:0:0:root:/root:/bin/sh\\n"
f 0640 /etc/shadow = "root:*:19000:0:99999:7:::\\n"
"""


def make_small_guest(folder: Path, more: str = "") -> Disk:
    """A raw disk in a folder of the test's own; `more` are lines of its tree."""
    tree = folder / "tree"
    tree.mkdir()
    make(tree, TREE + more)
    add_programs(tree)
    disk = make_disk(folder / "base.raw", tree)
    shutil.rmtree(tree)
    return disk
