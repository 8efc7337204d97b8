"""GS320: nobody becomes root without a password who was not meant to.

Lines of sudoers with NOPASSWD for a user that the recipe does not declare, and `permit nopass` of doas. The file that
cloud-init writes for its default user is removed by the operation cloud-init and told by GS304. A rule for a group is a
warning: it depends on who is in it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from goldsmith.findings import Severity, printable
from goldsmith.rules.rule import Needs, Outcome, rule
from goldsmith.rules.tree.subject import TreeSubject, leaked, passed

CODE = "GS320"
EXPECTED = "no root without a password for undeclared users"
SUDOERS = ("/etc/sudoers", "/etc/sudoers.d/*", "/usr/local/etc/sudoers", "/usr/local/etc/sudoers.d/*")
DOAS = ("/etc/doas.conf", "/etc/doas.d/*.conf")
WHO = r"(?:[^\s\\,=]|\\.)++"
SUDO = re.compile(rf"(?P<who>{WHO}(?:[ \t]*+,[ \t]*+{WHO})*+)[ \t]++[^=]++=.*\bNOPASSWD[ \t]*:")
BRACES = re.compile(r"\{[^}]*\}")
NO_USERS = ("Defaults", "User_Alias", "Runas_Alias", "Host_Alias", "Cmnd_Alias", "Cmd_Alias")
LONGEST = 4096


@rule(
    CODE,
    "root without a password",
    needs=Needs.TREE,
    why="A line for the user of the build gives root to whoever takes the name on a clone.",
    roots=("/etc/sudoers", "/etc/sudoers.d", "/etc/doas.conf", "/etc/doas.d", "/usr/local/etc/sudoers.d"),
)
def check(subject: TreeSubject) -> Iterator[Outcome]:
    clean = True
    for path, number, who in _grants(subject):
        if who in subject.users or who == "root" or subject.why_meant(path):
            continue
        clean = False
        group = who.startswith(("%", ":"))
        yield leaked(
            subject,
            CODE,
            path,
            EXPECTED,
            printable(who),
            f"{'the group ' if group else ''}{printable(who.lstrip('%:'))} becomes root without a password",
            hint="remove it: cloud-init writes it for the user that each clone gets; or declare the user",
            severity=Severity.WARNING if group else Severity.ERROR,
            line=number,
        )
    if clean:
        yield passed(CODE, SUDOERS[0], EXPECTED, "none")


def _grants(subject: TreeSubject) -> Iterator[tuple[str, int, str]]:
    for entry in subject.files(*SUDOERS):
        # sudo does not read names with a dot or a tilde at the end in an included directory.
        if entry.path.count("/") > 2 and ("." in entry.name or entry.name.endswith("~")):
            continue
        for number, line in _lines(subject, entry.path):
            match = SUDO.match(line)
            if match is not None and match["who"].split()[0] not in NO_USERS:
                for who in match["who"].split(","):
                    yield entry.path, number, who.strip().strip('"')
    for entry in subject.files(*DOAS):
        for number, line in _lines(subject, entry.path):
            who = _permitted(line)
            if who is not None:
                yield entry.path, number, who


def _permitted(line: str) -> str | None:
    """Whom a line of doas.conf lets become root without a password: `permit [options] identity [as …] [cmd …]`."""
    words = BRACES.sub(" ", line).split()
    if words[:1] != ["permit"] or "nopass" not in words:
        return None
    ends = [words.index(word) for word in ("as", "cmd") if word in words]
    identity = words[1 : min(ends, default=len(words))][-1]
    return identity if identity != "nopass" else None


def _lines(subject: TreeSubject, path: str) -> Iterator[tuple[int, str]]:
    """Lines without comments, joined where they go on; with the number of their first line."""
    held, first = "", 0
    for number, raw in enumerate(subject.read(path).decode("utf-8", "surrogateescape").split("\n"), 1):
        first = first if held else number
        line = (held + raw).strip()
        if line.endswith("\\") and len(line) < LONGEST:
            held = line[:-1]
            continue
        held = ""
        if line and not line.startswith("#") and len(line) < LONGEST:
            yield first, line.partition(" #")[0].rstrip()
