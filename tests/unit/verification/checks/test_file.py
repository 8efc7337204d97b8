"""Files on a clone's disk, read from a plain directory that looks like one."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from goldsmith.guest.engines.tree import open_tree
from goldsmith.guest.guest import Guest
from goldsmith.recipe.check import FileCheck, TextWanted
from goldsmith.rules.check_result import CheckResult, Sight
from goldsmith.verification.check import look_at_disk


@pytest.fixture
def guest(tmp_path: Path) -> Iterator[Guest]:
    files = {
        "etc/os-release": "ID=debian\n",
        "etc/passwd": f"root:x:0:0::/:/bin/sh\nmine:x:{os.getuid()}:0::/:/bin/sh\nodd:x:{'9' * 20}:::\nshort\n",
        "etc/group": f"root:x:0:\nmine:x:{os.getgid()}:\n",
        "etc/motd": "welcome\nto web 1.0\n",
        "etc/secret": "hunter2\n",
        "usr/lib/data/file": "linked\n",
    }
    for name, text in files.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    (tmp_path / "etc/motd").chmod(0o644)
    (tmp_path / "lib").symlink_to("usr/lib")
    (tmp_path / "usr/lib/abs").symlink_to("/lib/data")
    (tmp_path / "etc/up").symlink_to("../lib/abs/file")
    (tmp_path / "etc/loop").symlink_to("loop")
    (tmp_path / "etc/outside").symlink_to("../../../../../../../etc/motd")
    (tmp_path / "etc/memory").symlink_to("/run/resolv.conf")
    (tmp_path / "etc/dangling").symlink_to("nowhere")
    (tmp_path / "etc/big").touch()
    os.truncate(tmp_path / "etc/big", (16 << 20) + 1)
    with open_tree(tmp_path, read_only=True) as opened:
        yield opened


def looked(guest: Guest, check: FileCheck) -> CheckResult:
    (result,) = look_at_disk(check, guest)
    assert (result.check, result.kind.value) == (check.path, "file")
    return result


@pytest.mark.parametrize(
    "check",
    [
        FileCheck("/etc/motd"),
        FileCheck("/etc"),
        FileCheck("/etc/motd", text=TextWanted(contains="web 1.0", matches=r"^to \w+")),
        FileCheck("/etc/motd", mode=0o644, owner="mine", group="mine"),
        FileCheck("/etc/motd", owner=os.getuid(), group=os.getgid()),
        FileCheck("/etc/nothing", absent=True),
        FileCheck("/etc/motd/below", absent=True),
        FileCheck("/etc/dangling", absent=True),
        FileCheck("/etc/loop", absent=True),
        FileCheck("/etc/up", text=TextWanted(contains="linked")),
        FileCheck("/lib/abs/file", text=TextWanted(contains="linked")),
        FileCheck("/etc/outside", text=TextWanted(contains="welcome")),
        FileCheck("/etc/big"),
    ],
)
def test_as_asked(guest: Guest, check: FileCheck) -> None:
    result = looked(guest, check)
    assert (result.sight, result.message) == (Sight.AS_ASKED, ""), result


@pytest.mark.parametrize(
    ("check", "message"),
    [
        (FileCheck("/etc/nothing"), "it does not exist"),
        (FileCheck("/etc/dangling"), "it does not exist"),
        (FileCheck("/etc/motd", absent=True), "it exists"),
        (FileCheck("/lib/abs", absent=True), "it exists"),
        (FileCheck("/etc/motd", text=TextWanted(contains="db")), "it does not contain it"),
        (FileCheck("/etc/motd", text=TextWanted(matches="^web")), "it does not match"),
        (
            FileCheck("/etc/motd", text=TextWanted("x", "y", "z")),
            "it is another text, it does not contain it, it does not match",
        ),
        (FileCheck("/etc", text=TextWanted(contains="x")), "it is a directory, which has no text"),
        (FileCheck("/etc/motd", mode=0o600), "its mode is 0644, not 0600"),
        (FileCheck("/etc/motd", owner="nobody"), f"its owner is {os.getuid()}, not nobody"),
        (FileCheck("/etc/motd", group=12345), f"its group is {os.getgid()}, not 12345"),
        (FileCheck("/etc/motd", owner="odd"), f"its owner is {os.getuid()}, not odd"),
    ],
)
def test_otherwise(guest: Guest, check: FileCheck, message: str) -> None:
    result = looked(guest, check)
    assert (result.sight, result.message) == (Sight.OTHERWISE, message)


@pytest.mark.parametrize(
    ("check", "message"),
    [
        (FileCheck("/etc/memory"), "it is a link to /run/resolv.conf, which is on no disk: use a command"),
        (FileCheck("/etc/memory", absent=True), "it is a link to /run/resolv.conf, which is on no disk: use a command"),
        (FileCheck("/etc/big", text=TextWanted(contains="x")), "it could not be read: "),
    ],
)
def test_what_cannot_be_seen_is_no_pass(guest: Guest, check: FileCheck, message: str) -> None:
    result = looked(guest, check)
    assert result.sight is Sight.NOT_SEEN
    assert result.message.startswith(message)


def test_no_content_gets_into_evidence(guest: Guest) -> None:
    for wanted in (TextWanted(contains="hunter"), TextWanted(contains="fox")):
        result = looked(guest, FileCheck("/etc/secret", text=wanted))
        assert "hunter2" not in repr(result)
