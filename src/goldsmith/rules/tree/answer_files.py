"""GS313: no file holds a password, or the hash of one, outside of the account database.

Kickstart, preseed and autoinstall files keep the passwords that an installer was told; so do debconf's passwords.dat,
htpasswd files and scripts. Looked for are hashes as crypt(3) writes them, and the plain words `rootpw` and
`d-i passwd/…`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from goldsmith.generalization.sparing import Keep
from goldsmith.rules.rule import Needs, Outcome, rule
from goldsmith.rules.tree.contents import Text, is_template
from goldsmith.rules.tree.password_hashes import DATABASES
from goldsmith.rules.tree.subject import TreeSubject, leaked, passed
from goldsmith.rules.tree.user_data import is_user_data

CODE = "GS313"
EXPECTED = "no passwords or hashes of passwords in files"
SALT = rb"[./A-Za-z0-9]"
HASH = re.compile(
    rb"(?<![\w./$])(?:"
    rb"\$6\$(?:rounds=\d{1,9}\$)?" + SALT + rb"{1,16}\$" + SALT + rb"{86}"
    rb"|\$5\$(?:rounds=\d{1,9}\$)?" + SALT + rb"{1,16}\$" + SALT + rb"{43}"
    rb"|\$(?:1|apr1)\$" + SALT + rb"{1,8}\$" + SALT + rb"{22}"
    rb"|\$2[abxy]\$\d\d\$" + SALT + rb"{53}"
    rb"|\$g?y\$" + SALT + rb"{1,20}\$" + SALT + rb"{1,86}\$" + SALT + rb"{43}"
    rb"|\$7\$" + SALT + rb"{12,97}\$" + SALT + rb"{43}"
    rb"|grub\.pbkdf2\.sha512\.\d{1,9}\.[0-9A-F]{16,256}\.[0-9A-F]{64,256}"
    rb")(?![\w/])"
)
PLAIN = (
    re.compile(rb"^[ \t]*rootpw[ \t]+(?:--(?!iscrypted|lock)\w+[ \t]+){0,3}(?P<value>[^\s$-]\S{0,200})", re.MULTILINE),
    re.compile(rb"^[ \t]*(?:user|sshpw)[ \t][^\n]{0,500}--password=(?P<value>[^\s$]{1,200})", re.MULTILINE),
    re.compile(
        rb"^[ \t]*d-i[ \t]+\S{1,60}password(?:-again)?[ \t]+(?:password|string)[ \t]+(?P<value>\S{1,200})", re.MULTILINE
    ),
)  # fmt: skip
DEBCONF = "/var/cache/debconf/passwords.dat"
VALUE = re.compile(rb"^Value: *(?P<value>\S{1,200})", re.MULTILINE)
ACCOUNTS = tuple(Keep(pattern, "") for pattern in DATABASES)


@rule(
    CODE,
    "passwords in files",
    needs=Needs.TREE,
    why="What an installer was told stays in its answer files, and that password opens more than one machine.",
    roots=("/root", "/var/cache/debconf/passwords.dat"),
)
def check(subject: TreeSubject) -> Iterator[Outcome]:
    clean = True
    for text in subject.texts:
        if is_user_data(text.path) or any(each.matches(text.path) for each in ACCOUNTS):
            continue
        found = next(_passwords(text), None)
        if found is not None:
            clean = False
            what, line = found
            hint = "remove the file before sealing, or the password from it"
            yield leaked(subject, CODE, text.path, EXPECTED, what, f"{what} is in the image", hint=hint, line=line)
    if clean:
        yield passed(CODE, "/", EXPECTED, "none")


def _passwords(text: Text) -> Iterator[tuple[str, int]]:
    for match in text.search(HASH):
        yield "the hash of a password", text.line_of(match.start())
    for pattern in (VALUE,) if text.path == DEBCONF else PLAIN:
        for match in text.search(pattern):
            if not is_template(match["value"]):
                yield "a password", text.line_of(match.start("value"))
