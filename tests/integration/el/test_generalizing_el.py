"""An Enterprise Linux disk keeps every label, and what is new gets the one that setfiles would give."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from tests.el_image.disk import ElImage
from tests.el_image.dress import MACHINE_ID, write

from goldsmith.disk.disk import Disk, DiskFormat
from goldsmith.disk.qemu_img import create_overlay
from goldsmith.events import Event, Note, StepFinished, ignore
from goldsmith.generalization.select import select
from goldsmith.guest.change import ABSENT, Change, Link, MakeDirectory, Plan, Remove, Seen, SetAttributes, Write
from goldsmith.guest.guest import Guest
from goldsmith.guest.index import Index
from goldsmith.guest.info import INFO_ROOTS, GuestInfo, read_info
from goldsmith.guest.labels.plan import AUTORELABEL, OPERATION, label_of
from goldsmith.guest.open import open_guest
from goldsmith.pipeline.existing.generalize import generalize_existing
from goldsmith.pipeline.steps.audit import Intent, audit_guest
from goldsmith.pipeline.steps.generalize import generalize_guest
from goldsmith.pipeline.steps.labels import label_guest, list_labeled

from .oracle import wrong_labels

pytestmark = [pytest.mark.root, pytest.mark.timeout(600)]
ENGINES = ["mount", pytest.param("guestfs", marks=[pytest.mark.guestfs, pytest.mark.full])]
WHY: Mapping[str, Any] = {"operation": "test", "reason": "test"}
NEW = (
    MakeDirectory(path="/srv/new", seen=ABSENT, **WHY),
    Write(path="/srv/new/file", seen=ABSENT, content=b"x", **WHY),
    Write(path="/etc/sysctl.conf", seen=ABSENT, content=b"x", **WHY),
    Write(path="/usr/bin/tool", seen=ABSENT, content=b"x", mode=0o755, **WHY),
    Link(path="/usr/bin/other", seen=ABSENT, target="tool", **WHY),
    Write(path="/boot/loader/entries/new.conf", seen=ABSENT, content=b"x", **WHY),
    Write(path="/var/www/html/new\nline", seen=ABSENT, content=b"x", **WHY),
    Write(path="/var/log/messages-new", seen=ABSENT, content=b"x", **WHY),
)


@dataclass(frozen=True)
class Done:
    """A disk that was changed and generalized: the guest before and after, what was planned, what still was then."""

    disk: Disk
    before: Index
    after: Index
    generalized: Plan
    labeled: Plan
    again: tuple[Change, ...]
    info: GuestInfo
    events: tuple[Event, ...]
    notes: tuple[str, ...]
    errors: tuple[str, ...]


@pytest.fixture(scope="module", params=ENGINES)
def done(request: pytest.FixtureRequest, el_image: ElImage, tmp_path_factory: pytest.TempPathFactory) -> Done:
    folder = tmp_path_factory.mktemp(request.param)
    disk = create_overlay(folder / "el.qcow2", el_image.disk)
    events: list[Event] = []
    operations = select("defaults")
    with open_guest(disk, engine=request.param, scratch=folder) as guest:
        guest.apply(Plan(NEW))
        before = guest.index()
        generalized = generalize_guest(events.append, guest, operations, (), ()).result.applied
        labeled = label_guest(events.append, guest)
        again = generalize_guest(ignore, guest, operations, (), ()).result.applied
        info = read_info(guest.index(INFO_ROOTS), guest.read)
        audited = audit_guest(guest, Intent(operations))
        return Done(
            disk, before, guest.index(), generalized, labeled, (*again, *label_guest(ignore, guest)), info,
            tuple(events),
            tuple(f"{each.code} {each.place}" for each in audited.findings if each not in audited.errors),
            tuple(f"{each.code} {each.place}" for each in audited.errors),
        )  # fmt: skip


def flat(disk: Disk) -> Disk:
    raw = disk.path.with_suffix(".raw")
    subprocess.run(["qemu-img", "convert", "-f", "qcow2", "-O", "raw", disk.path, raw], check=True)
    return Disk(raw, DiskFormat.RAW, disk.virtual_size)


def test_root_and_boot_are_one_guest(done: Done) -> None:
    assert (done.info.distro, done.info.version, done.info.family) == ("rocky", "10.0", "rhel")
    assert (done.info.package_manager, done.info.selinux) == ("dnf", "enforcing")
    assert {"/boot/grub2/grub.cfg", "/usr/lib/sysimage/rpm/rpmdb.sqlite", "/boot/efi"} <= done.after.keys()


def test_what_is_new_gets_a_label_and_nothing_else(done: Done) -> None:
    assert {change.path for change in done.labeled} == {change.path for change in NEW} & done.after.keys()
    assert len(done.labeled) >= 7


def test_setfiles_agrees_with_every_label(done: Done) -> None:
    assert wrong_labels(flat(done.disk)) == []


def test_setfiles_would_notice(el_image: ElImage, tmp_path: Path) -> None:
    disk = create_overlay(tmp_path / "el.qcow2", el_image.disk)
    with open_guest(disk, engine="mount", scratch=tmp_path) as guest:
        guest.apply(Plan(NEW))
        relabel(guest, "/etc/shadow", "system_u:object_r:etc_t:s0")
    wrong = wrong_labels(flat(disk))
    assert len(wrong) == len(NEW) + 1
    assert any("/etc/shadow" in line for line in wrong)


def test_what_was_there_keeps_its_label(done: Done) -> None:
    stayed = done.before.keys() & done.after.keys() - {change.path for change in NEW}
    assert len(stayed) > 300
    changed = {path for path in stayed if label_of(done.before[path]) != label_of(done.after[path])}
    assert changed == set()


def test_rewritten_files_keep_inode_owner_mode_and_label(done: Done) -> None:
    rewritten = [change.path for change in done.generalized if isinstance(change, Write)]
    assert {"/etc/machine-id", "/etc/sysconfig/network-scripts/ifcfg-eth0"} <= set(rewritten)
    for path in rewritten:
        before, after = done.before[path], done.after[path]
        assert (after.inode, after.uid, after.gid, after.mode) == (before.inode, before.uid, before.gid, before.mode)
        assert label_of(after) == label_of(before) != ""


def test_no_clone_has_to_relabel(done: Done) -> None:
    assert AUTORELABEL not in done.after
    assert [event.step for event in done.events if isinstance(event, StepFinished)] == ["generalize", "labels"]
    assert not any(isinstance(event, Note) and "label" in event.text for event in done.events)


def test_the_second_run_changes_nothing(done: Done) -> None:
    assert done.again == ()


def test_the_boot_entry_stays_and_the_audit_names_it(done: Done) -> None:
    entry = next(path for path in done.after if path.startswith(f"/boot/loader/entries/{MACHINE_ID}"))
    assert any(note.startswith("GS308") and entry in note for note in done.notes)
    assert done.errors == ()


def test_what_identified_the_machine_is_gone(done: Done) -> None:
    assert done.after["/etc/machine-id"].size == 0
    gone = {"/var/lib/NetworkManager/secret_key", "/root/.bash_history", "/etc/ssh/ssh_host_rsa_key"}
    gone |= {"/etc/NetworkManager/system-connections/ens3.nmconnection", "/root/anaconda-ks.cfg"}
    assert gone & done.after.keys() == set()
    assert [path for path in done.after if path.startswith("/boot/") and "-0-rescue" in path] == []


@pytest.mark.parametrize("dry_run", [True, False])
def test_the_report_tells_of_labels_as_of_all_else(el_image: ElImage, tmp_path: Path, *, dry_run: bool) -> None:
    disk = create_overlay(tmp_path / "el.qcow2", el_image.disk)
    with open_guest(disk, engine="mount", scratch=tmp_path) as guest:
        guest.apply(Plan(NEW[:2]))
    report = generalize_existing(
        disk, select("defaults"), (), engine="mount", output=None, in_place=not dry_run, dry_run=dry_run, emit=ignore
    )
    told = [change.path for change in report.plan if change.operation == OPERATION]
    assert told == ["/srv/new", "/srv/new/file"]


def test_release_9_has_its_packages_elsewhere_and_keeps_them(el9_image: ElImage, tmp_path: Path) -> None:
    disk = create_overlay(tmp_path / "el.qcow2", el9_image.disk)
    generalize_existing(
        disk, select("defaults"), (), engine="mount", output=None, in_place=True, dry_run=False, emit=ignore
    )
    with open_guest(disk, engine="mount", scratch=tmp_path, read_only=True) as guest:
        assert read_info(guest.index(INFO_ROOTS), guest.read).version == "9.6"
        assert guest.index(("/var/lib/rpm",))["/var/lib/rpm/rpmdb.sqlite"].size > 0
        assert audit_guest(guest, Intent(select("defaults"))).errors == ()
    assert wrong_labels(flat(disk)) == []


@pytest.fixture
def guest(el_image: ElImage, tmp_path: Path) -> Iterator[Guest]:
    with open_guest(create_overlay(tmp_path / "el.qcow2", el_image.disk), engine="mount", scratch=tmp_path) as opened:
        yield opened


def planned(guest: Guest, before: Index | None = None) -> list[Change]:
    return list(label_guest(ignore, guest, before=before))


def relabel(guest: Guest, path: str, label: str) -> None:
    seen = Seen.of(guest.index((path,))[path])
    guest.apply(Plan((SetAttributes(path=path, seen=seen, label=label.encode(), **WHY),)))


def test_a_flag_for_relabeling_is_obeyed_here_and_goes(guest: Guest) -> None:
    relabel(guest, "/etc/shadow", "system_u:object_r:etc_t:s0")
    guest.apply(Plan((Write(path=AUTORELABEL, seen=ABSENT, content=b"-F\n", **WHY),)))
    changes = planned(guest)
    assert [(type(change), change.path) for change in changes] == [
        (SetAttributes, "/etc/shadow"),
        (Remove, AUTORELABEL),
    ]
    assert label_of(guest.index(("/etc/shadow",))["/etc/shadow"]) == "system_u:object_r:shadow_t:s0"


def test_a_label_that_was_chosen_by_hand_stays_on_an_old_file(guest: Guest) -> None:
    relabel(guest, "/srv", "system_u:object_r:httpd_sys_content_t:s0")
    assert planned(guest, list_labeled(guest)) == []


def test_a_file_that_a_program_replaced_gets_its_label_again(guest: Guest) -> None:
    before = list_labeled(guest)
    assert before is not None
    seen = Seen.of(before["/etc/shadow"])
    guest.apply(Plan((Remove(path="/etc/shadow", seen=seen, **WHY),)))
    guest.apply(Plan((Write(path="/etc/shadow", seen=ABSENT, content=b"root:*:1::::::\n", mode=0, **WHY),)))
    assert [change.path for change in planned(guest, before)] == ["/etc/shadow"]


@pytest.mark.parametrize("config", ["SELINUX=disabled\nSELINUXTYPE=targeted\n", "SELINUX=enforcing\nSELINUXTYPE=mls\n"])
def test_a_guest_without_an_active_policy_is_left_alone(guest: Guest, config: str) -> None:
    path = "/etc/selinux/config"
    seen = Seen.of(guest.index((path,))[path])
    guest.apply(Plan((Write(path=path, seen=seen, content=config.encode(), **WHY), *NEW)))
    assert (planned(guest), list_labeled(guest)) == ([], None)


def test_root_labels_a_directory_too(tmp_path: Path) -> None:
    write(tmp_path, "etc/os-release", "ID=rocky\n")
    write(tmp_path, "etc/selinux/config", "SELINUX=enforcing\nSELINUXTYPE=mine\n")
    write(tmp_path, "etc/selinux/mine/contexts/files/file_contexts", "/etc(/.*)? system_u:object_r:etc_t:s0\n")
    with open_guest(tmp_path, engine="tree", scratch=tmp_path) as tree:
        assert {change.path for change in planned(tree)} == {path for path in tree.index() if path.startswith("/etc")}
        assert label_of(tree.index()["/etc/os-release"]) == "system_u:object_r:etc_t:s0"
