"""The journal that a guest keeps on its disk: what it complained of, and which units failed."""

from __future__ import annotations

import re
from collections.abc import Iterable

from goldsmith.errors import BuildError
from goldsmith.findings import printable
from goldsmith.rules.system import UNIT_FAILED, UNIT_STARTED, Complaint, Journal
from goldsmith.verification.gathering.journal_file import Entry, JournalError, read_entries
from goldsmith.verification.gathering.tree import Tree

FOLDER = "/var/log/journal"
CONFIGS = ("/etc/systemd/journald.conf", "/etc/systemd/journald.conf.d", "/usr/lib/systemd/journald.conf.d")
ROOTS = (FOLDER, *CONFIGS)
# journald makes files of 8 MiB and begins a new one when one is full.
MOST_FILES, LIMIT = 8, 64 << 20
MOST, LINE = 100, 300
# What systemd said before there was a journal came through the kernel, as text alone.
_EARLY = re.compile(r"(\S{1,200}\.\w{1,20}): Failed with result ")
_FIELDS = frozenset({
    "PRIORITY", "MESSAGE", "MESSAGE_ID", "SYSLOG_IDENTIFIER", "_COMM", "_TRANSPORT", "UNIT", "_SYSTEMD_UNIT",
})  # fmt: skip


def keeps_journal(tree: Tree) -> bool:
    """Whether journald will write to the disk: `Storage=auto` does where the folder is there (journald.conf(5))."""
    storage = "auto"
    drop_ins = (
        entry
        for folder in reversed(CONFIGS[1:])
        for entry in sorted(tree.children(folder), key=lambda each: each.name)
        if entry.name.endswith(".conf")
    )
    for path in (CONFIGS[0], *(entry.path for entry in drop_ins)):
        for line in (tree.text(path) or "").splitlines():
            key, equals, value = line.partition("=")
            if equals and key.strip() == "Storage":
                storage = value.strip().lower()
    return storage == "persistent" or (storage == "auto" and tree.index.resolve(FOLDER) is not None)


def read_journal(tree: Tree) -> Journal | None:
    """None where there is no file of it."""
    files = [
        entry
        for folder in tree.children(FOLDER)
        if folder.is_directory
        for entry in tree.index.children(folder.path)
        if entry.is_regular and entry.name.endswith((".journal", ".journal~"))
    ]
    if not files:
        return None
    entries: list[Entry] = []
    unreadable = f"it has {len(files)} files" if len(files) > MOST_FILES else None
    for file in files[:MOST_FILES]:
        try:
            entries += read_entries(tree.guest.read(file.path, LIMIT), _FIELDS)
        except (BuildError, FileNotFoundError, JournalError) as error:
            unreadable = f"{printable(file.name)}: {printable(str(error))}"
    return summarize(sorted(entries, key=lambda entry: entry.realtime), unreadable)


def summarize(entries: Iterable[Entry], unreadable: str | None = None) -> Journal:
    """`entries` are in the order of their time."""
    count, failed, said = 0, dict[str, None](), dict[Complaint, None]()
    for entry in entries:
        count += 1
        message_id, unit = entry.fields.get("MESSAGE_ID"), entry.fields.get("UNIT")
        early = _EARLY.match(entry.fields.get("MESSAGE", "")) if entry.fields.get("_TRANSPORT") == "kernel" else None
        if early is not None and entry.fields.get("SYSLOG_IDENTIFIER") == "systemd":
            failed[_short(early[1])] = None
        if unit is not None and message_id == UNIT_FAILED:
            failed[_short(unit)] = None
        elif unit is not None and message_id == UNIT_STARTED:
            failed.pop(_short(unit), None)
        if entry.fields.get("PRIORITY") in {"0", "1", "2", "3"}:
            said[_complaint(entry)] = None
    kept = tuple(said)[:MOST]
    return Journal(count, kept, len(said) - len(kept), tuple(failed)[:MOST], unreadable)


def _complaint(entry: Entry) -> Complaint:
    fields = entry.fields
    program = fields.get("SYSLOG_IDENTIFIER") or fields.get("_COMM") or "unknown"
    return Complaint(
        priority=int(fields["PRIORITY"]),
        source=_short(program),
        unit=_short(fields.get("UNIT") or fields.get("_SYSTEMD_UNIT") or ""),
        message=_short(fields.get("MESSAGE", "")),
    )


def _short(text: str) -> str:
    return printable(text[:LINE])
