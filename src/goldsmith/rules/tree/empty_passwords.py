"""GS312: no account opens without a password, and only root is root.

An empty field in shadow, or in passwd, lets everybody in where PAM allows empty passwords (`nullok`, the default of
Debian and of the RHEL family on the console). A second account with uid 0 is root under a name that nobody watches.
"""

from __future__ import annotations

from collections.abc import Iterator

from goldsmith.findings import printable
from goldsmith.rules.rule import Needs, Outcome, rule
from goldsmith.rules.tree.subject import TreeSubject, leaked, passed

CODE = "GS312"
EXPECTED = "no empty passwords, no second root"
PASSWD, SHADOW = "/etc/passwd", "/etc/shadow"
LIMIT = 8 << 20


@rule(
    CODE,
    "open accounts",
    needs=Needs.TREE,
    why="An account with an empty password, or with root's uid, is a door in every clone.",
    roots=(PASSWD, SHADOW),
)
def check(subject: TreeSubject) -> Iterator[Outcome]:
    clean = True
    for path, what in _open(subject):
        clean = False
        yield leaked(subject, CODE, path[0], EXPECTED, what, what, hint="lock or remove it", line=path[1])
    if clean:
        yield passed(CODE, SHADOW, EXPECTED, "none")


def _open(subject: TreeSubject) -> Iterator[tuple[tuple[str, int], str]]:
    in_shadow = {fields[0] for _, fields in _lines(subject, SHADOW)}
    for number, fields in _lines(subject, SHADOW):
        if len(fields) > 1 and not fields[1]:
            yield (SHADOW, number), f"{printable(fields[0])} has an empty password: anybody gets in"
    for number, fields in _lines(subject, PASSWD):
        if len(fields) != 7:
            continue
        if not fields[1] and fields[0] not in in_shadow:
            yield (PASSWD, number), f"{printable(fields[0])} has an empty password: anybody gets in"
        if fields[2].strip("0") == "" and fields[2] and fields[0] != "root":
            yield (PASSWD, number), f"{printable(fields[0])} is root under another name (uid 0)"


def _lines(subject: TreeSubject, path: str) -> Iterator[tuple[int, list[str]]]:
    """Lines that are accounts; those that begin with + or - belong to NIS."""
    for number, line in enumerate(subject.read(path, LIMIT).decode("utf-8", "surrogateescape").split("\n"), 1):
        if line and line[0] not in "+-#":
            yield number, line.split(":")
