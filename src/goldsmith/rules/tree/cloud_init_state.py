"""GS303: no clone takes the build for its own instance."""

from __future__ import annotations

from collections.abc import Iterator

from goldsmith.findings import Severity
from goldsmith.generalization.cloud import STATE
from goldsmith.generalization.operations.cloud_init import LOGS, NAME
from goldsmith.rules.rule import Needs, Outcome, rule
from goldsmith.rules.tree.subject import TreeSubject, failed, passed, unproven

CODE = "GS303"
EXPECTED = "no state of cloud-init"
MEANINGS = {
    "instance": "cloud-init ran here: clones without a seed have the same instance-id and skip users, keys, packages",
    "instances": "instances that cloud-init knows: clones with the same id skip users, keys and packages",
    "sem": "cloud-init's marks of what has been done once: clones skip it",
    "seed": "a baked-in seed: all clones share its instance-id and data",
    "data": "what cloud-init wrote about its last run: a clone's result cannot be told from it",
}


@rule(
    CODE,
    "cloud-init state",
    needs=Needs.TREE,
    why="cloud-init configures an instance once; state of the build makes clones skip their first boot.",
)
def check(subject: TreeSubject) -> Iterator[Outcome]:
    if "/var" not in subject.view.index:
        yield unproven(CODE, STATE, EXPECTED, "/var was not listed")
        return
    left = [*subject.view.find(f"{STATE}/*"), *subject.view.find(*LOGS)]
    if not left:
        yield passed(CODE, STATE, EXPECTED, "none")
    for entry in left:
        inside = [each.path for each in subject.view.index.below(entry.path) if not each.is_directory] or [entry.path]
        why = next((why for path in inside if (why := subject.why_left(NAME, path)) is not None), None)
        unasked = any(subject.why_left(NAME, path) is None for path in inside)
        message = MEANINGS.get(entry.name, "what cloud-init left of the build")
        yield failed(
            CODE,
            entry.path,
            EXPECTED,
            f"a {entry.type}",
            message if unasked or why is None else f"{message} ({why})",
            hint="select the operation cloud-init",
            severity=Severity.ERROR if unasked else Severity.WARNING,
        )
