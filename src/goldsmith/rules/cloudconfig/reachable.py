"""GS608: somebody can log in."""

from __future__ import annotations

from collections.abc import Iterator

from goldsmith.findings import Severity, printable
from goldsmith.rules.cloudconfig.fault import Fault, configuration_rule
from goldsmith.rules.cloudconfig.subject import CloudConfig

WHO = (("system_info", "default_user", "name"), ("system_info", "default_user"), ("users",), ("user",))


@configuration_rule(
    "GS608",
    "somebody can log in",
    why="The default user's password is locked and its keys come from user-data or a cloud's metadata: a clone that is "
    "given neither lets nobody in, on the console either. That may be meant; it should not be a surprise.",
    since="every version",
    wrong="system_info:\n  default_user: {name: admin}\nusers: [default]\n",
    right="users:\n  - default\n  - {name: ops, ssh_authorized_keys: [ssh-ed25519 AAAA ops@example.org]}\n",
)
def reachable(subject: CloudConfig) -> Iterator[Fault]:
    if subject.datasource_decided:
        return  # whoever decides where clones get user-data from knows that they need some
    setting = next((loc for loc in WHO if subject.place(*loc) is not None and _own(subject, *loc)), None)
    if setting is None or _reachable(subject):
        return
    users = ", ".join(printable(user.name) for user in subject.users) or "no user"
    yield Fault(
        Severity.NOTE,
        subject.place(*setting),
        f"without user-data nobody can log in to a clone: {users}, with a locked password and no key",
        "give each clone's user-data a key, or bake one in with `ssh_authorized_keys`",
    )


def _own(subject: CloudConfig, *loc: str) -> bool:
    file = subject.setter(*loc)
    return file is not None and not file.vendor


def _reachable(subject: CloudConfig) -> bool:
    if any(subject.config.get(key) for key in ("ssh_authorized_keys", "password", "chpasswd")):
        return True
    if any(not user.locked for user in subject.users):
        return True
    keys = ("ssh_authorized_keys", "ssh-authorized-keys", "ssh_import_id", "ssh-import-id")
    entries = subject.config.get("users")
    user = subject.effective.get("system_info.default_user")
    candidates = [*(entries if isinstance(entries, list) else []), user]
    if any(each.get(key) for each in candidates if isinstance(each, dict) for key in keys):
        return True
    files = subject.image.files if subject.image is not None else {}
    return any(path.endswith("/authorized_keys") and content.strip() for path, content in files.items())
