"""The guest's own SELinux policy, as far as labels of files depend on it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Protocol

from goldsmith.guest.index import FileType
from goldsmith.guest.labels.file_contexts import FileContexts, NoLabel

CONFIG = "/etc/selinux/config"
FILES = ("", ".homedirs", ".local")
# Fedora's is 0.7 MB.
LIMIT, CONFIG_LIMIT = 16 << 20, 1 << 20
ACTIVE = frozenset({"enforcing", "permissive"})
NAME = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9_.-]*")


class Readable(Protocol):
    """What reads a guest's files: a `Guest`, or what remembers one."""

    def read(self, path: str, limit: int) -> bytes: ...


@dataclass(frozen=True, slots=True)
class Policy:
    """`name` is the policy's folder in /etc/selinux; `customizable` are the types that an administrator gives by hand
    and that restorecon leaves alone (customizable_types(5)).
    """

    name: str
    contexts: FileContexts
    customizable: frozenset[str] = frozenset()

    def label(self, path: str, kind: FileType) -> str | NoLabel:
        """The label that the policy gives to a canonical path."""
        return self.contexts.context(path, kind)


def read_policy(guest: Readable) -> Policy | None:
    """The policy that the guest would load; None where SELinux is off, or there is no policy with file contexts.

    Raises BuildError for files that cannot be read, or are far longer than any policy's.
    """
    config = _read(guest, CONFIG, CONFIG_LIMIT)
    if config is None:
        return None
    mode, name = _setting(config, "SELINUX"), _setting(config, "SELINUXTYPE") or "targeted"
    if mode.lower() not in ACTIVE or NAME.fullmatch(name) is None:
        return None
    folder = f"/etc/selinux/{name}/contexts"
    base = f"{folder}/files/file_contexts"
    files = [_read(guest, f"{base}{suffix}", LIMIT) for suffix in FILES]
    if files[0] is None:
        return None
    contexts = FileContexts(
        [content for content in files if content is not None],
        substitutions=_read(guest, f"{base}.subs", LIMIT) or b"",
        distribution_substitutions=_read(guest, f"{base}.subs_dist", LIMIT) or b"",
    )
    types = _read(guest, f"{folder}/customizable_types", CONFIG_LIMIT) or b""
    return Policy(name, contexts, frozenset(types.decode("ascii", "replace").split()))


def _read(guest: Readable, path: str, limit: int) -> bytes | None:
    try:
        return guest.read(path, limit)
    except FileNotFoundError:
        return None


def _setting(config: bytes, name: str) -> str:
    """A setting of /etc/selinux/config, the last one; empty where there is none (selinux_config(5))."""
    found = ""
    for line in config.decode("utf-8", "replace").splitlines():
        key, equals, value = line.strip().partition("=")
        if equals and key == name:
            found = value.strip()
    return found
