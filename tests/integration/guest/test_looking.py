"""What every engine shows of a guest, and that nothing in it leads out of it."""

from __future__ import annotations

import os
from hashlib import sha256

import pytest

from goldsmith.errors import BuildError
from goldsmith.guest.guest import Guest
from goldsmith.guest.index import FileType

HOSTILE_NAMES = (b"new\nline", b"\xff\xfe", b"tab\tname", b"esc\x1b[31m", b" space ", "größe".encode(), b"-rf", b"*")


def test_an_index_of_a_root_has_its_parents_and_all_below(guest: Guest) -> None:
    index = guest.index(("/var/lib",))
    assert list(index) == [
        "/",
        "/var",
        "/var/lib",
        "/var/lib/cloud",
        "/var/lib/cloud/instance",
        "/var/lib/cloud/instances",
        "/var/lib/cloud/instances/i-1",
        "/var/lib/cloud/instances/i-1/user-data.txt",
    ]


def test_a_root_behind_an_absolute_link_brings_the_link_and_what_it_leads_to(guest: Guest) -> None:
    index = guest.index(("/var/lib/cloud/instance/user-data.txt",))
    assert index["/var/lib/cloud/instance"].target == "/var/lib/cloud/instances/i-1"
    assert index.resolve("/var/lib/cloud/instance/user-data.txt") == "/var/lib/cloud/instances/i-1/user-data.txt"


def test_an_absent_root_is_left_out(guest: Guest) -> None:
    assert list(guest.index(("/nothing/here", "/etc/hostname"))) == ["/", "/etc", "/etc/hostname"]


def test_directories_of_the_running_kernel_are_not_entered(guest: Guest) -> None:
    index = guest.index(("/", "/run/left-behind"))
    assert [path for path in index if path.startswith(("/proc", "/sys", "/dev", "/run"))] == [
        "/dev",
        "/proc",
        "/run",
        "/sys",
    ]


@pytest.mark.parametrize("name", HOSTILE_NAMES)
def test_any_name_is_listed_and_read(guest: Guest, name: bytes) -> None:
    path = "/hostile/" + os.fsdecode(name)
    assert guest.index((path,))[path].is_regular
    assert guest.read(path) == name


def test_an_entry_tells_type_mode_owner_size_inode_and_links(guest: Guest) -> None:
    index = guest.index(("/hostile",))
    expected = {
        "fifo": FileType.FIFO,
        "socket": FileType.SOCKET,
        "console": FileType.CHARACTER,
        "disk": FileType.BLOCK,
        "one": FileType.REGULAR,
        "loop": FileType.SYMLINK,
    }
    if os.geteuid() != 0:
        del expected["console"], expected["disk"]
    assert {name: index[f"/hostile/{name}"].type for name in expected} == expected
    one, two, setuid = (index[f"/hostile/{name}"] for name in ("one", "two", "setuid"))
    assert (one.inode, one.links) == (two.inode, 2)
    assert (setuid.mode, setuid.uid) == (0o4711, os.geteuid())
    assert index["/hostile/sparse"].size == 5 << 30


def test_link_targets_may_be_any_bytes(guest: Guest) -> None:
    path = os.fsdecode(b"/hostile/link\xff")
    assert guest.index((path,))[path].target == os.fsdecode(b"target\xff\n")


def test_extended_attributes_are_bytes(guest: Guest) -> None:
    index = guest.index(("/hostile",))
    assert dict(index["/hostile/attributes"].xattrs) == {"user.note": b"a\0b"}
    assert dict(index["/hostile/one"].xattrs) == {}


def test_digests_are_there_when_asked_for(guest: Guest) -> None:
    paths = ("/etc/hostname", "/hostile/empty", "/hostile/fifo")
    index = guest.index(paths, digests=True)
    assert index["/etc/hostname"].digest == sha256(b"guest\n").hexdigest()
    assert index["/hostile/empty"].digest == sha256().hexdigest()
    assert index["/hostile/fifo"].digest is None
    assert guest.index(paths)["/etc/hostname"].digest is None


def test_a_large_directory_is_listed_whole(guest: Guest) -> None:
    assert len(guest.index(("/many",)).children("/many")) == 3000


def test_a_deep_directory_is_listed_to_its_bottom(guest: Guest) -> None:
    index = guest.index(("/deep",))
    assert sum(1 for _ in index.below("/deep")) == 201


@pytest.mark.parametrize("name", ["absolute", "relative", "above", "up/etc/hostname", "etc/hostname"])
def test_every_link_stays_in_the_guest(guest: Guest, name: str) -> None:
    assert guest.read(f"/hostile/{name}") == b"guest\n"
    assert guest.index((f"/hostile/{name}",)).resolve(f"/hostile/{name}") == "/etc/hostname"


def test_dots_above_the_root_stay_in_the_guest(guest: Guest) -> None:
    assert guest.read("/../../../etc/hostname") == b"guest\n"


@pytest.mark.parametrize("name", ["dangling", "magic", "one/below", "nothing"])
def test_reading_what_is_not_there(guest: Guest, name: str) -> None:
    with pytest.raises((FileNotFoundError, BuildError)) as raised:
        guest.read(f"/hostile/{name}")
    assert raised.type is FileNotFoundError or name == "magic"


@pytest.mark.parametrize("name", ["loop", "ping"])
def test_reading_a_link_without_end(guest: Guest, name: str) -> None:
    with pytest.raises(BuildError, match="symbolic links"):
        guest.read(f"/hostile/{name}")
    assert guest.index((f"/hostile/{name}",)).resolve(f"/hostile/{name}") is None


@pytest.mark.parametrize("name", ["fifo", "socket", "up"])
def test_only_regular_files_are_read(guest: Guest, name: str) -> None:
    with pytest.raises(BuildError, match="not a regular file"):
        guest.read(f"/hostile/{name}")


def test_a_device_is_never_opened(guest: Guest) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root makes device nodes")
    for name in ("console", "disk"):
        with pytest.raises(BuildError, match="not a regular file"):
            guest.read(f"/hostile/{name}")


def test_a_file_longer_than_the_limit_is_not_read(guest: Guest) -> None:
    with pytest.raises(BuildError, match="5368709120 bytes are more than the limit of 1048576"):
        guest.read("/hostile/sparse")
    with pytest.raises(BuildError, match="6 bytes are more than the limit of 5"):
        guest.read("/etc/hostname", 5)
    assert guest.read("/etc/hostname", 6) == b"guest\n"


@pytest.mark.parametrize("path", ["etc/hostname", "", "/etc/\0hostname"])
def test_only_absolute_paths_are_paths(guest: Guest, path: str) -> None:
    with pytest.raises(BuildError, match="not an absolute guest path"):
        guest.read(path)
