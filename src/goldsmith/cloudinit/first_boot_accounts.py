"""The accounts that are there after a first boot, and who of them can log in, and how."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from goldsmith.cloudinit.first_boot_sshd import Sshd
from goldsmith.cloudinit.users import User
from goldsmith.cloudinit.version import Version

PASSWD, SHADOW, GROUP, USERADD = "/etc/passwd", "/etc/shadow", "/etc/group", "/etc/default/useradd"
FIRST_UID, LAST_UID = 1000, 60000
NO_LOGIN = re.compile(r".*/(?:nologin|false|sync|halt|shutdown)")
UNLOCKS_SINCE: Version = (24, 3)


class Password(StrEnum):
    """What a password does for an account."""

    LOCKED = "locked"  # none opens it
    EMPTY = "empty"  # anybody gets in at the console
    SET = "set"
    RANDOM = "random"  # made at first boot, printed on the console


class Way(StrEnum):
    """How somebody logs in."""

    CONSOLE = "console"
    SSH_KEY = "ssh-key"
    SSH_PASSWORD = "ssh-password"


@dataclass(frozen=True, slots=True)
class Account:
    """An account of a person, or root, after the first boot. `name` is its login; `created`: the first boot makes it;
    `default`: it is cloud-init's default user. `groups` are the supplementary ones; `shell` is None where only the
    guest knows it; `sudo` are the rules that the configuration gives it; `password` is what a password does for it;
    `keys` counts the SSH keys that open it; `gecos` is its comment in passwd, None where nothing says one.
    """

    name: str
    created: bool
    default: bool
    groups: tuple[str, ...]
    shell: str | None
    sudo: tuple[str, ...]
    password: Password
    keys: int = 0
    gecos: str | None = None

    @property
    def has_shell(self) -> bool:
        return self.shell is None or NO_LOGIN.fullmatch(self.shell) is None


@dataclass(frozen=True, slots=True)
class Login:
    """Somebody who can log in: `user` is the account's name, `way` the way in, and `how` one line of what opens it."""

    user: str
    way: Way
    how: str


def existing_accounts(files: Mapping[str, bytes]) -> tuple[Account, ...]:
    """Root and the people of an image's passwd, () where it is not among the files."""
    shadow = {fields[0]: fields[1] for fields in _lines(files, SHADOW, 2)}
    groups = [(fields[0], fields[3].split(",")) for fields in _lines(files, GROUP, 4)]
    found = []
    for fields in _lines(files, PASSWD, 7):
        name, uid = fields[0], int(fields[2]) if fields[2].isdecimal() and len(fields[2]) < 10 else -1
        if uid != 0 and not FIRST_UID <= uid <= LAST_UID:
            continue
        hashed = shadow.get(name, "*") if fields[1] == "x" else fields[1]
        found.append(
            Account(
                name=name,
                created=False,
                default=False,
                groups=tuple(sorted(group for group, members in groups if name in members)),
                shell=fields[6],
                sudo=(),
                password=_password(hashed),
                keys=count_keys(files.get(f"{fields[5].rstrip('/')}/.ssh/authorized_keys", b"")),
                gecos=fields[4],
            )
        )
    return tuple(found)


def _password(hashed: str) -> Password:
    if not hashed:
        return Password.EMPTY
    return Password.LOCKED if hashed[0] in "!*" else Password.SET


def count_keys(content: bytes) -> int:
    """The keys of an authorized_keys file."""
    lines = (line.strip() for line in content.decode("utf-8", "replace").splitlines())
    return sum(bool(line) and not line.startswith("#") for line in lines)


def with_users(
    accounts: Iterable[Account],
    users: Iterable[User],
    settings: Mapping[str, Mapping[str, Any]],
    version: Version,
    default_shell: str | None,
) -> tuple[Account, ...]:
    """The accounts after the module users_groups; `settings` is what the configuration says of each user."""
    after = {account.name: account for account in accounts}
    for user in users:
        own = settings.get(user.name, {})
        keys = _listed(own.get("ssh_authorized_keys"))
        present = after.get(user.name)
        if present is None:
            after[user.name] = Account(
                name=user.name,
                created=True,
                default=user.default,
                groups=user.groups,
                shell=user.shell or default_shell,
                sudo=user.sudo,
                password=_of_new(own, user),
                keys=len(keys),
                gecos=user.gecos,
            )
        else:
            # Groups, shell and `passwd` of one that is there are left as they are.
            after[user.name] = replace(
                present,
                default=user.default,
                sudo=user.sudo or present.sudo,
                password=_of_existing(own, present.password, version),
                keys=present.keys + len(keys),
            )
    return tuple(after.values())


def _of_new(own: Mapping[str, Any], user: User) -> Password:
    if not user.locked:
        return Password.SET
    blank = any(key in own and not own[key] for key in ("passwd", "hashed_passwd", "plain_text_passwd"))
    if not own.get("lock_passwd", True) and blank:
        # `lock_passwd: false` and an empty password on purpose.
        return Password.EMPTY
    return Password.LOCKED


def _of_existing(own: Mapping[str, Any], before: Password, version: Version) -> Password:
    if own.get("lock_passwd", True):
        return Password.LOCKED
    if own.get("plain_text_passwd") or own.get("hashed_passwd"):
        return Password.SET
    if version >= UNLOCKS_SINCE and before is Password.LOCKED:
        return Password.LOCKED
    return before


def with_passwords(
    accounts: Iterable[Account], config: Mapping[Any, Any], default_user: str | None
) -> tuple[Account, ...]:
    """The accounts after the module set_passwords."""
    given: dict[str, Password] = {}
    chpasswd = config.get("chpasswd")
    if isinstance(chpasswd, Mapping):
        for entry in _entries(chpasswd.get("users")):
            if isinstance(entry, Mapping) and isinstance(entry.get("name"), str):
                given[entry["name"]] = Password.RANDOM if entry.get("type") == "RANDOM" else Password.SET
        listed = chpasswd.get("list")
        for line in listed.splitlines() if isinstance(listed, str) else _entries(listed):
            name, colon, password = str(line).partition(":")
            if colon:
                given[name] = Password.RANDOM if password in {"R", "RANDOM"} else Password.SET
    if not given and config.get("password") and default_user is not None:
        given[default_user] = Password.SET
    return tuple(replace(each, password=given.get(each.name, each.password)) for each in accounts)


def with_keys(
    accounts: Iterable[Account], keys: int, default_user: str | None, *, disable_root: bool
) -> tuple[Account, ...]:
    """The accounts after the module ssh: all keys for the default user, and for root, unless that is refused."""
    return tuple(
        replace(each, keys=each.keys + keys)
        if each.name == default_user or (each.name == "root" and not disable_root)
        else each
        for each in accounts
    )


def logins(accounts: Iterable[Account], sshd: Sshd | None, *, host_keys: bool) -> Iterator[Login]:
    """Who can log in, and how. Without host keys sshd does not start."""
    for account in accounts:
        if not account.has_shell:
            continue
        name, root = account.name, account.name == "root"
        if account.password is not Password.LOCKED:
            yield Login(name, Way.CONSOLE, _CONSOLE[account.password])
        if sshd is None or not host_keys or not sshd.admits(name, account.groups):
            continue
        if root and sshd.root not in {"yes", "prohibit-password", "without-password"}:
            continue
        if account.keys and sshd.keys:
            yield Login(name, Way.SSH_KEY, f"{account.keys} {'key' if account.keys == 1 else 'keys'}")
        opened = account.password in {Password.SET, Password.RANDOM} or (
            account.password is Password.EMPTY and sshd.empty_passwords
        )
        if opened and sshd.asks_passwords and (not root or sshd.root == "yes"):
            how = "PasswordAuthentication" if sshd.passwords else "KbdInteractiveAuthentication"
            yield Login(name, Way.SSH_PASSWORD, f"{how} is on ({sshd.said_by or 'the default of sshd'})")


_CONSOLE = {
    Password.EMPTY: "an empty password",
    Password.SET: "a password",
    Password.RANDOM: "a random password, printed on the console",
}


def _listed(value: Any) -> tuple[str, ...]:
    match value:
        case str():
            return (value,)
        case dict():
            return tuple(str(each) for each in value.values())
        case list():
            return tuple(str(each) for each in value)
        case _:
            return ()


def _entries(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _lines(files: Mapping[str, bytes], path: str, fields: int) -> list[list[str]]:
    text = files.get(path, b"").decode("utf-8", "replace")
    lines = (line.split(":") for line in text.splitlines())
    return [line for line in lines if len(line) >= fields and line[0]]
