"""GS318: the search for secrets looked at every small file of the places it names.

The rules about contents read files up to 256 KiB in /etc, homes, /srv, /opt, /usr/local and a few other places, and not
more than 10,000 of them. A tree with more of them was not searched to its end: nothing says what is in the rest.
"""

from __future__ import annotations

from collections.abc import Iterator

from goldsmith.findings import Severity
from goldsmith.rules.rule import Needs, Outcome, rule
from goldsmith.rules.tree.subject import TreeSubject, failed, passed

CODE = "GS318"
EXPECTED = "every small file was read"


@rule(
    CODE,
    "files not searched",
    needs=Needs.TREE,
    why="What nothing looked at is not proven to be clean.",
)
def check(subject: TreeSubject) -> Iterator[Outcome]:
    read, left = len(subject.swept.texts), subject.swept.left
    if left:
        message = f"{left} files were not searched for secrets: the limit is reached after {read}"
        hint = "look at them yourself; data and programs belong below /usr or /var/lib"
        yield failed(CODE, "/", EXPECTED, f"{left} not read", message, hint=hint, severity=Severity.WARNING)
    else:
        yield passed(CODE, "/", EXPECTED, f"{read} files")
