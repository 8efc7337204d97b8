"""The settings that sshd has after a first boot: its own files, and what cloud-init's `ssh_pwauth` writes into them.

Source: sshd_config(5): the first value of a keyword counts, files of an Include are read in lexical order at its place,
what stands behind a Match holds for some only. cloudinit/ssh_util.py: update_ssh_config.
"""

from __future__ import annotations

import posixpath
import re
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase

SSHD_CONFIG = "/etc/ssh/sshd_config"
SSHD_CONFIG_D = f"{SSHD_CONFIG}.d"
CLOUD_INITS_OWN = f"{SSHD_CONFIG_D}/50-cloud-init.conf"
MAX_DEPTH = 16
_ALIASES = {
    "challengeresponseauthentication": "kbdinteractiveauthentication",
    "skeyauthentication": "kbdinteractiveauthentication",
    "dsaauthentication": "pubkeyauthentication",
}
_LISTS = ("allowusers", "denyusers", "allowgroups", "denygroups")


@dataclass(frozen=True, slots=True)
class Sshd:
    """What decides about logins, with the defaults of OpenSSH where no file says anything.

    `passwords`, `interactive`, `keys`, `empty_passwords` and `pam` say whether PasswordAuthentication,
    KbdInteractiveAuthentication, PubkeyAuthentication, PermitEmptyPasswords and UsePAM are `yes`; `root` is the value
    of PermitRootLogin, in small letters. `allow_users`, `deny_users`, `allow_groups` and `deny_groups` are the patterns
    of their keywords: an empty list keeps nobody out. `said_by` is the file that decides about passwords, None where it
    is the default.
    """

    passwords: bool = True
    interactive: bool = True
    keys: bool = True
    empty_passwords: bool = False
    root: str = "prohibit-password"
    pam: bool = False
    allow_users: tuple[str, ...] = ()
    deny_users: tuple[str, ...] = ()
    allow_groups: tuple[str, ...] = ()
    deny_groups: tuple[str, ...] = ()
    said_by: str | None = None

    @property
    def asks_passwords(self) -> bool:
        """Also over the keyboard-interactive way, which ssh_pwauth does not touch."""
        return self.passwords or (self.interactive and self.pam)

    def admits(self, user: str, groups: tuple[str, ...]) -> bool:
        """Whether the lists of users and groups let a user in; what they say of hosts is not looked at."""
        if _matches(self.deny_users, (user,)) or _matches(self.deny_groups, groups):
            return False
        if self.allow_users and not _matches(self.allow_users, (user,)):
            return False
        return not self.allow_groups or _matches(self.allow_groups, groups)


def sshd_settings(files: Mapping[str, bytes]) -> Sshd | None:
    """The settings that these files make; None where there is no sshd."""
    if SSHD_CONFIG not in files:
        return None
    found: dict[str, tuple[str, str]] = {}
    lists: dict[str, list[str]] = {name: [] for name in _LISTS}
    for path, keyword, value in _settings(files, SSHD_CONFIG, 0):
        found.setdefault(keyword, (value, path))
        if keyword in lists:
            lists[keyword].extend(value.split())

    def flag(keyword: str, *, default: bool) -> bool:
        value = found.get(keyword, ("yes" if default else "no", ""))[0].lower()
        return value == "yes"

    return Sshd(
        passwords=flag("passwordauthentication", default=True),
        interactive=flag("kbdinteractiveauthentication", default=True),
        keys=flag("pubkeyauthentication", default=True),
        empty_passwords=flag("permitemptypasswords", default=False),
        root=found.get("permitrootlogin", ("prohibit-password", ""))[0].lower(),
        pam=flag("usepam", default=False),
        allow_users=tuple(lists["allowusers"]),
        deny_users=tuple(lists["denyusers"]),
        allow_groups=tuple(lists["allowgroups"]),
        deny_groups=tuple(lists["denygroups"]),
        said_by=found["passwordauthentication"][1] if "passwordauthentication" in found else None,
    )


def with_password_authentication(files: Mapping[str, bytes], *, allowed: bool) -> dict[str, bytes]:
    """The files after cloud-init has obeyed `ssh_pwauth`: in a file of its own where sshd_config includes that folder,
    else in sshd_config itself, every line that sets it or one more at the end.
    """
    if SSHD_CONFIG not in files:
        return dict(files)
    includes = any(
        line.startswith(f"Include {SSHD_CONFIG_D}/*.conf") for line in _text(files, SSHD_CONFIG).splitlines()
    )
    path = CLOUD_INITS_OWN if includes else SSHD_CONFIG
    wanted = f"PasswordAuthentication {'yes' if allowed else 'no'}"
    lines = _text(files, path).splitlines()
    own = [number for number, line in enumerate(lines) if (_keyword(line) or ("", ""))[0] == "passwordauthentication"]
    for number in own:
        lines[number] = wanted
    if not own:
        lines.append(wanted)
    return {**files, path: "".join(f"{line}\n" for line in lines).encode("utf-8", "surrogateescape")}


def _settings(files: Mapping[str, bytes], path: str, depth: int) -> Iterator[tuple[str, str, str]]:
    for_all = True
    for line in _text(files, path).splitlines():
        setting = _keyword(line)
        if setting is None:
            continue
        keyword, value = setting
        if keyword == "match":
            for_all = value.lower() == "all"
        elif not for_all:
            continue
        elif keyword == "include":
            if depth < MAX_DEPTH:
                for pattern in value.split():
                    absolute = posixpath.join("/etc/ssh", pattern)
                    for other in sorted(files):
                        if posixpath.dirname(other) == posixpath.dirname(absolute) and fnmatchcase(other, absolute):
                            yield from _settings(files, other, depth + 1)
        else:
            yield path, keyword, value


def _keyword(line: str) -> tuple[str, str] | None:
    match = re.match(r"\s*([A-Za-z0-9]+)(?:\s*=\s*|\s+)(.*)$", line)
    if match is None:
        return None
    try:
        value = " ".join(shlex.split(match[2], comments=True))
    except ValueError:
        value = match[2].strip()
    keyword = match[1].lower()
    return _ALIASES.get(keyword, keyword), value


def _matches(patterns: tuple[str, ...], names: tuple[str, ...]) -> bool:
    return any(fnmatchcase(name, pattern.partition("@")[0]) for pattern in patterns for name in names)


def _text(files: Mapping[str, bytes], path: str) -> str:
    return files.get(path, b"").decode("utf-8", "surrogateescape")
