"""Which engine is taken, and why: the host's kernel reads only file systems whose origin is known."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from goldsmith.base.trust import Trust, TrustLevel
from goldsmith.errors import HostError, InputError
from goldsmith.guest import open as opening
from goldsmith.guest.engines.engine import EngineStatus
from goldsmith.guest.open import choose_engine, engines, open_guest

Host = Callable[..., None]
KNOWN = Trust(TrustLevel.PINNED)
UNKNOWN = Trust(TrustLevel.TLS)
WORKS = EngineStatus(usable=True, why="it works")
APPLIANCE = "an appliance keeps the guest's file system away from this host's kernel"


def broken(name: str) -> EngineStatus:
    return EngineStatus(usable=False, why=f"{name} is not there", hint=f"install {name}")


@pytest.fixture
def host(monkeypatch: pytest.MonkeyPatch) -> Host:
    """Makes this a host on which these engines work, and this user root or not."""

    def become(*, root: bool = True, mount: bool = True, guestfs: bool = True) -> None:
        statuses = {
            "tree": WORKS,
            "mount": WORKS if mount else broken("mount"),
            "guestfs": WORKS if guestfs else broken("guestfs"),
        }
        monkeypatch.setattr(opening, "engines", lambda: statuses)
        monkeypatch.setattr(os, "geteuid", lambda: 0 if root else 1000)

    return become


@pytest.mark.parametrize(
    ("level", "engine"),
    [
        (TrustLevel.SIGNED, "mount"),
        (TrustLevel.PINNED, "mount"),
        (TrustLevel.BOOTSTRAPPED, "mount"),
        (TrustLevel.TLS, "guestfs"),
        (TrustLevel.NONE, "guestfs"),
    ],
)
def test_root_mounts_what_is_of_known_origin(host: Host, level: TrustLevel, engine: str) -> None:
    host()
    why = f"root, and the base is {level.value}" if engine == "mount" else APPLIANCE
    assert choose_engine(None, Trust(level)) == (engine, why)


def test_a_disk_of_which_nothing_is_known_goes_to_an_appliance(host: Host) -> None:
    host()
    assert choose_engine(None, None) == ("guestfs", APPLIANCE)


def test_a_plain_user_never_mounts_by_default(host: Host) -> None:
    host(root=False)
    assert choose_engine(None, KNOWN) == ("guestfs", APPLIANCE)


def test_an_appliance_serves_where_mounting_does_not_work(host: Host) -> None:
    host(mount=False)
    assert choose_engine(None, KNOWN) == ("guestfs", APPLIANCE)


def test_mount_is_not_taken_for_an_unknown_origin_even_where_it_is_all_there_is(host: Host) -> None:
    host(guestfs=False)
    with pytest.raises(HostError) as raised:
        choose_engine(None, UNKNOWN)
    assert (raised.value.message, raised.value.hint) == (
        "the engine guestfs does not work here (guestfs is not there), and the origin of the guest is unknown",
        "install guestfs; or say --engine mount if you trust the image",
    )


@pytest.mark.parametrize("trust", [KNOWN, UNKNOWN, None])
def test_no_engine_at_all(host: Host, trust: Trust | None) -> None:
    host(mount=False, guestfs=False)
    with pytest.raises(HostError) as raised:
        choose_engine(None, trust)
    assert (raised.value.message, raised.value.hint) == (
        "no engine works here: guestfs: guestfs is not there; mount: mount is not there",
        "install guestfs",
    )


@pytest.mark.parametrize(
    ("name", "trust", "why"),
    [
        ("mount", KNOWN, "as asked for"),
        ("mount", UNKNOWN, "as asked for: this host's kernel reads a file system whose origin is unknown"),
        ("mount", None, "as asked for: this host's kernel reads a file system whose origin is unknown"),
        ("guestfs", KNOWN, "as asked for"),
        ("guestfs", None, "as asked for"),
    ],
)
def test_an_engine_that_is_asked_for(host: Host, name: str, trust: Trust | None, why: str) -> None:
    host()
    assert choose_engine(name, trust) == (name, why)


@pytest.mark.parametrize("name", ["mount", "guestfs"])
def test_an_engine_that_is_asked_for_and_does_not_work(host: Host, name: str) -> None:
    host(mount=False, guestfs=False)
    with pytest.raises(HostError) as raised:
        choose_engine(name, KNOWN)
    assert (raised.value.message, raised.value.hint) == (
        f"the engine {name} does not work here: {name} is not there",
        f"install {name}",
    )


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("tree", "the engine tree opens a directory, not a disk"),
        ("nbd", "the engine nbd opens nothing: engines are mount, guestfs"),
        ("", "the engine  opens nothing: engines are mount, guestfs"),
    ],
)
def test_an_engine_that_opens_no_disk(host: Host, name: str, message: str) -> None:
    host()
    with pytest.raises(InputError) as raised:
        choose_engine(name, KNOWN)
    assert (raised.value.message, raised.value.hint) == (message, "--engine mount or guestfs")


@pytest.mark.parametrize("name", [None, "tree"])
def test_a_directory_needs_nothing(host: Host, name: str | None) -> None:
    host(root=False, mount=False, guestfs=False)
    assert choose_engine(name, None, tree=True) == ("tree", "it is a directory")


def test_no_other_engine_opens_a_directory(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="the engine mount opens a disk, not a directory"):
        choose_engine("mount", KNOWN, tree=True)
    with (
        pytest.raises(InputError, match="the engine mount does not open a directory"),
        open_guest(tmp_path, engine="mount", scratch=tmp_path),
    ):
        pytest.fail("it was opened")


def test_this_hosts_engines_tell_what_is_missing() -> None:
    found = engines()
    assert list(found) == ["tree", "mount", "guestfs"]
    for status in found.values():
        assert status.why
        assert status.usable == (status.hint is None)
