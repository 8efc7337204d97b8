"""GS311: no account of the image has a password.

A password in the image is the same on every clone, and its hash can be guessed offline by whoever has the file. Looked
at are shadow, its copies, the password fields of passwd and gshadow. A hash behind `!` does not open the account, but
unlocking it brings the password back: a warning.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from goldsmith.findings import Severity, printable
from goldsmith.rules.rule import Needs, Outcome, rule
from goldsmith.rules.tree.subject import TreeSubject, leaked, passed, unproven

CODE = "GS311"
EXPECTED = "no password hashes"
SHADOW = "/etc/shadow"
# Copies that editors, installers and Debian's daily backup make.
DATABASES = (SHADOW, "/etc/shadow?*", "/etc/gshadow", "/etc/gshadow?*", "/etc/passwd", "/etc/passwd?*",
             "/etc/master.passwd", "/var/backups/*shadow*", "/var/backups/passwd*")  # fmt: skip
HASH = re.compile(r"(?P<locked>[!*]*)(?:\$(?P<method>[A-Za-z0-9]{1,8})\$.+|_[./0-9A-Za-z]{19}|[./0-9A-Za-z]{13})")
METHODS = {"y": "yescrypt", "gy": "gost-yescrypt", "7": "scrypt", "6": "SHA-512", "5": "SHA-256", "1": "MD5"}
LIMIT = 8 << 20


@rule(
    CODE,
    "password hashes",
    needs=Needs.TREE,
    why="A password in the image opens every clone, and its hash can be guessed offline by whoever has the file.",
    roots=("/etc", "/var/backups"),
)
def check(subject: TreeSubject) -> Iterator[Outcome]:
    if subject.view.index.resolve(SHADOW) is not None and subject.content(SHADOW, limit=LIMIT) is None:
        yield unproven(CODE, SHADOW, EXPECTED, f"{SHADOW} cannot be read")
    clean = True
    for entry in subject.files(*DATABASES):
        for number, line in enumerate(subject.read(entry.path, LIMIT).split(b"\n"), 1):
            name, _, rest = line.decode("utf-8", "surrogateescape").partition(":")
            match = HASH.fullmatch(rest.partition(":")[0])
            if match is None or not rest:
                continue
            clean = False
            locked = bool(match["locked"])
            kind = METHODS.get(match["method"] or "", "crypt")
            what = f"a locked {kind} hash" if locked else f"a {kind} hash"
            yield leaked(
                subject,
                CODE,
                entry.path,
                EXPECTED,
                what,
                f"{printable(name)} has a password in the image"
                + (": it is locked, but its hash can be guessed, and unlocking brings it back" if locked else ""),
                hint="lock it with `passwd --delete --lock` (the field becomes `!`); give clones keys, not passwords",
                severity=Severity.WARNING if locked else Severity.ERROR,
                line=number,
            )
    if clean:
        yield passed(CODE, SHADOW, EXPECTED, "none")
