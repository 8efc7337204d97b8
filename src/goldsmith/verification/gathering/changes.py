"""What a boot changed: the clone's tree beside the sealed one.

Both lie on the same disk, so what has the same inode, size and time of change is the same file: only of the others the
content is read. Measured: 21,000 files of which 60 changed, without content 0.3 s with the mount engine.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from hashlib import sha256
from itertools import islice

from goldsmith.findings import printable
from goldsmith.guest.guest import Guest
from goldsmith.guest.index import Entry, Index
from goldsmith.rules.clones.declared import is_declared
from goldsmith.rules.system import Changed

# Of more than these nothing is kept: such a boot rewrote the image.
MOST = 5000
# Longest file whose content counts, in bytes; of a longer one only the length does.
LONGEST = 256 << 20
# Together, in bytes.
ALL = 1 << 30
DATED_LIMIT = 16 << 20
# Lines that tell the time of writing, in files that have to be alike otherwise.
_DATED = {
    "/etc/sudoers.d/90-cloud-init-users": re.compile(rb"^# Created by cloud-init .*$", re.MULTILINE),
    # The third field is the day of the last change: clones may boot on both sides of midnight.
    "/etc/shadow": re.compile(rb"(?<=:)\d+(?=:\d*:\d*:\d*:\d*:\d*:\d*$)", re.MULTILINE),
    "/etc/shadow-": re.compile(rb"(?<=:)\d+(?=:\d*:\d*:\d*:\d*:\d*:\d*$)", re.MULTILINE),
}


def changes(guest: Guest, sealed: Index, declared: tuple[str, ...] = ()) -> tuple[Changed, ...] | None:
    """Every path that is not as it was sealed and not declared to differ; `declared` are more patterns of such.

    None where that is more than can be kept.
    """
    now = guest.index()
    differing = (path for path in {*now, *sealed} if _differs(now.get(path), sealed.get(path)))
    paths = sorted(islice((path for path in differing if not is_declared(path, declared)), MOST + 1))
    if len(paths) > MOST:
        return None
    digests = guest.index(list(_digested(now[path] for path in paths if path in now)), digests=True)
    return tuple(Changed(printable(path), _state(now.get(path), guest, digests)) for path in paths)


def _differs(now: Entry | None, before: Entry | None) -> bool:
    return now is None or before is None or _seen(now) != _seen(before)


def _seen(entry: Entry) -> tuple[object, ...]:
    about = (entry.type, entry.mode, entry.uid, entry.gid, entry.target, tuple(sorted(entry.xattrs.items())))
    return (*about, entry.inode, entry.size, entry.mtime) if entry.is_regular else about


def _digested(entries: Iterable[Entry]) -> Iterator[str]:
    left = ALL
    for entry in entries:
        if entry.is_regular and entry.path not in _DATED and entry.size <= min(LONGEST, left):
            left -= entry.size
            yield entry.path


def _state(entry: Entry | None, guest: Guest, digests: Index) -> str:
    if entry is None:
        return "removed"
    words = [entry.type.value, f"{entry.mode:04o}", f"{entry.uid}:{entry.gid}"]
    if entry.is_link:
        words = [entry.type.value, f"to {printable((entry.target or '')[:200])}"]
    elif entry.is_regular:
        known = digests.get(entry.path)
        digest = _undated(entry, guest) if known is None else known.digest
        words.append(f"sha256 {digest[:16]}" if digest is not None else f"{entry.size} bytes")
    return " ".join([*words, *_attributes(entry)])


def _undated(entry: Entry, guest: Guest) -> str | None:
    dated = _DATED.get(entry.path)
    if dated is None or entry.size > DATED_LIMIT:
        return None
    return sha256(dated.sub(b"", guest.read(entry.path, DATED_LIMIT))).hexdigest()


def _attributes(entry: Entry) -> Iterator[str]:
    for name, value in sorted(entry.xattrs.items()):
        yield f"{printable(name)}={printable(value[:100].decode('utf-8', 'replace'))}"
