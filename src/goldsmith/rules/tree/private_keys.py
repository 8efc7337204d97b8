"""GS310: no private key is left in the image.

Looked for in the small files of /etc, /root, homes, /srv, /opt and /usr/local: PEM (TLS, SSH), OpenPGP, age, PuTTY and
WireGuard keys by their text, key stores by their names. A key with a passphrase counts: it can be guessed offline.
What an operation would remove (~/.ssh, host keys) is told by GS304.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator

from goldsmith.findings import Severity
from goldsmith.rules.rule import Needs, Outcome, rule
from goldsmith.rules.tree.contents import Text
from goldsmith.rules.tree.subject import TreeSubject, leaked, passed

CODE = "GS310"
EXPECTED = "no private keys"
HINT = "remove it before sealing; let each clone make or fetch its own"
ENCODED = tuple(
    # Whole groups only: the last characters depend on what comes behind.
    base64.b64encode(head[: len(head) // 3 * 3])
    for kind in ("", "RSA ", "EC ", "DSA ", "OPENSSH ", "ENCRYPTED ")
    for head in [f"-----BEGIN {kind}PRIVATE KEY-----".encode()]
)
KINDS = (
    # A program that only knows the marker has a quote behind it: a key has lines of base64, or headers.
    (
        re.compile(
            rb"-----BEGIN (?:[A-Z0-9]{1,12} ){0,3}PRIVATE KEY(?: BLOCK)?-----"
            rb"(?:\\r|\\n|[ \t\r\n]){1,40}(?:[A-Za-z0-9+/]{16}|[A-Z][A-Za-z-]{2,20}: )"
        ),
        "a private key (PEM)",
    ),
    # The same, encoded once more, as kubeconfig and cloud-init's `encoding: b64` have it.
    (re.compile(b"|".join(map(re.escape, ENCODED))), "a private key (PEM, in base64)"),
    (re.compile(rb"(?<![A-Z0-9-])AGE-SECRET-KEY-1[02-9AC-HJ-NP-Z]{58}(?![A-Z0-9])"), "a private key (age)"),
    (re.compile(rb"^PuTTY-User-Key-File-[23]: ", re.MULTILINE), "a private key (PuTTY)"),
    (
        re.compile(rb"(?im)^[ \t]*(?:private-?key|preshared-?key)[ \t]*=[ \t]*[A-Za-z0-9+/]{43}=[ \t\r]*$"),
        "a private key (WireGuard)",
    ),
)  # fmt: skip
STORES = (
    "~/.gnupg/private-keys-v1.d/*",
    "~/.gnupg/secring.gpg",
    "~/.config/sops/age/keys.txt",
    "/etc/cryptsetup-keys.d/*",
    "/etc/luks-keys/*",
    "/etc/ipsec.d/private/*",
    "/etc/swanctl/private/*",
    "/etc/openvpn/*.key",
    "/etc/openvpn/*/*.key",
    "/etc/nebula/*.key",
    "/etc/tinc/*/rsa_key.priv",
    "/etc/tinc/*/ed25519_key.priv",
)
MAYBE = re.compile(r"\.(?:p12|pfx|jks|keystore)$")


@rule(
    CODE,
    "private keys",
    needs=Needs.TREE,
    why="Whoever has the image, or one clone, has the key: it can pass for its owner, and for every other clone.",
    roots=("/etc",),
)
def check(subject: TreeSubject) -> Iterator[Outcome]:
    told: set[str] = set()
    for text in subject.texts:
        found = _key_in(text)
        if found is not None:
            told.add(text.path)
            what, line = found
            yield leaked(subject, CODE, text.path, EXPECTED, what, f"{what} is in the image", hint=HINT, line=line)
    for entry in subject.files(*STORES):
        if entry.path not in told:
            told.add(entry.path)
            yield leaked(subject, CODE, entry.path, EXPECTED, "a key", "a private key is in the image", hint=HINT)
    for entry in subject.all_files(MAYBE):
        told.add(entry.path)
        message = "a key store that may hold private keys is in the image"
        yield leaked(subject, CODE, entry.path, EXPECTED, "a key store", message, hint=HINT, severity=Severity.WARNING)
    if not told:
        yield passed(CODE, "/", EXPECTED, "none")


def _key_in(text: Text) -> tuple[str, int] | None:
    """The kind of key that stands in a file, and its line."""
    for pattern, what in KINDS:
        for match in text.search(pattern):
            return what, text.line_of(match.start())
    return None
