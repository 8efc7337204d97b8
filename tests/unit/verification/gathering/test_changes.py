"""What a boot changed is told, but for what is declared to differ."""

from __future__ import annotations

import os
from hashlib import sha256
from pathlib import Path

from tests.unit.verification.gathering.conftest import opened

from goldsmith.guest.index import Index
from goldsmith.verification.gathering.changes import changes

BEFORE = {
    "etc/motd": "hello\n",
    "etc/gone": "",
    "etc/same": "as it was",
    "etc/machine-id": "",
    "home/.keep": "",
    "etc/link": "->motd",
    "etc/shadow": "root:*:19000:0:99999:7:::\n",
}


def sealed(root: Path) -> Index:
    with opened(root, BEFORE) as tree:
        return tree.index


def test_all_that_is_not_as_it_was_is_told_and_nothing_else(root: Path) -> None:
    before = sealed(root)
    (root / "etc/motd").write_text("changed\n")
    (root / "etc/gone").unlink()
    (root / "etc/machine-id").write_text("0123456789abcdef0123456789abcdef\n")
    (root / "home/debian").mkdir(mode=0o750)
    (root / "etc/link").unlink()
    (root / "etc/link").symlink_to("/etc/issue")
    with opened(root, {}) as tree:
        found = changes(tree.guest, before)
    assert found is not None
    states = {each.path: each.state for each in found}
    assert states.keys() == {"/etc/motd", "/etc/gone", "/home/debian", "/etc/link"}
    assert states["/etc/gone"] == "removed"
    assert states["/etc/link"] == "symlink to /etc/issue"
    assert states["/etc/motd"].startswith("regular 0644 ")
    assert states["/etc/motd"].endswith(sha256(b"changed\n").hexdigest()[:16])
    assert states["/home/debian"].startswith("directory 0750 ")


def test_the_day_of_a_password_does_not_count(root: Path) -> None:
    before = sealed(root)

    def after(day: int, name: str) -> str:
        (root / "etc/shadow").write_text(f"root:*:19000:0:99999:7:::\n{name}:!:{day}:0:99999:7:::\n")
        with opened(root, {}) as tree:
            found = changes(tree.guest, before)
        assert found is not None
        (only,) = found
        return only.state

    assert after(20000, "debian") == after(20001, "debian")
    assert after(20000, "debian") != after(20000, "other")


def test_a_recipe_may_declare_more(root: Path) -> None:
    before = sealed(root)
    (root / "etc/motd").write_text("changed\n")
    with opened(root, {}) as tree:
        assert changes(tree.guest, before, ("/etc/m*",)) == ()


def test_a_boot_that_rewrites_everything_is_not_compared(root: Path) -> None:
    before = sealed(root)
    with opened(root, {f"srv/{number}": "" for number in range(5001)}) as tree:
        assert changes(tree.guest, before) is None


def test_a_file_without_end_is_told_by_its_length(root: Path) -> None:
    before = sealed(root)
    with opened(root, {"srv/huge": b""}):
        os.truncate(root / "srv/huge", 1 << 40)
    with opened(root, {}) as tree:
        found = changes(tree.guest, before)
    assert found is not None
    assert next(each.state for each in found if each.path == "/srv/huge").endswith(f"{1 << 40} bytes")
