"""GS318: what rules have to read could be read.

The rules about contents read files up to 256 KiB in /etc, homes, /srv, /opt, /usr/local and a few other places, and not
more than 10,000 of them. A tree with more of them was not searched to its end: a warning. A configuration that decides
who gets in (sudoers, authorized keys, cloud-init's files) and is far longer than any real one is not proven to be good.
"""

from __future__ import annotations

from collections.abc import Iterator

from goldsmith.findings import Severity, printable
from goldsmith.rules.rule import Needs, Outcome, rule
from goldsmith.rules.tree.authorized_keys import PLACES as KEYS
from goldsmith.rules.tree.subject import TreeSubject, failed, passed, unproven
from goldsmith.rules.tree.sudo import DOAS, SUDOERS
from goldsmith.rules.tree.user_data import PLACES as USER_DATA

CODE = "GS318"
EXPECTED = "everything that has to be read was read"


@rule(
    CODE,
    "files not searched",
    needs=Needs.TREE,
    why="What nothing looked at is not proven to be clean.",
)
def check(subject: TreeSubject) -> Iterator[Outcome]:
    decisive = [entry.path for entry in subject.files(*SUDOERS, *DOAS, *KEYS, *USER_DATA)]
    unread = [path for path in decisive if subject.content(path) is None]
    unread += [path for path in subject.swept.unreadable if path not in decisive]
    for path in unread:
        yield unproven(CODE, path, EXPECTED, f"{printable(path)} cannot be read, or is longer than any real one")
    read, left = len(subject.swept.texts), subject.swept.left
    if left:
        message = f"{left} files were not searched for secrets: the limit is reached after {read}"
        hint = "look at them yourself; data and programs belong below /usr or /var/lib"
        yield failed(CODE, "/", EXPECTED, f"{left} not read", message, hint=hint, severity=Severity.WARNING)
    elif not unread:
        yield passed(CODE, "/", EXPECTED, f"{read} files")
