"""GS307: no person's account is left that nobody asked for."""

from __future__ import annotations

from collections.abc import Iterator

from goldsmith.findings import Severity, printable
from goldsmith.generalization.look import PASSWD, PASSWD_LIMIT
from goldsmith.rules.rule import Needs, Outcome, rule
from goldsmith.rules.tree.subject import TreeSubject, failed, passed, unproven

CODE = "GS307"
EXPECTED = "no accounts of people but those that the recipe declares"
# useradd's defaults for UID_MIN and UID_MAX; nobody is 65534.
PEOPLE = range(1000, 60001)


@rule(
    CODE,
    "undeclared users",
    needs=Needs.TREE,
    why="An account of the build, with its password and sudo rights, would be on every clone.",
)
def check(subject: TreeSubject) -> Iterator[Outcome]:
    if "/etc" in subject.view.index and subject.view.index.locate(PASSWD) is None:
        yield passed(CODE, PASSWD, EXPECTED, "there are no accounts")
        return
    content = subject.view.read(PASSWD, limit=PASSWD_LIMIT)
    if content is None:
        yield unproven(CODE, PASSWD, EXPECTED, f"{PASSWD} cannot be read")
        return
    found = [name for name in _people(content.decode("utf-8", "surrogateescape")) if name not in subject.users]
    for name in found:
        yield failed(
            CODE,
            PASSWD,
            EXPECTED,
            printable(name),
            f"the account {printable(name)} is in the image and nothing declares it",
            hint="let cloud-init make users on each clone, or declare the account in the recipe",
            severity=Severity.WARNING,
        )
    if not found:
        yield passed(CODE, PASSWD, EXPECTED, "none")


def _people(passwd: str) -> Iterator[str]:
    for line in passwd.split("\n"):
        fields = line.split(":")
        if len(fields) == 7 and fields[2].isascii() and fields[2].isdigit() and int(fields[2][:12]) in PEOPLE:
            yield fields[0]
