"""What cloud-init has done once, and what it did under a mark of that kind in its last run."""

from __future__ import annotations

import re
from collections.abc import Iterator

from goldsmith.findings import printable
from goldsmith.guest.guest import Guest
from goldsmith.guest.index import Index
from goldsmith.rules.facts import Mark

INSTANCE_MARKS, ONCE_MARKS = "/var/lib/cloud/instance/sem", "/var/lib/cloud/sem"
MOST_MARKS, MARK_BYTES, MOST_RUNS, MOST_NAME = 500, 100, 200, 80
_BEGIN = re.compile(r"Cloud-init v\. \S{1,80} running 'init-local' at")
# helpers.Runners.run: a mark that is there is obeyed before the lock is taken; what runs always has a DummyLock.
_LOCKED = re.compile(r"Running (\S{1,80}) using lock \(<FileLock")


def marks(guest: Guest, index: Index) -> Iterator[Mark]:
    """The marks of what was done once for the instance, or once for ever. Each holds the process and the time of it
    (helpers.FileSemaphores), so that one made again reads otherwise.
    """
    left = MOST_MARKS
    for folder in (INSTANCE_MARKS, ONCE_MARKS):
        canonical = index.resolve(folder)
        entries = index.children(canonical) if canonical is not None else []
        for entry in entries:
            if not entry.is_regular or left == 0:
                continue
            left -= 1
            text = guest.read(entry.path, MARK_BYTES).decode("utf-8", "replace") if entry.size <= MARK_BYTES else "long"
            yield Mark(printable(entry.name[:MOST_NAME]), printable(text.strip()))


def done_once_in_last_run(log: str) -> tuple[str, ...]:
    """From cloud-init.log: what ran under a mark in the last run, where nothing of that kind runs a second time."""
    begins = [match.start() for match in _BEGIN.finditer(log)]
    found = dict.fromkeys(match[1] for match in _LOCKED.finditer(log, begins[-1] if begins else 0))
    return tuple(printable(name) for name in list(found)[:MOST_RUNS])
