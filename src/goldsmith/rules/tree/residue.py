"""GS304: generalizing would find nothing left to do."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

from goldsmith.findings import printable
from goldsmith.generalization.report import action, freed
from goldsmith.guest.change import Change
from goldsmith.rules.rule import Needs, Outcome, rule
from goldsmith.rules.tree.subject import TreeSubject, failed, passed

CODE = "GS304"
EXPECTED = "nothing that generalizing would still change"
NAMED = 5


@rule(
    CODE,
    "residue of the build",
    needs=Needs.TREE,
    why="Every operation is planned once more on the sealed tree: whatever it still plans, clones inherit.",
)
def check(subject: TreeSubject) -> Iterator[Outcome]:
    left = subject.residue
    severities = {each.name: each.severity for each in subject.operations}
    for operation, changes in _by_operation(left.changes):
        paths = [printable(change.path) for change in changes]
        more = f" and {len(paths) - NAMED} more" if len(paths) > NAMED else ""
        verbs = "/".join(sorted({action(change) for change in changes}))
        yield failed(
            CODE,
            changes[0].path,
            EXPECTED,
            f"{len(changes)} changes, {sum(map(freed, changes))} bytes",
            f"the operation {operation} would still {verbs} {', '.join(paths[:NAMED])}{more}: {changes[0].reason}",
            hint=f"generalize with the operation {operation}, or keep the path with a reason",
            severity=severities[operation],
        )
    quiet = [each.name for each in subject.operations if each.name not in {change.operation for change in left}]
    if quiet:
        yield passed(CODE, "/", EXPECTED, f"nothing planned by {len(quiet)} operations")


def _by_operation(changes: tuple[Change, ...]) -> Iterator[tuple[str, list[Change]]]:
    """Each operation with its changes, sorted: paths in the order of the tree."""
    ordered = sorted(changes, key=lambda change: (change.operation, change.path.split("/")))
    for operation, group in groupby(ordered, key=lambda change: change.operation):
        yield operation, list(group)
