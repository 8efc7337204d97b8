"""GS323: on an SELinux guest every file has a label.

A file without a label is `unlabeled_t`: an enforcing guest keeps its services from reading it. Asked is the guest's own
policy: what it gives no label, and file systems that hold none, need none. Where `/.autorelabel` is there the first
boot labels everything, and reboots (GS309).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from goldsmith.findings import Severity, printable
from goldsmith.generalization.view import View
from goldsmith.guest.labels.places import FSTAB, unlabelable
from goldsmith.guest.labels.plan import AUTORELABEL, plan_labels
from goldsmith.guest.labels.policy import read_policy
from goldsmith.rules.rule import Needs, Outcome, rule
from goldsmith.rules.tree.subject import TreeSubject, failed, passed

CODE = "GS323"
EXPECTED = "every file has an SELinux label"
NAMED = 3


@dataclass(frozen=True, slots=True)
class _Files:
    """The files of a view, read as those of a guest are."""

    view: View

    def read(self, path: str, limit: int) -> bytes:
        return self.view.reader(path, limit)


@rule(
    CODE,
    "files without an SELinux label",
    needs=Needs.TREE,
    why="An enforcing guest denies its services a file without a label: they fail on the first boot of every clone.",
    roots=("/etc/selinux", FSTAB),
)
def check(subject: TreeSubject) -> Iterator[Outcome]:
    view = subject.view
    policy = read_policy(_Files(view)) if view.info.selinux is not None else None
    if policy is None:
        yield passed(CODE, "/", EXPECTED, "SELinux is off, or there is no policy")
        return
    if AUTORELABEL in view.index:
        yield passed(CODE, AUTORELABEL, EXPECTED, "the first boot labels everything")
        return
    labeling = plan_labels(view.index, policy, unlabelable=unlabelable(subject.read(FSTAB)))
    bare = [change.path for change in labeling.plan]
    if labeling.undecided:
        first, count = labeling.undecided[0], len(labeling.undecided)
        message = f"{count} paths have no SELinux label, and no line of the policy that can be read gives them one"
        hint = "label them by `restorecon` on a clone, and look what it does"
        yield failed(CODE, first, EXPECTED, f"{count} without", message, hint=hint, severity=Severity.WARNING)
    elif not bare:
        yield passed(CODE, "/", EXPECTED, f"{len(view.index)} paths")
    if bare:
        named = ", ".join(map(printable, bare[:NAMED]))
        more = f" and {len(bare) - NAMED} more" if len(bare) > NAMED else ""
        yield failed(
            CODE,
            bare[0],
            EXPECTED,
            f"{len(bare)} without",
            f"{len(bare)} paths have no SELinux label: {named}{more}",
            hint="`goldsmith generalize` gives them the labels of the guest's own policy",
            severity=Severity.ERROR if view.info.selinux == "enforcing" else Severity.WARNING,
        )
