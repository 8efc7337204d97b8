"""Homes, from a passwd that may be anything."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.golden.trees import make, opened

from goldsmith.generalization.generalize import look, select
from goldsmith.generalization.homes import homes_in_passwd


@pytest.mark.parametrize(
    ("line", "homes"),
    [
        (b"u:x:1:1::/home/u:/bin/sh", ("/root", "/home/u")),
        (b"u:x:1:1::/home//u/:/bin/sh", ("/root", "/home/u")),
        (b"root:x:0:0::/root:/bin/sh", ("/root",)),
        (b"u:x:1:1::/home/../etc:/bin/sh", ("/root",)),
        (b"u:x:1:1::home/u:/bin/sh", ("/root",)),
        (b"u:x:1:1::/home/\x1b[2J:/bin/sh", ("/root",)),
        (b":x:1:1::/home/u:/bin/sh", ("/root",)),
        (b"u:/home/u", ("/root",)),
        (b"\xff\xfe:x:1:1::/home/\xff:/bin/sh", ("/root", "/home/\udcff")),
        (b"+::::::", ("/root",)),
        (b"u:x:1:1::/" + b"a" * 5000 + b":/bin/sh", ("/root",)),
        (b"", ("/root",)),
    ],
)
def test_homes_in_passwd(line: bytes, homes: tuple[str, ...]) -> None:
    assert homes_in_passwd(line + b"\n") == homes


def passwd(*homes: str) -> str:
    lines = "".join(f"u{number}:x:{number}:{number}::{home}:/bin/sh\n" for number, home in enumerate(homes))
    return f"guest debian\nf 0644 /etc/passwd = {lines!a}\n"


def homes(top: Path, text: str) -> tuple[str, ...]:
    make(top, text)
    with opened(top) as guest:
        return look(guest, select("bash-history")).homes


def test_homes_are_canonical_and_those_without_an_account_are_found(tmp_path: Path) -> None:
    text = "l /home -> var/home\nd 0700 /var/home/u\nd 0700 /var/home/old\nd 0700 /root\nl /srv/app -> /data/app\n"
    found = homes(tmp_path, passwd("/home/u", "/srv/app") + text + "d 0755 /data/app\n")
    assert found == ("/data/app", "/root", "/var/home/old", "/var/home/u")


def test_places_of_the_system_are_no_homes(tmp_path: Path) -> None:
    text = "d 0755 /usr/bin\nl /bin -> usr/bin\nd 0755 /var/www\nl /home/evil -> /etc\nf 0644 /home/file = ''\n"
    found = homes(tmp_path, passwd("/", "/bin", "/etc", "/var", "/home/evil", "/home/file", "/gone", "/var/www") + text)
    assert found == ("/var/www",)


def test_a_guest_without_passwd_has_roots_home(tmp_path: Path) -> None:
    assert homes(tmp_path, "guest debian\nd 0700 /root\n") == ("/root",)


def test_a_passwd_that_is_no_file_is_ignored(tmp_path: Path) -> None:
    assert homes(tmp_path, "guest debian\nd 0700 /root\np 0644 /etc/passwd\n") == ("/root",)
