"""GS309: a clone's first boot is no other system's task."""

from __future__ import annotations

from collections.abc import Iterator

from goldsmith.findings import Severity
from goldsmith.rules.rule import Needs, Outcome, rule
from goldsmith.rules.tree.subject import TreeSubject, failed, passed

CODE = "GS309"
EXPECTED = "no flag that changes the first boot"
FLAGS = {
    "/.autorelabel": "the first boot relabels everything and reboots",
    "/.unconfigured": "the first boot may ask for configuration on the console",
    "/forcefsck": "the first boot checks all file systems",
}


@rule(
    CODE,
    "flags for the first boot",
    needs=Needs.TREE,
    why="Flag files at the top of the tree make every clone's first boot longer, or make it wait for a person.",
)
def check(subject: TreeSubject) -> Iterator[Outcome]:
    there = [flag for flag in FLAGS if flag in subject.view.index]
    for flag in there:
        yield failed(
            CODE, flag, EXPECTED, "there", FLAGS[flag], hint="remove it before sealing", severity=Severity.WARNING
        )
    if not there:
        yield passed(CODE, "/", EXPECTED, "none")
