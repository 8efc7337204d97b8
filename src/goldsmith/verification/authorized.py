"""Which keys open which account, as its authorized_keys has them, and what cloud-init wrote for sudo."""

from __future__ import annotations

import base64
import binascii
import posixpath
import re
from collections.abc import Iterable, Iterator, Sequence
from hashlib import sha256

from goldsmith.findings import printable
from goldsmith.guest.guest import Guest
from goldsmith.guest.index import Index
from goldsmith.rules.facts import AuthorizedKeys, Place

KEYS = ".ssh/authorized_keys"
CLOUD_INIT_SUDOERS = "/etc/sudoers.d/90-cloud-init-users"
LIMIT = 1 << 18
MOST_HOMES, MOST_KEYS, MOST_LINES, LINE_LENGTH = 64, 100, 100, 200
# sshd(8): options, which end at the first blank outside of quotes, the key's type, the key.
_KEY = re.compile(r'(?:(?:[^\s"]|"(?:\\.|[^"\\])*")+\s+)?((?:ssh-|ecdsa-|sk-)\S+\s+\S+)')


def authorized(guest: Guest, passwd: Iterable[Sequence[str]]) -> Iterator[AuthorizedKeys]:
    """For each account of a person, or root, that has the file. `passwd` are the fields of its lines."""
    homes = {fields[0]: posixpath.normpath(fields[5]) for fields in passwd if _is_person(fields)}
    homes = dict(list(homes.items())[:MOST_HOMES])
    index = guest.index(tuple(posixpath.join(home, KEYS) for home in homes.values())) if homes else None
    for name, home in homes.items():
        file = index.resolve(posixpath.join(home, KEYS)) if index is not None else None
        if index is None or file is None or not index[file].is_regular or index[file].size > LIMIT:
            continue
        keys = guest.read(file, LIMIT).decode("utf-8", "replace").splitlines()
        yield AuthorizedKeys(
            name=printable(name),
            places=tuple(_places(index, home)),
            fingerprints=tuple(_fingerprints(keys)),
        )


def sudo_rules(text: str | None) -> tuple[str, ...]:
    """The lines of the file that cloud-init writes, without comments."""
    lines = (line.strip() for line in (text or "").splitlines())
    rules = [printable(line[:LINE_LENGTH]) for line in lines if line and not line.startswith("#")]
    return tuple(rules[:MOST_LINES])


def fingerprint(public: str) -> str | None:
    """The fingerprint that ssh-keygen prints, of a line such as `ssh-ed25519 AAAA… comment`; None where it is none."""
    words = public.split()
    try:
        blob = base64.b64decode(words[1], validate=True) if len(words) > 1 else b""
    except (binascii.Error, ValueError):
        return None
    return "SHA256:" + base64.b64encode(sha256(blob).digest()).decode().rstrip("=") if blob else None


def _is_person(fields: Sequence[str]) -> bool:
    uid = fields[2]
    return fields[5].startswith("/") and uid.isdecimal() and (uid == "0" or 4 <= len(uid) <= 5)


def _places(index: Index, home: str) -> Iterator[Place]:
    """The home, the folder and the file: who may write to them may add keys."""
    for path in (home, posixpath.join(home, posixpath.dirname(KEYS)), posixpath.join(home, KEYS)):
        canonical = index.resolve(path)
        if canonical is not None:
            entry = index[canonical]
            yield Place(printable(path), entry.uid, entry.mode)


def _fingerprints(lines: Iterable[str]) -> Iterator[str]:
    said = [line.strip() for line in lines if line.strip() and not line.lstrip().startswith("#")]
    for line in said[:MOST_KEYS]:
        key = _KEY.match(line)
        yield (fingerprint(key[1]) if key is not None else None) or "no key"
