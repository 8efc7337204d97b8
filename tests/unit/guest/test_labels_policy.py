"""Which policy a guest would load, read from its own files."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from goldsmith.errors import BuildError
from goldsmith.guest.engines.tree import TreeGuest, open_tree
from goldsmith.guest.index import FileType
from goldsmith.guest.labels import policy as module
from goldsmith.guest.labels.policy import read_policy

BASE = "etc/selinux/targeted/contexts/files/file_contexts"


@pytest.fixture
def top(tmp_path: Path) -> Path:
    write(tmp_path, "etc/selinux/config", "# words\nSELINUX=enforcing\nSELINUXTYPE=targeted\n")
    write(tmp_path, BASE, "/etc(/.*)? system_u:object_r:etc_t:s0\n")
    return tmp_path


@pytest.fixture
def guest(top: Path) -> Iterator[TreeGuest]:
    with open_tree(top, read_only=True) as opened:
        yield opened


def write(top: Path, name: str, text: str) -> None:
    path = top / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def label(guest: TreeGuest, path: str) -> object:
    policy = read_policy(guest)
    return policy.label(path, FileType.REGULAR) if policy is not None else None


def test_all_files_of_the_policy_count(top: Path, guest: TreeGuest) -> None:
    write(top, f"{BASE}.homedirs", "/home/[^/]+/.+ u:object_r:user_home_t:s0\n")
    write(top, f"{BASE}.local", "/etc/mine system_u:object_r:mine_t:s0\n")
    write(top, f"{BASE}.subs", "/own /etc\n")
    write(top, f"{BASE}.subs_dist", "/lib /etc\n")
    write(top, "etc/selinux/targeted/contexts/customizable_types", "httpd_user_content_t\nswapfile_t\n")
    assert [label(guest, path) for path in ("/etc/x", "/home/u/x", "/own/mine", "/lib/x")] == [
        "system_u:object_r:etc_t:s0",
        "u:object_r:user_home_t:s0",
        "system_u:object_r:mine_t:s0",
        "system_u:object_r:etc_t:s0",
    ]
    policy = read_policy(guest)
    assert policy is not None
    assert (policy.name, policy.customizable) == ("targeted", frozenset({"httpd_user_content_t", "swapfile_t"}))


@pytest.mark.parametrize(
    "config",
    [
        "SELINUX=disabled\nSELINUXTYPE=targeted\n",
        "SELINUXTYPE=targeted\n",
        "SELINUX=enforcing\nSELINUXTYPE=other\n",
        "SELINUX=enforcing\nSELINUXTYPE=../../srv\n",
        "SELINUX=enforcing\nSELINUXTYPE=.\n",
        "SELINUX=enforcing\nSELINUXTYPE=a/b\n",
        "",
    ],
)
def test_no_policy(top: Path, guest: TreeGuest, config: str) -> None:
    write(top, "etc/selinux/config", config)
    write(top, "srv/contexts/files/file_contexts", "/.* u:r:t:s0\n")
    assert read_policy(guest) is None


@pytest.mark.parametrize("config", ["SELINUX=Permissive\n", "SELINUX=enforcing\nSELINUXTYPE = targeted\n"])
def test_targeted_is_the_name_where_there_is_none(top: Path, guest: TreeGuest, config: str) -> None:
    write(top, "etc/selinux/config", config)
    assert label(guest, "/etc/x") == "system_u:object_r:etc_t:s0"


def test_no_configuration_no_policy(top: Path, guest: TreeGuest) -> None:
    (top / "etc/selinux/config").unlink()
    assert read_policy(guest) is None


def test_a_policy_larger_than_any_is_refused(guest: TreeGuest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LIMIT", 10)
    with pytest.raises(BuildError, match="file_contexts in the guest: 38 bytes are more than the limit of 10"):
        read_policy(guest)


def test_a_link_out_of_the_guest_leads_nowhere(top: Path, guest: TreeGuest) -> None:
    (top / BASE).unlink()
    (top / BASE).symlink_to("/../../../../../etc/selinux/default/contexts/files/file_contexts")
    assert read_policy(guest) is None
