"""GS305: what generalizing looks at is where it is expected."""

from __future__ import annotations

from collections.abc import Iterator

from goldsmith.findings import Severity, printable
from goldsmith.generalization.view import View
from goldsmith.rules.rule import Needs, Outcome, rule
from goldsmith.rules.tree.subject import TreeSubject, failed, passed

CODE = "GS305"
EXPECTED = "no link on the way to what operations empty"
# Where links lead in every system: a running system's state, and the system's own files.
KNOWN = ("/run", "/dev", "/proc", "/sys", "/usr")


@rule(
    CODE,
    "linked places",
    needs=Needs.TREE,
    why="Operations never follow a link out of the places they name, so what lies behind one is not generalized.",
)
def check(subject: TreeSubject) -> Iterator[Outcome]:
    told: set[str] = set()
    for each in subject.operations:
        for root in each.roots:
            link = _first_link(subject.view, root)
            target = subject.view.index.resolve(root)
            if link is None or link in told or target is None or not subject.view.index[target].is_directory:
                continue
            if any(target == place or target.startswith(f"{place}/") for place in (*each.roots, *KNOWN)):
                continue
            told.add(link)
            yield failed(
                CODE,
                link,
                EXPECTED,
                f"leads to {printable(target)}",
                f"{printable(link)} is a link: the operation {each.name} does not follow it to {printable(target)}",
                hint="look there yourself, or make it a real directory and mount the other place on it",
                severity=Severity.WARNING,
            )
    if not told:
        yield passed(CODE, "/", EXPECTED, "none")


def _first_link(view: View, path: str) -> str | None:
    """The first link on the way to a path, the path itself included."""
    parts = path.split("/")
    for number in range(2, len(parts) + 1):
        entry = view.index.get("/".join(parts[:number]))
        if entry is None:
            return None
        if entry.is_link:
            return entry.path
    return None
