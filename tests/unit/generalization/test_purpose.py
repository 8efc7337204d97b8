"""What programs of a build put where only a purpose puts things, and what generalizing then spares."""

from __future__ import annotations

import os
from pathlib import Path

from tests.golden.trees import make, opened

from goldsmith.generalization.generalize import generalize, select
from goldsmith.generalization.purpose import Purpose, purpose_of
from goldsmith.generalization.select import sparing_users

BASE = """\
guest rocky
f 0644 /etc/passwd = "root:x:0:0::/root:/bin/sh\\nold:x:1000:1000::/home/old:/bin/sh\\n"
f 0600 /root/.ssh/authorized_keys = "ssh-ed25519 base\\n"
f 0600 /etc/NetworkManager/system-connections/base.nmconnection = "[connection]\\n"
d 0700 /var/spool/cron
"""
PASSWD = """\
root:x:0:0::/root:/bin/sh
old:x:1000:1000::/home/old:/bin/sh
new:x:1001:1001::/home/new:/bin/sh
daemon:x:200:200::/:/bin/sh
"""


def look(top: Path) -> Purpose:
    with opened(top) as guest:
        return purpose_of(guest)


def steps(top: Path) -> Purpose:
    """What programs of a build do, and what of it is the recipe's own."""
    make(top, BASE)
    before = look(top)
    (top / "etc/passwd").write_text(PASSWD)
    for path, text in {
        "home/new/.ssh/authorized_keys": "ssh-ed25519 new\n",
        "home/new/.ssh/known_hosts": "example.org ssh-ed25519 x\n",
        "home/new/.bash_history": "passwd\n",
        "var/spool/cron/root": "@daily true\n",
        "etc/NetworkManager/system-connections/lab": "[connection]\n",
    }.items():
        (top / path).parent.mkdir(parents=True, exist_ok=True)
        (top / path).write_text(text)
    return look(top).since(before)


def test_what_is_new_in_the_places_of_a_purpose_is_the_recipes_own(tmp_path: Path) -> None:
    meant = steps(tmp_path)
    assert sorted(meant.paths) == [
        "/etc/NetworkManager/system-connections/lab",
        "/home/new/.ssh/authorized_keys",
        "/var/spool/cron/root",
    ]
    assert meant.people == {"new"}


def test_generalizing_spares_it_and_nothing_else(tmp_path: Path) -> None:
    meant = steps(tmp_path)
    operations = sparing_users(select("defaults,user-account"), meant.people)
    with opened(tmp_path) as guest:
        generalize(guest, operations, declared=meant.paths)
    left = sorted(str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file())
    assert [path for path in left if path.startswith(("home", "root", "var/spool", "etc/NetworkManager"))] == [
        "etc/NetworkManager/system-connections/lab",
        "home/new/.ssh/authorized_keys",
        "var/spool/cron/root",
    ]
    assert "new:" in (tmp_path / "etc/passwd").read_text()
    assert "old:" not in (tmp_path / "etc/passwd").read_text()


def test_what_was_there_before_counts_once_it_is_changed(tmp_path: Path) -> None:
    make(tmp_path, BASE)
    before = look(tmp_path)
    assert look(tmp_path).since(before) == Purpose()
    keys = tmp_path / "root/.ssh/authorized_keys"
    keys.write_text("ssh-ed25519 other\n")
    os.utime(keys, ns=(1, 1))
    assert look(tmp_path).since(before).paths == {"/root/.ssh/authorized_keys"}
