"""Preconditions and plans as data."""

from __future__ import annotations

from dataclasses import replace
from hashlib import sha256
from typing import Any

from goldsmith.guest.change import ABSENT, Link, MakeDirectory, Plan, Remove, Seen, Write
from goldsmith.guest.index import FileType

from .conftest import entry

WHY: dict[str, Any] = {"operation": "test", "reason": "because"}
FILE = replace(entry("/file", inode=7), digest="listed")


def test_nothing_there_is_seen_as_absent() -> None:
    assert Seen.of(None) == ABSENT == Seen(None, 0, None)


def test_an_entry_is_seen_by_type_inode_and_the_digest_it_was_listed_with() -> None:
    assert Seen.of(FILE) == Seen(FileType.REGULAR, 7, "listed")


def test_content_that_was_read_counts_more_than_a_listed_digest() -> None:
    assert Seen.of(FILE, b"") == Seen(FileType.REGULAR, 7, sha256().hexdigest())


def test_a_plan_counts_the_bytes_of_what_it_removes_only() -> None:
    plan = Plan(
        (
            Remove(path="/a", seen=ABSENT, bytes=5, **WHY),
            Write(path="/b", seen=ABSENT, content=b"", bytes=70, **WHY),
            Remove(path="/c", seen=ABSENT, bytes=6, **WHY),
            MakeDirectory(path="/d", seen=ABSENT, **WHY),
            Link(path="/e", seen=ABSENT, target="/a", **WHY),
        )
    )
    assert (plan.bytes, len(plan), [change.path for change in plan]) == (11, 5, ["/a", "/b", "/c", "/d", "/e"])
