"""Journals are read as journalctl reads them: of systemd 252 and 257, compact or not, with packed values."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from goldsmith.verification.gathering.journal import summarize
from goldsmith.verification.gathering.journal_file import JournalError, read_entries

pytestmark = [pytest.mark.process]

FIELDS = frozenset({"PRIORITY", "MESSAGE", "SYSLOG_IDENTIFIER", "UNIT"})
# systemd's export format, which systemd-journal-remote makes files of.
ENTRIES = [
    {"PRIORITY": "6", "MESSAGE": "fine", "SYSLOG_IDENTIFIER": "a"},
    {"PRIORITY": "3", "MESSAGE": "not fine", "SYSLOG_IDENTIFIER": "b", "UNIT": "b.service"},
    {"PRIORITY": "3", "MESSAGE": "x" * 5000, "SYSLOG_IDENTIFIER": "c"},
]


def export() -> bytes:
    lines = []
    for number, entry in enumerate(ENTRIES):
        lines += [f"__REALTIME_TIMESTAMP={1_790_000_000_000_000 + number}", f"__MONOTONIC_TIMESTAMP={number + 1}"]
        lines += ["_BOOT_ID=0123456789abcdef0123456789abcdef"]
        lines += [*(f"{name}={value}" for name, value in entry.items()), ""]
    return ("\n".join(lines) + "\n").encode()


@pytest.fixture(scope="module", params=["0", "1"], ids=["regular", "compact"])
def journal(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("journal") / "test.journal"
    source = path.with_name("export")
    source.write_bytes(export())
    subprocess.run(
        ["/lib/systemd/systemd-journal-remote", f"--output={path}", source],
        env={"SYSTEMD_JOURNAL_COMPACT": request.param},
        check=True, capture_output=True, timeout=60,
    )  # fmt: skip
    return path


def test_entries_are_those_of_journalctl(journal: Path) -> None:
    done = subprocess.run(
        ["journalctl", "--file", journal, "--output=json", "--all"], check=True, capture_output=True, timeout=60
    )
    wanted = [json.loads(line) for line in done.stdout.splitlines()]
    found = list(read_entries(journal.read_bytes(), FIELDS))
    assert [entry.realtime for entry in found] == [int(each["__REALTIME_TIMESTAMP"]) for each in wanted]
    assert [entry.boot for entry in found] == [each["_BOOT_ID"] for each in wanted]
    for entry, each in zip(found, wanted, strict=True):
        for name in FIELDS & each.keys():
            if len(each[name]) < 512:  # longer ones are packed
                assert entry.fields[name] == each[name]


def test_what_is_packed_is_told_by_its_length(journal: Path) -> None:
    *_, last = read_entries(journal.read_bytes(), FIELDS)
    assert last.fields["MESSAGE"].startswith("(a long message, ")
    assert summarize([last]).complaints[0].source == "c"


def test_damage_ends_in_an_error_or_in_fewer_entries(journal: Path) -> None:
    content = journal.read_bytes()
    for cut in (0, 7, 100, 207, 208, 300, 5000, len(content) // 2):
        try:
            list(read_entries(content[:cut], FIELDS))
        except JournalError:
            continue
    for at in range(8, 4096, 64):
        damaged = content[:at] + b"\xff" * 8 + content[at + 8 :]
        try:
            list(read_entries(damaged, FIELDS))
        except JournalError:
            continue
