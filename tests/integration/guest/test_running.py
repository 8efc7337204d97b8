"""Guest programs: they run as the guest's root and never as the host's, and leave nothing behind."""

from __future__ import annotations

import os
import re
import time
from pathlib import Path
from typing import Any, Protocol

import pytest

from goldsmith.errors import BuildError
from goldsmith.guest.change import ABSENT, Change, Link, Plan, Remove, Seen, Write
from goldsmith.guest.guest import Guest
from goldsmith.guest.index import FileType

# An appliance answers within seconds, on a crowded host without KVM within minutes.
pytestmark = pytest.mark.timeout(400)
WHY: dict[str, Any] = {"operation": "test", "reason": "because"}
POLICY = "/usr/sbin/policy-rc.d"
RESOLVER = "/etc/resolv.conf"
BOOT_ID = "/proc/sys/kernel/random/boot_id"


class Runner(Protocol):
    guest: Guest
    folder: Path


def shell(runner: Runner, script: str, **how: Any) -> str:
    done = runner.guest.run(["sh", "-c", script], **how)
    assert done.returncode == 0, done.output
    return done.output.decode()


def apply(runner: Runner, *changes: Change) -> None:
    runner.guest.apply(Plan(changes))


def test_root_inside_is_not_root_outside(runner: Runner) -> None:
    """Either an unused uid of the host, or root of another machine."""
    assert shell(runner, "id -u") == "0\n"
    if runner.guest.engine == "mount":
        inside, outside, count = map(int, shell(runner, "cat /proc/self/uid_map").split())
        assert (inside, count) == (0, 65536)
        assert outside >= 0x80000
    else:
        assert shell(runner, f"cat {BOOT_ID}") != Path(BOOT_ID).read_text()


def test_what_a_program_writes_is_the_guests(runner: Runner) -> None:
    shell(runner, "umask 022; echo written >/t/by-program; mkdir -p /t/made/deep; touch /tmp/stays")
    index = runner.guest.index(("/t/by-program", "/t/made", "/tmp"))
    assert (index["/t/by-program"].uid, index["/t/by-program"].mode) == (0, 0o644)
    assert index["/t/made/deep"].is_directory
    assert index["/tmp/stays"].is_regular
    assert runner.guest.read("/t/by-program") == b"written\n"


def test_a_program_sees_what_was_applied_before(runner: Runner) -> None:
    apply(runner, Write(path="/t/applied", seen=ABSENT, content=b"content\n", mode=0o600, **WHY))
    assert shell(runner, "cat /t/applied") == "content\n"


def test_output_is_standard_output_and_error_as_they_came(runner: Runner) -> None:
    done = runner.guest.run(
        ["sh", "-c", "echo one; echo two >&2; echo three >/dev/stderr; echo four >/dev/stdout; exit 3"]
    )
    assert (done.output, done.returncode) == (b"one\ntwo\nthree\nfour\n", 3)


def test_a_program_that_is_not_there(runner: Runner) -> None:
    done = runner.guest.run(["no-such-program"])
    assert done.returncode == 127
    assert b"not found" in done.output


def test_standard_input_is_what_was_given_or_nothing(runner: Runner) -> None:
    content = bytes(range(256)) * 400
    assert runner.guest.run(["cat"], stdin=content).output == content
    assert runner.guest.run(["cat"]).output == b""


def test_the_environment_is_what_was_given_and_nothing_of_the_host(
    runner: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://user:password@example.org")
    value = "a 'quoted' \"value\"\nof two $LINES"
    said = shell(runner, 'echo "$GIVEN"; env', env={"GIVEN": value})
    assert said.startswith(value + "\n")
    assert "PROXY" not in said
    assert "HOME=/root\n" in said


def test_arguments_may_be_any_bytes(runner: Runner) -> None:
    word = os.fsdecode(b"\xff \n'\"$x")
    assert runner.guest.run(["sh", "-c", 'echo "$1"', "sh", word]).output == b"\xff \n'\"$x\n"


def test_files_are_shown_to_one_program_and_never_reach_the_disk(runner: Runner) -> None:
    secret = b"a-secret-that-must-not-stay-7f3a"
    said = shell(
        runner,
        "cat /run/secrets/token; ls -ln /run/secrets/token; ls -A /run/top",
        files={"secrets/token": secret, "top": b""},
    )
    assert said.startswith(secret.decode())
    assert re.search(r"-r--------\s+1 0 0 ", said)
    assert shell(runner, "ls -A /run/secrets 2>/dev/null || echo none") == "none\n"
    runner.guest.sync()
    assert secret not in (runner.folder / "overlay.qcow2").read_bytes()


@pytest.mark.parametrize("name", ["../etc/x", "a//b", "", "."])
def test_files_stay_below_run(runner: Runner, name: str) -> None:
    with pytest.raises(BuildError, match="cannot be named"):
        runner.guest.run(["true"], files={name: b""})


def test_without_the_network_there_is_only_the_loopback(runner: Runner) -> None:
    assert [line.split(":")[0].strip() for line in shell(runner, "cat /proc/net/dev").splitlines()[2:]] == ["lo"]


def test_a_program_that_does_not_end_is_ended(runner: Runner) -> None:
    started = time.monotonic()
    with pytest.raises(BuildError, match="sh in the guest did not end within 2 s"):
        runner.guest.run(["sh", "-c", "sleep 1000 & sleep 1000"], timeout=2)
    assert time.monotonic() - started < 60
    assert shell(runner, "echo on") == "on\n"


def test_what_a_program_left_running_ends_with_it(runner: Runner) -> None:
    shell(runner, "(while :; do echo x >>/t/grows; sleep 0.1; done) >/dev/null 2>&1 & sleep 0.5")
    before = runner.guest.read("/t/grows")
    time.sleep(0.5)
    assert before
    assert runner.guest.read("/t/grows") == before


def test_services_are_kept_from_starting_and_the_policy_goes_away(runner: Runner) -> None:
    assert shell(runner, f"{POLICY}; echo $?") == "101\n"
    assert POLICY not in runner.guest.index((POLICY,))


def test_a_policy_of_the_guests_own_stays_as_it_was(runner: Runner) -> None:
    apply(runner, Write(path=POLICY, seen=ABSENT, content=b"#!/bin/sh\nexit 0\n", mode=0o755, **WHY))
    before = runner.guest.index((POLICY,))[POLICY]
    assert shell(runner, f"{POLICY}; echo $?") == "101\n"
    assert runner.guest.index((POLICY,))[POLICY] == before
    assert runner.guest.read(POLICY) == b"#!/bin/sh\nexit 0\n"
    apply(runner, Remove(path=POLICY, seen=Seen(FileType.REGULAR), **WHY))


def test_devices_of_the_guest_lead_nowhere(runner: Runner) -> None:
    done = runner.guest.run(["cat", "/hostile/disk"])
    assert done.returncode != 0
    assert b"ermission denied" in done.output


def test_with_the_network_names_resolve_and_the_resolver_does_not_stay(runner: Runner) -> None:
    """The three states of resolv.conf: absent, a link into /run, a file."""
    interfaces = shell(runner, "cat /proc/net/dev", network=True)
    assert len(interfaces.splitlines()) > 3
    assert "nameserver" in shell(runner, f"cat {RESOLVER}", network=True)
    assert RESOLVER not in runner.guest.index((RESOLVER,))

    target = "../run/systemd/resolve/stub-resolv.conf"
    apply(runner, Link(path=RESOLVER, seen=ABSENT, target=target, **WHY))
    assert "nameserver" in shell(runner, f"cat {RESOLVER}", network=True)
    assert runner.guest.index((RESOLVER,))[RESOLVER].target == target

    apply(runner, Remove(path=RESOLVER, seen=Seen(FileType.SYMLINK), **WHY))
    apply(runner, Write(path=RESOLVER, seen=ABSENT, content=b"# the guest's own\n", **WHY))
    assert "nameserver" in shell(runner, f"cat {RESOLVER}", network=True)
    assert runner.guest.read(RESOLVER) == b"# the guest's own\n"
    apply(runner, Remove(path=RESOLVER, seen=Seen(FileType.REGULAR), **WHY))

    test_without_the_network_there_is_only_the_loopback(runner)


def test_trim_gives_blocks_back(runner: Runner) -> None:
    overlay = runner.folder / "overlay.qcow2"
    shell(runner, "head -c 20000000 /dev/urandom >/t/big")
    runner.guest.sync()
    used = overlay.stat().st_blocks
    shell(runner, "rm /t/big")
    runner.guest.trim()
    assert overlay.stat().st_blocks < used - 30_000


def test_a_full_file_system_is_one_clear_line_and_costs_nothing(runner: Runner) -> None:
    apply(runner, Write(path="/t/old", seen=ABSENT, content=b"old", **WHY))
    runner.guest.run(["sh", "-c", "cat /dev/zero >/t/fill"], timeout=120)
    try:
        for path, seen in (("/t/new", ABSENT), ("/t/old", Seen(FileType.REGULAR))):
            with pytest.raises(
                BuildError, match=f"cannot change {path} in the guest: its file system is full"
            ) as raised:
                apply(runner, Write(path=path, seen=seen, content=bytes(12 << 20), **WHY))
            assert raised.value.hint == "give the image a larger disk (disk: size:)"
        assert runner.guest.read("/t/old") == b"old"
        assert "/t/new" not in list(runner.guest.index(["/t"]))
    finally:
        apply(runner, Remove(path="/t/fill", seen=Seen(FileType.REGULAR), **WHY))
