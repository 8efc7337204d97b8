"""How ssh(1) of this host gets into a machine, as text that it reads. Pure.

Nothing of the user's or of this host's own configuration counts (`ssh -F`), no agent, no other key and no password is
offered, and the guest gets nothing forwarded.
"""

from __future__ import annotations

import base64
import binascii
import re
import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from goldsmith.errors import HostError

# What the machine is called in the configuration and in the list of known hosts.
HOST = "clone"
# cc_keys_to_console prints the keys themselves: they need not be taken on trust at the first login.
_PRINTED = re.compile(
    rb"-----BEGIN SSH HOST KEY KEYS-----\r?\n((?:[^\n]{1,4096}\n){1,64}?)[^\n]*-----END SSH HOST KEY KEYS-----"
)
_KEY = re.compile(rb"((?:ssh|ecdsa)-[\w@.-]{1,60}) ([A-Za-z0-9+/]{16,2000}={0,2})(?:\s|$)")


@dataclass(frozen=True, slots=True)
class Port:
    """A port of this host's loopback that leads to the machine's sshd."""

    number: int


@dataclass(frozen=True, slots=True)
class HandedOver:
    """A program of this host that hands an open connection over, as ProxyUseFdpass of ssh_config(5) wants it."""

    argv: tuple[str, ...]


Way = Port | HandedOver


def config(way: Way, *, user: str, key: Path, known_hosts: Path, known: bool, connect_timeout: int) -> str:
    """An ssh_config(5) for one machine. `known`: its keys are in `known_hosts`; else the first ones seen are taken.

    `connect_timeout` is in seconds. Raises HostError where ssh would read a path otherwise than it is written.
    """
    options: list[tuple[str, str]] = [("User", user), ("HostKeyAlias", HOST)]
    match way:
        case Port(number):
            options += [("HostName", "127.0.0.1"), ("Port", str(number))]
        case HandedOver(argv):
            options += [("ProxyCommand", shlex.join(argv).replace("%", "%%")), ("ProxyUseFdpass", "yes")]
    options += [
        ("IdentityFile", _path(key)),
        ("IdentitiesOnly", "yes"),
        ("IdentityAgent", "none"),
        ("PreferredAuthentications", "publickey"),
        ("BatchMode", "yes"),
        ("StrictHostKeyChecking", "yes" if known else "accept-new"),
        ("UserKnownHostsFile", _path(known_hosts)),
        ("GlobalKnownHostsFile", "/dev/null"),
        ("UpdateHostKeys", "no"),
        ("CheckHostIP", "no"),
        ("ConnectTimeout", str(connect_timeout)),
        ("ControlPath", "none"),
        ("ClearAllForwardings", "yes"),
        ("RequestTTY", "no"),
        ("LogLevel", "ERROR"),
    ]
    return "".join([f"Host {HOST}\n", *(f"  {name} {value}\n" for name, value in options)])


def known_hosts(keys: Sequence[str]) -> str:
    """The same keys as a file of known hosts."""
    return "".join(f"{HOST} {key}\n" for key in keys)


def printed_host_keys(console: bytes) -> tuple[str, ...]:
    """The public host keys that cloud-init printed on a console, each once; those of a broken line are left out."""
    return tuple(dict.fromkeys(key for block in _PRINTED.finditer(console) for key in _keys(block[1])))


def _keys(block: bytes) -> Iterator[str]:
    for line in block.splitlines():
        found = _KEY.match(line.strip())
        if found is None:
            continue
        try:
            blob = base64.b64decode(found[2], validate=True)
        except binascii.Error:
            continue
        # RFC 4253, 6.6: the key begins with its type. Another writer's text in the middle of a line breaks that.
        if blob[4 : 4 + len(found[1])] == found[1]:
            yield f"{found[1].decode('ascii')} {found[2].decode('ascii')}"


def _path(path: Path) -> str:
    """In quotes; a percent sign begins a token, and a variable of the environment cannot be quoted."""
    text = str(path.absolute())
    if "${" in text or not text.isprintable() or any(each in text for each in '"\\'):
        raise HostError(f"ssh cannot be told of the path {text!r}", hint="keep the pool in a folder of a plainer name")
    return f'"{text.replace("%", "%%")}"'
