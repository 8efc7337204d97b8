"""GS316: cloud-init's stored configuration holds no secret.

System configuration in /etc/cloud and baked-in seeds, also those on /boot that small boards read: passwords, plain or
hashed, and the tokens of subscriptions and agents. Every clone has them, and every user of a clone can ask cloud-init.
A password that cloud-init makes up itself (`RANDOM`) is none.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from goldsmith.cloudinit.document import parse
from goldsmith.findings import printable
from goldsmith.generalization.sparing import Keep
from goldsmith.rules.rule import Needs, Outcome, rule
from goldsmith.rules.tree.contents import is_template
from goldsmith.rules.tree.subject import TreeSubject, leaked, passed

CODE = "GS316"
EXPECTED = "no passwords and tokens in cloud-init's configuration"
PLACES = (
    "/etc/cloud/cloud.cfg",
    "/etc/cloud/cloud.cfg.d/*",
    "/var/lib/cloud/seed/*/*",
    "/var/lib/cloud/seed/*-data",
    "/boot/user-data",
    "/boot/firmware/user-data",
    "/boot/efi/user-data",
    "/autoinstall.yaml",
)
SECRET = frozenset(
    {
        "password", "passwd", "hashed_passwd", "plain_text_passwd", "passphrase", "token", "secret", "secret_key",
        "access_key", "api_key", "activation_key", "registration_key", "validation_key", "private_key", "rsa_private",
        "dsa_private", "ecdsa_private", "ed25519_private", "validation_cert", "psk",
    }
)  # fmt: skip
# Where YAML says nothing: a MIME message, or a file that cloud-init would drop too.
LINE = re.compile(
    rb"^[ \t-]*(?P<key>password|passwd|hashed_passwd|plain_text_passwd)[ \t]*:[ \t]*(?P<value>\S[^\r\n]{0,400})",
    re.MULTILINE,
)
KEY = re.compile(r"[a-z_-]{1,40}")
NO_PASSWORDS = frozenset({"", "r", "random", "!", "*", "!!", "!*"})
_KEEPS = tuple(Keep(pattern, "") for pattern in PLACES)


def is_user_data(path: str) -> bool:
    """Whether this rule looks at a file."""
    return any(each.matches(path) for each in _KEEPS)


@rule(
    CODE,
    "secrets in user-data",
    needs=Needs.TREE,
    why="What cloud-init is given in the image every clone has, and every user of a clone can read much of it.",
    roots=("/etc/cloud", "/var/lib/cloud", "/boot/user-data", "/boot/firmware", "/boot/efi/user-data"),
)
def check(subject: TreeSubject) -> Iterator[Outcome]:
    clean = True
    for entry in subject.files(*PLACES):
        content = subject.read(entry.path)
        for key in sorted(set(_secrets(entry.path, content))):
            clean = False
            message = f"cloud-init's stored configuration holds a secret: {printable(key)}"
            hint = "give it to clones when they are made, in their own user-data"
            yield leaked(subject, CODE, entry.path, EXPECTED, printable(key), message, hint=hint)
    if clean:
        yield passed(CODE, "/etc/cloud", EXPECTED, "none")


def _secrets(path: str, content: bytes) -> Iterator[str]:
    """The keys that hold secrets, as a way through the document."""
    document, _ = parse(path, content)
    if document:
        yield from _walk(document)
        return
    for match in LINE.finditer(content):
        if _is_secret(match["value"].strip().strip(b"\"'").decode("utf-8", "replace")):
            yield match["key"].decode("ascii")


def _walk(document: Mapping[Any, Any]) -> Iterator[str]:
    """`parse` has bounded how deep and how large the document is, aliases followed."""
    pending: list[tuple[str, Any]] = [("", document)]
    while pending:
        way, value = pending.pop()
        if isinstance(value, Mapping):
            for key, below in value.items():
                name = str(key).replace("-", "_").lower()
                # A document may have anything for a key: what is no word of cloud-init's is not shown.
                step = f"{way}.{key if KEY.fullmatch(str(key)) else '…'}".lstrip(".")
                if isinstance(below, str | int) and name in SECRET and _is_secret(str(below), below):
                    yield step
                elif name == "list" and way.endswith("chpasswd"):
                    yield from [step] if any(map(_is_pair, _lines(below))) else []
                else:
                    pending.append((step, below))
        elif isinstance(value, list):
            pending.extend((way, below) for below in value)


def _lines(value: Any) -> list[str]:
    return (
        value.splitlines()
        if isinstance(value, str)
        else [str(each) for each in value]
        if isinstance(value, list)
        else []
    )


def _is_pair(line: str) -> bool:
    """Chpasswd's `user:password`; R and RANDOM make one up."""
    _, colon, password = line.strip().partition(":")
    return bool(colon) and _is_secret(password)


def _is_secret(value: str, raw: object = "") -> bool:
    unset = isinstance(raw, bool) or value.strip().lower() in NO_PASSWORDS
    return not unset and not is_template(value.strip().encode("utf-8", "surrogateescape")[:400])
