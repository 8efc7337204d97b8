"""What a `keep` matches, and what the recipe declared."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.golden.trees import make, opened

from goldsmith.generalization.generalize import Keep, idle, look, plan, select
from goldsmith.guest.change import Kept


@pytest.mark.parametrize(
    ("pattern", "path", "matches"),
    [
        ("/a/b", "/a/b", True),
        ("/a/b/", "/a/b", True),
        ("/a/b", "/a/b/c/d", True),
        ("/a/b", "/a/bc", False),
        ("/a/*", "/a/b", True),
        ("/a/*.log", "/a/b/c.log", False),
        ("/a/**.log", "/a/b/c.log", True),
        ("/**/x", "/a/b/x", True),
        ("/a/?", "/a/b", True),
        ("/a/?", "/a//", False),
        ("/a/[bc]", "/a/c", True),
        ("/a/[!bc]", "/a/c", False),
        ("/a/[b", "/a/[b", True),
        ("/a/b.c", "/a/bxc", False),
        ("/a/*", "/a/two\nlines", True),
        ("/a/*", "/a/\udcff", True),
    ],
)
def test_keep(pattern: str, path: str, matches: bool) -> None:  # noqa: FBT001
    assert Keep(pattern, "").matches(path) is matches


def test_declared_paths_are_known_by_their_real_names(tmp_path: Path) -> None:
    make(tmp_path, "guest debian\nl /var/mail -> spool/mail\nf 0600 /var/spool/mail/root = 'x'\n")
    operations = select("mail-spool")
    with opened(tmp_path) as guest:
        planned = plan(look(guest, operations), operations, declared={"/var/mail/root"})
    assert planned.changes == ()
    assert planned.kept == (Kept("/var/spool/mail/root", "mail-spool", "declared by the recipe"),)


def test_a_directory_that_still_holds_something_stays(tmp_path: Path) -> None:
    make(tmp_path, "guest debian\nf 0644 /tmp/a/b/kept = 'x'\nf 0644 /tmp/a/c/gone = 'x'\n")
    operations = select("tmp-files")
    with opened(tmp_path) as guest:
        planned = plan(look(guest, operations), operations, keep=[Keep("/tmp/a/b/kept", "wanted")])
    assert [change.path for change in planned] == ["/tmp/a/c/gone", "/tmp/a/c"]


def test_a_keep_that_spares_nothing_is_told(tmp_path: Path) -> None:
    make(tmp_path, "guest debian\nf 0644 /tmp/a = 'x'\n")
    operations = select("tmp-files")
    used, unused = Keep("/tmp/*", "wanted"), Keep("/tpm/*", "mistyped")
    with opened(tmp_path) as guest:
        planned = plan(look(guest, operations), operations, keep=[used, unused])
    assert idle(planned, [used, unused]) == (unused,)
