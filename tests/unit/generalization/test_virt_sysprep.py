"""The real virt-sysprep: what it is told, what its doing looks like in a report, and what it must not touch."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from tests.golden.trees import make

from goldsmith.disk.disk import Disk, DiskFormat
from goldsmith.errors import BuildError, InputError
from goldsmith.generalization.report import plan_as_json
from goldsmith.generalization.sparing import Keep
from goldsmith.generalization.virt_sysprep import (
    NEVER,
    Before,
    Wish,
    argv,
    changes,
    environment,
    installed_operations,
    performed,
    require_kept,
    translate,
)
from goldsmith.guest.engines.tree import open_tree
from goldsmith.guest.index import Index

# As virt-sysprep 1.48 prints it: a blank stands where a star would.
LISTING = """\
bash-history * Remove the bash history in the guest
customize * Customize the guest
firewall-rules   Remove the firewall rules
fs-uuids   Change filesystem UUIDs
lvm-uuids * Change LVM2 PV and VG UUIDs
machine-id * Remove the local machine ID
script * Run arbitrary scripts against the guest
ssh-hostkeys * Remove the SSH host keys in the guest
user-account   Remove the user accounts in the guest
"""
INSTALLED = installed_operations(LISTING)
DISK = Disk(Path("/images/vm 1.qcow2"), DiskFormat.QCOW2, 1 << 30)


def test_the_listing_says_what_there_is_and_what_is_a_default() -> None:
    assert [name for name, default in INSTALLED.items() if not default] == [
        "firewall-rules",
        "fs-uuids",
        "user-account",
    ]
    assert len(INSTALLED) == 9


@pytest.mark.parametrize("listing", ["", "usage: virt-sysprep\n"])
def test_what_is_no_listing_is_refused(listing: str) -> None:
    with pytest.raises(BuildError, match="does not list its operations"):
        installed_operations(listing)


@pytest.mark.parametrize(
    ("expression", "operations"),
    [
        ("defaults", "bash-history lvm-uuids machine-id ssh-hostkeys"),
        ("defaults,-ssh-hostkeys", "bash-history lvm-uuids machine-id"),
        ("defaults, user-account", "bash-history lvm-uuids machine-id ssh-hostkeys user-account"),
        ("all", "bash-history firewall-rules lvm-uuids machine-id ssh-hostkeys user-account"),
        ("all,-defaults", "firewall-rules user-account"),
        ("customize,machine-id,script", "machine-id"),
        # Only goldsmith has cloud-init; this version lacks zsh-history.
        ("cloud-init,zsh-history,bash-history,-host-ids", "bash-history"),
    ],
)
def test_a_list_means_what_it_means_to_virt_sysprep(expression: str, operations: str) -> None:
    assert translate(expression, INSTALLED) == tuple(operations.split())


@pytest.mark.parametrize("expression", ["all", "defaults", "customize,machine-id", "fs-uuids,machine-id"])
def test_customize_is_never_among_them(expression: str) -> None:
    assert not NEVER & set(translate(expression, INSTALLED))


def test_a_list_of_which_nothing_remains_is_refused() -> None:
    with pytest.raises(InputError, match="selects nothing that the installed virt-sysprep can do"):
        translate("cloud-init,customize", INSTALLED)


def test_the_command_line_states_format_and_operations() -> None:
    assert argv(DISK, ["machine-id", "utmp"], Wish()) == [
        "virt-sysprep",
        "--operations=machine-id,utmp",
        "--format=qcow2",
        "--add",
        "/images/vm 1.qcow2",
    ]
    told = argv(DISK, ["user-account"], Wish(keep_user_accounts=("a,b",), remove_user_accounts=("c",)))
    assert told[2:4] == ["--keep-user-accounts=a,b", "--remove-user-accounts=c"]
    assert len(argv(DISK, ["utmp"], Wish(keep_user_accounts=("a,b",)))) == 5


def test_without_a_proven_kvm_its_appliance_is_emulated() -> None:
    assert environment(tmp="/t", cache="/c", accelerated=False) == {
        "LIBGUESTFS_BACKEND": "direct",
        "LIBGUESTFS_BACKEND_SETTINGS": "force_tcg",
        "LIBGUESTFS_CACHEDIR": "/c",
        "TMPDIR": "/t",
    }
    assert "LIBGUESTFS_BACKEND_SETTINGS" not in environment(tmp="/t", cache="/c", accelerated=True)


def test_progress_is_what_it_prints() -> None:
    log = b'[   0.0] Examining the guest ...\n[  13.2] Performing "abrt-data" ...\n[  13.3] Performing "utmp" ...\n'
    assert performed(log) == ["abrt-data", "utmp"]


BEFORE = """
guest debian
f 0444 /etc/machine-id = '0123456789abcdef0123456789abcdef\\n'
f 0644 /etc/hostname = 'a'
f 0600 /etc/mode = 'x'
d 0700 /root/.ssh
f 0600 /root/.ssh/authorized_keys = 'ssh-ed25519 A\\n'
l /etc/link -> a
f 0644 /etc/becomes-a-folder = 'x'
d 0755 /stays
d 0755 /var/log
d 0700 /root
"""
AFTER = """
guest debian
f 0444 /etc/machine-id = ''
f 0644 /etc/hostname = 'a'
f 0640 /etc/mode = 'x'
l /etc/link -> b
d 0755 /etc/becomes-a-folder
f 0600 /var/log/account/pacct = ''
d 0755 /stays
d 0755 /var/log
d 0700 /root
"""


@pytest.fixture
def trees(tmp_path: Path) -> tuple[Index, Index, Path]:
    """The listing before and after, times equal where nothing was done, and the tree afterwards."""
    made = []
    for name, text in (("before", BEFORE), ("after", AFTER)):
        top = tmp_path / name
        top.mkdir()
        make(top, text)
        for path in top.rglob("*"):
            os.utime(path, (1, 1), follow_symlinks=False)
        with open_tree(top) as guest:
            made.append(guest.index())
    return made[0], made[1], tmp_path / "after"


def test_what_it_did_is_reported_as_a_plan(trees: tuple[Index, Index, Path]) -> None:
    before, after, top = trees
    done = changes(before, after, lambda path, _: (top / path.lstrip("/")).read_bytes())
    told = {(each["path"], each["action"]): each["bytes"] for each in plan_as_json(done)}
    assert told == {
        ("/root/.ssh/authorized_keys", "remove"): 14,
        ("/root/.ssh", "remove"): 0,
        ("/etc/becomes-a-folder", "remove"): 1,
        ("/etc/becomes-a-folder", "make-directory"): 0,
        ("/etc/link", "link"): 0,
        ("/etc/machine-id", "write"): 33,
        ("/etc/mode", "set-attributes"): 0,
        ("/var/log/account", "make-directory"): 0,
        ("/var/log/account/pacct", "write"): 0,
    }
    paths = [change.path for change in done]
    assert paths.index("/root/.ssh/authorized_keys") < paths.index("/root/.ssh")


def test_a_tree_that_it_left_alone_has_no_changes(trees: tuple[Index, Index, Path]) -> None:
    assert len(changes(trees[0], trees[0], lambda *_: b"")) == 0


@pytest.mark.parametrize(
    ("keep", "declared", "named"),
    [
        ([], ["/root/.ssh/authorized_keys"], "/root/.ssh/authorized_keys (declared by the recipe)"),
        ([Keep("/root/.ssh", "ours")], [], "/root/.ssh/authorized_keys (ours), /root/.ssh (ours)"),
        ([Keep("/etc/machine-*", "lab")], [], "/etc/machine-id (lab)"),
    ],
)
def test_what_is_to_stay_and_was_changed_ends_the_build(
    trees: tuple[Index, Index, Path], keep: list[Keep], declared: list[str], named: str
) -> None:
    before, after, _ = trees
    done = changes(before, after, lambda *_: b"")
    seen = Before(before, {"/root/.ssh/authorized_keys": "ssh-userdir"})
    with pytest.raises(BuildError) as caught:
        require_kept(done, seen, keep, declared)
    assert caught.value.message == f"virt-sysprep changed what is to stay: {named}"
    without = "NAME" if "machine-id" in named else "ssh-userdir"
    assert f"`operations: defaults,-{without}`" in (caught.value.hint or "")
    require_kept(done, seen, [Keep("/stays", "untouched")], ["/etc/hostname"])
