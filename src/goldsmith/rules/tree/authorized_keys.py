"""GS319: nobody may log in by a key that the recipe did not give.

Keys in ~/.ssh are removed by the operation ssh-userdir and told by GS304; this rule looks at what that leaves: places
outside of homes, and homes where the operation was not selected. Cloud-init gives each clone its own keys.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from goldsmith.rules.rule import Needs, Outcome, rule
from goldsmith.rules.tree.subject import TreeSubject, leaked, passed

CODE = "GS319"
EXPECTED = "no authorized keys but declared ones"
PLACES = (
    "~/.ssh/authorized_keys*",
    "/etc/skel/.ssh/authorized_keys*",
    "/etc/ssh/authorized_keys*",
    "/etc/ssh/authorized_keys*/*",
    "/etc/ssh/keys/*",
    "/etc/ssh/keys/*/*",
    "/etc/ssh/userkeys/*",
    "/etc/dropbear/authorized_keys",
    "/etc/dropbear-initramfs/authorized_keys",
    "/etc/dropbear/initramfs/authorized_keys",
)
KEY = re.compile(
    rb"^[^#\n]*(?<![\w-])"
    rb"(?:ssh-(?:rsa|dss|ed25519)|ecdsa-sha2-nistp\d{3}|sk-(?:ssh|ecdsa)-[a-z0-9@.-]{5,50})[ \t]+AAAA",
    re.MULTILINE,
)


@rule(
    CODE,
    "authorized keys",
    needs=Needs.TREE,
    why="Whoever holds the other half of the key can log in to every clone.",
    roots=("/etc/ssh", "/etc/skel", "/etc/dropbear", "/etc/dropbear-initramfs"),
)
def check(subject: TreeSubject) -> Iterator[Outcome]:
    clean = True
    for entry in subject.files(*PLACES):
        keys = len(KEY.findall(subject.read(entry.path)))
        if keys and not subject.why_meant(entry.path):
            clean = False
            message = f"{keys} authorized {'key' if keys == 1 else 'keys'} that nothing declares"
            hint = "let cloud-init give clones their keys, or write the file with a step of the recipe"
            yield leaked(subject, CODE, entry.path, EXPECTED, f"{keys} keys", message, hint=hint)
    if clean:
        yield passed(CODE, "/etc/ssh", EXPECTED, "none")
