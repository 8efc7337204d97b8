"""Logs, the journal among them, and what installers leave."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator

from goldsmith.generalization.operation import operation, roots_of
from goldsmith.generalization.view import View
from goldsmith.guest.change import Change
from goldsmith.guest.index import Entry, Index

NAME = "logfiles"
REASON = "a log of the build"
LOG = "/var/log"
JOURNAL = "/var/log/journal"
# Whole directories of what installers saw, answers and password hashes among it.
INSTALLERS = ("/var/log/installer", "/var/log/anaconda")
EMPTIED = tuple(f"{directory}/" for directory in (JOURNAL, *INSTALLERS))
# Login records: what writes them does not make them, so owner, mode and label have to stay.
RECORDS = ("btmp", "wtmp", "lastlog", "faillog", "tallylog")
ROTATED = re.compile(r".*([.-](\d{1,8}|old|gz|xz|bz2|zst)|~)")
FILES = (
    "/var/named/data/named.run",
    "/var/lib/logrotate.status",
    "/var/lib/logrotate/status",
    "/var/lib/logrotate/logrotate.status",
    "/root/install.log",
    "/root/install.log.syslog",
    "/root/*-ks.cfg",
    "/root/anaconda-post.log",
    "/root/*firstboot.log",
    "/etc/Pegasus/*.cnf",
    "/etc/Pegasus/*.crt",
    "/etc/Pegasus/*.csr",
    "/etc/Pegasus/*.pem",
    "/etc/Pegasus/*.srl",
)
DIRECTORIES = (
    "/var/cache/gdm",
    "/var/cache/fontconfig",
    "/var/cache/man",
    "/var/lib/AccountsService/users",
    "/var/lib/AccountService/users",
    "/var/lib/fprint",
)
# Login records of Debian 13 and other systems without wtmp: an empty file is an empty SQLite database.
DATABASES = ("/var/lib/lastlog/*", "/var/lib/wtmpdb/*")


@operation(
    NAME,
    covers="all of /var/log, the journal, login records, kickstart files, logrotate's state",
    roots=(LOG, *DIRECTORIES, *roots_of((*DATABASES, *FILES))),
    upstream="virt-sysprep logfiles (which misses logs in subdirectories that it does not know)",
)
def plan(view: View) -> Iterator[Change]:
    """Logs go, directories stay with owner, mode and access lists: daemons do not make them, and that /var/log/journal
    exists is what makes the journal persistent. Below it, each directory carries a machine-id and goes.

    A file is emptied instead where nobody would make it again: login records, and logs whose owner may not write in
    their directory. Links stay where packages and containers put them on purpose, to /usr (systemd's README), /dev or
    /proc.
    """
    for log in view.find(LOG):
        for entry in view.index.below(log.path):
            yield from _log(view, entry)
    for entry in view.find(*DATABASES):
        if entry.is_regular:
            yield from view.truncate(entry, NAME, REASON)
    yield from view.remove_files(DIRECTORIES, NAME, "what was seen and used while building")
    yield from view.remove_matching(FILES, NAME, "left by the installer or the build")


def _log(view: View, entry: Entry) -> Iterator[Change]:
    inside = entry.path.startswith(EMPTIED)
    if entry.is_directory and not inside:
        return
    if entry.is_link and (entry.target or "").replace("../", "/").lstrip("/").startswith(("usr/", "dev/", "proc/")):
        return
    if not inside and entry.is_regular and entry.links == 1 and _has_to_stay(view.index, entry):
        yield from view.truncate(entry, NAME, REASON)
    else:
        yield from view.remove(entry, NAME, REASON)


def _has_to_stay(index: Index, entry: Entry) -> bool:
    if ROTATED.fullmatch(entry.name):
        return False
    parent = index[posixpath.dirname(entry.path)]
    may_make = entry.uid == parent.uid or (entry.gid == parent.gid and parent.mode & 0o020) or parent.mode & 0o002
    return entry.name in RECORDS or not may_make
