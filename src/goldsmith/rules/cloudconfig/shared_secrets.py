"""GS615: no password and no secret lies in the configuration, which every clone has."""

from __future__ import annotations

import re
from collections.abc import Iterator

from goldsmith.findings import Severity
from goldsmith.rules.cloudconfig.configfile import Word
from goldsmith.rules.cloudconfig.fault import Fault, configuration_rule
from goldsmith.rules.cloudconfig.subject import CloudConfig

PLAIN = frozenset({"password", "plain_text_passwd", "plain-text-passwd"})
PASSWORDS = PLAIN | {"passwd", "hashed_passwd", "hashed-passwd"}
SECRETS = (
    (re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----"), "a private key"),
    (re.compile(r"\b[a-z][a-z0-9+.-]*://[^/\s:@]+:[^/\s@]+@"), "a password in a URL"),
    (re.compile(r"\b(AKIA|ASIA)[0-9A-Z]{16}\b"), "an access key of AWS"),
    (re.compile(r"\bgh[pousr]_[A-Za-z0-9]{36,}"), "a token of GitHub"),
    (re.compile(r"\bglpat-[A-Za-z0-9_-]{20,}"), "a token of GitLab"),
    (re.compile(r"\bxox[abprs]-[A-Za-z0-9-]{10,}"), "a token of Slack"),
)
TOKENS = re.compile(r"(token|secret|api_?key|activation-?key|registration_key)$", re.IGNORECASE)


@configuration_rule(
    "GS615",
    "no shared password or secret",
    why="What lies in the image is the same on every clone, readable by everybody who has the image, and copied into "
    "each clone's /var/lib/cloud.",
    since="every version",
    wrong="users:\n  - default\n  - {name: ops, plain_text_passwd: hunter2, lock_passwd: false}\n",
    right="users:\n  - default\n  - {name: ops, ssh_authorized_keys: [ssh-ed25519 AAAA ops@example.org]}\n",
)
def shared_secrets(subject: CloudConfig) -> Iterator[Fault]:
    for file, word in subject.words():
        if not word.written or not word.loc:
            continue
        key = str(word.loc[-1])
        what = next((name for pattern, name in SECRETS if pattern.search(word.written)), None)
        if what is None and (_password(word) or TOKENS.search(key)):
            what = f"`{key}`" if key not in PLAIN else f"`{key}`, in plain text,"
        if what is not None:
            yield Fault(
                Severity.WARNING,
                file.at(*word.value) if key.isdigit() else file.at(*word.key),
                f"{what} in the image's configuration is the same on every clone",
                "leave passwords and secrets to each clone's own user-data",
            )


def _password(word: Word) -> bool:
    """Whether cloud-init reads it as one: at the top, in an entry of `users` or `chpasswd`, or in the default user."""
    if word.loc[0] == "chpasswd":
        return word.loc[-1] in PASSWORDS or word.loc[:2] == ("chpasswd", "list")
    if word.loc[-1] not in PASSWORDS:
        return False
    return len(word.loc) == 1 or word.loc[0] in {"users", "user"} or word.loc[:2] == ("system_info", "default_user")
