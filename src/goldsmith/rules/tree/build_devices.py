"""GS326: no mount depends on the disks of the build.

Names such as /dev/disk/by-id and by-path hold the serial number or the slot of a disk; clones have others, and a boot
waits 90 seconds for each before it falls into emergency mode. /dev/sda1 and its like depend on the order and kind of
the disks: a note. UUIDs and labels of file systems go with the image.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from goldsmith.findings import Severity, printable
from goldsmith.rules.rule import Needs, Outcome, rule
from goldsmith.rules.tree.subject import TreeSubject, failed, passed

CODE = "GS326"
EXPECTED = "file systems are named by UUID or label"
TABLES = ("/etc/fstab", "/etc/crypttab")
OF_THE_BUILD = re.compile(r"/dev/disk/by-(?:id|path|diskseq)/")
BY_ORDER = re.compile(r"/dev/(?:[svh]d[a-z]|xvd[a-z]|nvme\d+n\d+|mmcblk\d+)(?:p?\d+)?$")


@rule(
    CODE,
    "disks of the build",
    needs=Needs.TREE,
    why="A clone has other disks: it waits for those of the build and ends in emergency mode.",
    roots=TABLES,
)
def check(subject: TreeSubject) -> Iterator[Outcome]:
    clean = True
    for table in TABLES:
        for number, line in enumerate(subject.view.lines(table), 1):
            words = line.partition("#")[0].split()
            device = next((word for word in words[:2] if word.startswith("/dev/")), "")
            tolerated = len(words) > 3 and "nofail" in words[3].split(",")
            if OF_THE_BUILD.match(device):
                severity = Severity.WARNING if tolerated else Severity.ERROR
            elif BY_ORDER.match(device) and not tolerated and "noauto" not in line:
                severity = Severity.NOTE
            else:
                continue
            clean = False
            yield failed(
                CODE,
                table,
                EXPECTED,
                printable(device),
                f"{printable(device)} names a disk of the build",
                hint="name it by UUID= or LABEL=, which go with the image",
                severity=severity,
                line=number,
            )
    if clean:
        yield passed(CODE, TABLES[0], EXPECTED, "none")
