"""Runs a program and ends it, with everything it started, when goldsmith dies, however it dies.

Started by `run.py` as `python -I -S lifeline.py FD PROGRAM [ARGUMENT ...]`. FD is the read end of a pipe whose only
write end goldsmith holds: end of file means goldsmith is gone (SIGKILL included) or wants the program ended. As a
subreaper it inherits daemonized grandchildren, so nothing escapes by a double fork. Standard library only.
"""

from __future__ import annotations

import ctypes
import os
import select
import signal
import subprocess
import sys

PR_SET_CHILD_SUBREAPER = 36


def main() -> int:
    lifeline = int(sys.argv[1])
    os.set_inheritable(lifeline, False)
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    wakeup_read, wakeup_write = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(wakeup_write, warn_on_full_buffer=False)
    try:
        child = subprocess.Popen(sys.argv[2:], close_fds=False)
    except OSError as error:
        print(f"{sys.argv[2]}: {error.strerror}", file=sys.stderr)
        return 127 if isinstance(error, FileNotFoundError) else 126
    while True:
        status = child.poll()
        if status is not None:
            break
        ready, _, _ = select.select([lifeline, wakeup_read], [], [])
        if lifeline in ready:
            end_descendants()
            return 137
        os.read(wakeup_read, 512)
        reap_orphans(child.pid)
    end_descendants()
    return 128 - status if status < 0 else status


def reap_orphans(keep: int) -> None:
    """Collect adopted processes that have ended, but leave `keep` to its Popen."""
    for pid in children_of(os.getpid()):
        if pid != keep:
            try:
                os.waitpid(pid, os.WNOHANG)
            except ChildProcessError:
                continue


def end_descendants() -> None:
    """SIGKILL every descendant until none is left (each kill may hand us new orphans)."""
    while True:
        victims = descendants_of(os.getpid())
        if not victims:
            return
        for pid in victims:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
        try:
            os.waitpid(-1, 0)
        except ChildProcessError:
            return


def descendants_of(pid: int) -> list[int]:
    found = children_of(pid)
    for child in tuple(found):
        found.extend(descendants_of(child))
    return found


def children_of(pid: int) -> list[int]:
    try:
        with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as file:
            return [int(word) for word in file.read().split()]
    except FileNotFoundError:
        return []


if __name__ == "__main__":
    sys.exit(main())
