"""When a change no longer fits what is there: one meaning for every engine."""

from __future__ import annotations

from hashlib import sha256
from typing import Any

import pytest

from goldsmith.errors import ConflictError
from goldsmith.guest.change import ABSENT, Remove, Seen
from goldsmith.guest.index import Entry, FileType
from goldsmith.guest.worker.preconditions import check

from .conftest import entry

WHY: dict[str, Any] = {"operation": "ssh-hostkeys", "reason": "because"}
FILE = entry("/file", inode=7)
LINK = entry("/file", "target", inode=7)
DIGEST = sha256(b"content").hexdigest()


def unasked() -> str:
    pytest.fail("the content was read though nothing depends on it")


def checked(seen: Seen, before: Entry | None, digest: str | None = None) -> None:
    check(Remove(path="/file", seen=seen, **WHY), before, unasked if digest is None else lambda: digest)


@pytest.mark.parametrize(
    ("seen", "before"),
    [
        (ABSENT, None),
        (Seen(FileType.REGULAR, 7), FILE),
        (Seen(FileType.REGULAR), FILE),
        (Seen(FileType.SYMLINK, 7), LINK),
        # Only a regular file has content to compare.
        (Seen(FileType.SYMLINK, 7, DIGEST), LINK),
    ],
)
def test_what_was_seen_is_there(seen: Seen, before: Entry | None) -> None:
    checked(seen, before)


def test_content_that_was_seen_is_there() -> None:
    checked(Seen(FileType.REGULAR, 7, DIGEST), FILE, DIGEST)


@pytest.mark.parametrize(
    ("seen", "before", "why"),
    [
        (Seen(FileType.REGULAR, 7), None, "the regular that was seen there is gone"),
        (ABSENT, FILE, "nothing was seen there, now a regular is"),
        (Seen(FileType.REGULAR, 7), LINK, "a regular was seen there, now a symlink is"),
        (Seen(FileType.DIRECTORY), FILE, "a directory was seen there, now a regular is"),
        (Seen(FileType.REGULAR, 8), FILE, "another regular has taken its place"),
        (Seen(FileType.REGULAR, 8, DIGEST), FILE, "another regular has taken its place"),
    ],
)
def test_what_was_seen_is_no_longer_there(seen: Seen, before: Entry | None, why: str) -> None:
    with pytest.raises(ConflictError) as raised:
        checked(seen, before)
    assert (raised.value.message, raised.value.hint) == (
        f"ssh-hostkeys cannot change /file in the guest: {why}",
        "the guest changed between planning and applying: plan again",
    )


@pytest.mark.parametrize("inode", [0, 7])
def test_other_content_is_a_conflict(inode: int) -> None:
    with pytest.raises(ConflictError, match="its content is not what was seen"):
        checked(Seen(FileType.REGULAR, inode, DIGEST), FILE, sha256(b"other").hexdigest())


def test_a_conflict_shows_no_control_characters() -> None:
    with pytest.raises(ConflictError) as raised:
        check(Remove(path="/\x1b[2J\udcff", seen=Seen(FileType.FIFO), **WHY), None, unasked)
    assert "/\\x1b[2J\\xff in the guest" in raised.value.message
