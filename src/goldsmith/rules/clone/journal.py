"""GS427: the journal has no surprise at priority 3 (error) or above."""

from __future__ import annotations

import re
from collections.abc import Iterator

from goldsmith.rules.evidence import CloneCase, CloneEvidence
from goldsmith.rules.evidence_rule import Judgment, fails, holds, system_rule, unproven
from goldsmith.rules.system import Complaint, System

EXPECTED = "no error in the journal that nobody expects"
KERNEL = "kernel"
# A kernel complains of the machine that it meets, and every hypervisor is another one; of these things it complains
# because of the image.
_OF_THE_IMAGE = re.compile(
    r"(?:EXT[234]-fs|XFS|BTRFS|FAT-fs|SQUASHFS|SELinux|systemd|dracut|Out of memory|oom-kill|\S+\[\d+\]: segfault"
    r"|.*module verification failed|.*Unknown symbol|I/O error, dev|.*: No space left)"
)
# (who, what): why it is no fault of the image. One that another rule judges is left to it.
EXPECTED_ERRORS: tuple[tuple[str, str, str], ...] = (
    (r"systemd", r"Failed to (?:start|mount|listen|activate|set up) .*|Timed out .*", "GS426 judges failed units"),
    (r"systemd", r"Failed unmounting .*", "at the end of a boot; GS429 judges the file systems"),
    (r"cloud-init|\[CLOUDINIT\]|python3?|cloud-init.*", r".*", "GS404 and GS405 judge what cloud-init says"),
    (r"sshd(?:-session)?", r"error: Could not load host key: .*", "before the first boot made them; GS411 judges keys"),
    (r"blkmapd", r"open pipe file .* failed.*", "nfs-utils, where no NFS is mounted"),
    (r"lvm|lvmdump|multipathd", r".*", "it looks for disks that a clone does not have"),
    (r"smartd|mcelog|rasdaemon|irqbalance|thermald", r".*", "hardware that a virtual machine does not have"),
)
# Of a clone without a network that leads anywhere.
NETWORK_ERRORS: tuple[tuple[str, str, str], ...] = (
    (r"systemd-networkd-wait-online|systemd-networkd-wait|nm-online", r".*", "it waits for a network"),
    (r"chronyd|systemd-timesyncd|ntpd", r".*", "there is nobody to ask for the time"),
    (r"dhclient|dhcpcd|NetworkManager", r".*", "no lease is to be had"),
    (r"systemd-resolve[d]?", r".*", "there are no name servers"),
    (
        r"(?:cp|mandb|apt-helper|dnf|yum|packagekitd?)",
        r".*(?:resolve|download|metadata|network).*",
        "nothing can be downloaded",
    ),
)
# In a container: what only the host's kernel may do.
REHEARSED_ERRORS: tuple[tuple[str, str, str], ...] = (
    (r"systemd-remount-fs|mount", r".*", "the root file system has no device there"),
    (
        r"systemd.*|audit.*|dbus.*",
        r".*(?i:denied|not permitted|read-only file system).*",
        "the host's kernel",
    ),
)


@system_rule("GS427", "journal", why="What a service complains of at the first boot nobody reads in a thousand clones.")
def journal(case: CloneCase, system: System) -> Iterator[Judgment]:
    if system.journal is None:
        if system.keeps_journal:
            yield unproven(EXPECTED, "the guest keeps its journal on the disk, but there is none")
        else:
            yield holds(EXPECTED, "does not apply: the guest keeps its journal in memory only")
        return
    if system.journal.unreadable is not None:
        yield unproven(EXPECTED, f"the journal cannot be read: {system.journal.unreadable}")
        return
    left = [each for each in system.journal.complaints if not _expected(each, case.clone)]
    if left:
        first = left[0]
        message = f"{first.source} complained: {first.message}"
        yield fails(
            EXPECTED, f"{len(left)} kinds of errors", message, hint="mend what it complains of, or the rule's list"
        )
    elif system.journal.more:
        yield unproven(EXPECTED, f"{system.journal.more} errors are more than are kept")
    else:
        said = f", {len(system.journal.complaints)} expected errors" if system.journal.complaints else ", no errors"
        yield holds(EXPECTED, f"{system.journal.entries} entries{said}")


def _expected(complaint: Complaint, clone: CloneEvidence) -> bool:
    if complaint.source == KERNEL:
        return complaint.priority > 1 and _OF_THE_IMAGE.match(complaint.message) is None
    known = EXPECTED_ERRORS
    known += () if clone.networked else NETWORK_ERRORS
    known += () if clone.hardware else REHEARSED_ERRORS
    return any(
        re.fullmatch(who, complaint.source) and re.fullmatch(what, complaint.message, re.DOTALL)
        for who, what, _ in known
    )
