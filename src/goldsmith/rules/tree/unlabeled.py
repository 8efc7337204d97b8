"""GS323: on an SELinux guest every file has a label.

A file without a label is `unlabeled_t`: an enforcing guest keeps its services from reading it. Where `/.autorelabel`
is there the first boot labels everything, and reboots (GS309). File systems that cannot hold labels, such as the EFI
system partition, get one label when they are mounted.
"""

from __future__ import annotations

from collections.abc import Iterator

from goldsmith.findings import Severity, printable
from goldsmith.guest.index import Entry
from goldsmith.rules.rule import Needs, Outcome, rule
from goldsmith.rules.tree.subject import TreeSubject, failed, passed

CODE = "GS323"
EXPECTED = "every file has an SELinux label"
LABEL = "security.selinux"
RELABEL = "/.autorelabel"
# Labeled as a whole when they are mounted, or not by a policy's file contexts.
LEFT_OUT = ("/boot/efi", "/efi", "/dev", "/proc", "/run", "/sys", "/lost+found")
NAMED = 3


@rule(
    CODE,
    "files without an SELinux label",
    needs=Needs.TREE,
    why="An enforcing guest denies its services a file without a label: they fail on the first boot of every clone.",
)
def check(subject: TreeSubject) -> Iterator[Outcome]:
    mode = subject.view.info.selinux
    if mode is None:
        yield passed(CODE, "/", EXPECTED, "SELinux is off or absent")
        return
    if RELABEL in subject.view.index:
        yield passed(CODE, RELABEL, EXPECTED, "the first boot labels everything")
        return
    bare = [entry for entry in subject.view.index.values() if LABEL not in entry.xattrs and _has_label(entry)]
    if not bare:
        yield passed(CODE, "/", EXPECTED, f"{len(subject.view.index)} paths")
        return
    named = ", ".join(printable(entry.path) for entry in bare[:NAMED])
    more = f" and {len(bare) - NAMED} more" if len(bare) > NAMED else ""
    yield failed(
        CODE,
        bare[0].path,
        EXPECTED,
        f"{len(bare)} without",
        f"{len(bare)} paths have no SELinux label: {named}{more}",
        hint="label them by the guest's own policy (setfiles) before sealing",
        severity=Severity.ERROR if mode == "enforcing" else Severity.WARNING,
    )


def _has_label(entry: Entry) -> bool:
    """Whether a path is one that the policy labels."""
    return not any(entry.path == place or entry.path.startswith(f"{place}/") for place in LEFT_OUT)
