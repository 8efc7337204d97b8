"""GS610: `users` does not lose the default user by accident."""

from __future__ import annotations

from collections.abc import Iterator

from goldsmith.findings import Severity
from goldsmith.rules.cloudconfig.fault import Fault, configuration_rule
from goldsmith.rules.cloudconfig.subject import CloudConfig


@configuration_rule(
    "GS610",
    "`users` holds `default`",
    why="A list of users without the word `default` leaves the default user out, and `users: []` makes nobody at all; "
    "what `system_info.default_user` says then has no effect.",
    since="every version",
    wrong="users:\n  - {name: ops, ssh_authorized_keys: [ssh-ed25519 AAAA ops@example.org]}\n",
    right="users:\n  - default\n  - {name: ops, ssh_authorized_keys: [ssh-ed25519 AAAA ops@example.org]}\n",
)
def default_in_users(subject: CloudConfig) -> Iterator[Fault]:
    file = subject.setter("users")
    if file is None or file.vendor or any(user.default for user in subject.users):
        return
    users = subject.config.get("users")
    if isinstance(users, list) and "default" in users:
        return
    who = "no user is made" if not users else "the default user is not made"
    yield Fault(
        Severity.WARNING,
        file.place("users"),
        f"`users` does not name `default`: {who}",
        "put `- default` first, or silence this where the default user is not wanted",
    )
