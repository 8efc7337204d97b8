"""Which line of a policy gives a path its label."""

from __future__ import annotations

import os

import pytest

from goldsmith.guest.index import FileType
from goldsmith.guest.labels.file_contexts import MAX_COMPETING, MAX_LINES, FileContexts, NoLabel

BASE = rb"""
# a comment
/.*                     system_u:object_r:default_t:s0
/etc(/.*)?              system_u:object_r:etc_t:s0
/etc/exact          --  system_u:object_r:exact_t:s0
/etc/ex.*               system_u:object_r:later_t:s0
/dev/log            -s  system_u:object_r:log_t:s0
/run/.*                 <<none>>
/usr/bin/[^/]+      --  system_u:object_r:bin_t:s0
/usr/lib(/.*)?          system_u:object_r:lib_t:s0
/srv/look(?=ahead)      system_u:object_r:odd_t:s0
"""
HOMES = b"/home/[^/]+/.+\tuser_u:object_r:user_home_t:s0\n"
LOCAL = b"/etc/mine.*  system_u:object_r:mine_t:s0\n"
SUBSTITUTIONS = b"/opt/own /usr\n"
DISTRIBUTION = b"# words\n/bin /usr/bin\n/lib64 /usr/lib\n/lib64/special /etc\n/rooted /\n"


@pytest.fixture(scope="module")
def contexts() -> FileContexts:
    return FileContexts([BASE, HOMES, LOCAL], substitutions=SUBSTITUTIONS, distribution_substitutions=DISTRIBUTION)


def kind_of(contexts: FileContexts, path: str, kind: FileType = FileType.REGULAR) -> str | NoLabel:
    """The type of a path's label."""
    found = contexts.context(path, kind)
    return found if isinstance(found, NoLabel) else found.split(":")[2]


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/", "default_t"),
        ("/etc", "etc_t"),
        ("/etcetera", "default_t"),
        ("/etc/x/y", "etc_t"),
        ("/etc/exact", "exact_t"),
        ("/etc/exotic", "later_t"),
        ("/etc/mine", "mine_t"),
        ("/home/u/.profile", "user_home_t"),
        ("/home/u", "default_t"),
        ("/bin/sh", "bin_t"),
        ("/binary", "default_t"),
        ("/lib64/libc.so.6", "lib_t"),
        ("/lib64/special/x", "etc_t"),
        ("/opt/own/bin/x", "bin_t"),
        ("/rooted/etc/x", "etc_t"),
        ("/rooted", "default_t"),
    ],
)
def test_the_last_line_that_matches_wins_and_exact_lines_over_all(contexts: FileContexts, path: str, kind: str) -> None:
    assert kind_of(contexts, path) == kind


def test_a_line_is_for_its_type_of_file(contexts: FileContexts) -> None:
    assert kind_of(contexts, "/dev/log", FileType.SOCKET) == "log_t"
    assert kind_of(contexts, "/dev/log") == "default_t"
    assert kind_of(contexts, "/etc/exact", FileType.DIRECTORY) == "later_t"
    assert kind_of(contexts, "/usr/bin/x", FileType.SYMLINK) == "default_t"


def test_a_policy_may_give_no_label(contexts: FileContexts) -> None:
    assert kind_of(contexts, "/run/x") is NoLabel.NONE
    assert FileContexts([b""]).context("/x", FileType.REGULAR) is NoLabel.NONE


def test_a_line_that_cannot_be_read_leaves_its_own_paths_undecided(contexts: FileContexts) -> None:
    assert contexts.ignored == 1
    assert kind_of(contexts, "/srv/lookout") is NoLabel.UNDECIDED
    assert kind_of(contexts, "/srv/other") == "default_t"


@pytest.mark.parametrize(
    "line", [b"/a", b"/a -x u:r:t:s0", b"/a -- nonsense", b"/\xc3\xa9 u:r:t:s0", b"/a(b u:r:t:s0", b"/a\\ u:r:t:s0"]
)
def test_lines_without_a_meaning_are_counted(line: bytes) -> None:
    assert FileContexts([line + b"\n/b u:r:t:s0\n"]).ignored == 1


def test_names_that_are_no_text_have_labels(contexts: FileContexts) -> None:
    assert kind_of(contexts, os.fsdecode(b"/etc/\xff\xfe")) == "etc_t"
    assert kind_of(contexts, "/etc/new\nline") == "etc_t"


def test_more_lines_than_any_policy_has_decide_nothing() -> None:
    contexts = FileContexts([b"\n" * MAX_LINES + b"/a.* u:r:t:s0\n"])
    assert contexts.ignored == 1
    assert contexts.context("/a1", FileType.REGULAR) is NoLabel.UNDECIDED


def test_more_lines_for_one_path_than_any_policy_has_decide_nothing() -> None:
    contexts = FileContexts([b"/a.* u:r:t:s0\n" * (MAX_COMPETING + 1)])
    assert contexts.context("/a1", FileType.REGULAR) is NoLabel.UNDECIDED
    assert contexts.context("/b", FileType.REGULAR) is NoLabel.NONE
