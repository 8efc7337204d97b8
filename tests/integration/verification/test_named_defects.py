"""One source that had booted once, sealed by the usual tools and by goldsmith: what a verification says of both."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from goldsmith.base.base import Base
from goldsmith.cloudinit.datasource import Choice, Seed
from goldsmith.disk.disk import Disk
from goldsmith.disk.qemu_img import create_overlay
from goldsmith.events import ignore
from goldsmith.generalization.select import select
from goldsmith.guest.change import ABSENT, MakeDirectory, Plan, Write
from goldsmith.guest.guest import Guest
from goldsmith.guest.open import open_guest
from goldsmith.machine.boot import boot
from goldsmith.machine.driver import MachineSpec
from goldsmith.machine.drivers import container
from goldsmith.pipeline.existing.generalize import generalize_existing
from goldsmith.pipeline.existing.verify import Subject, verify_existing
from goldsmith.rules.expectation import Expectation
from goldsmith.rules.rule import Verdict
from goldsmith.run import run
from goldsmith.verification.gather import gather
from goldsmith.verification.matrix import CloneWish
from goldsmith.verification.verification import Verification

pytestmark = [pytest.mark.root, pytest.mark.guestfs, pytest.mark.base, pytest.mark.timeout(900)]

APPLIANCE = {"LIBGUESTFS_BACKEND": "direct", "LIBGUESTFS_BACKEND_SETTINGS": "force_tcg"}
DROP_IN = """\
system_info:
  default_user: {name: admin, shell: /bin/bash, lock_passwd: true, sudo: ["ALL=(ALL) NOPASSWD:ALL"]}
"""
PLACE = "/etc/cloud/cloud.cfg.d/99-custom-defaults.cfg"
LOCAL = "datasource_list: [NoCloud, None]\n"
EXPECTED = Expectation(stated=True, users_present=("admin",), users_absent=("debian",), datasource=Choice.LOCAL)
# What services make where nobody sees it, and a copied disk would share.
PLANTED = {
    "/etc/iscsi/initiatorname.iscsi": "InitiatorName=iqn.1993-08.org.debian:01:5ca1ab1e0001\n",
    "/etc/nvme/hostid": "5ca1ab1e-0002-4000-8000-000000000002\n",
    "/etc/nvme/hostnqn": "nqn.2014-08.org.nvmexpress:uuid:5ca1ab1e-0003-4000-8000-000000000003\n",
    "/var/lib/NetworkManager/secret_key": "5ca1ab1e0004" * 4,
    "/var/lib/dhcpcd/duid": "00:01:00:01:5c:a1:ab:1e:00:05\n",
    "/var/lib/systemd/credential.secret": "5ca1ab1e0006" * 4,
}
WHY: Mapping[str, Any] = {"operation": "test", "reason": "test"}


@dataclass(frozen=True)
class Source:
    """A disk whose system ran once, and what identified it then."""

    disk: Disk
    identity: frozenset[str]


@pytest.fixture(scope="module")
def source(debian12: Base, tmp_path_factory: pytest.TempPathFactory) -> Source:
    folder = tmp_path_factory.mktemp("source")
    disk = create_overlay(folder / "source.qcow2", debian12.disk)
    with open_guest(disk, engine="mount", scratch=folder) as guest:
        put(guest, {"/etc/cloud/cloud.cfg.d/91-local.cfg": LOCAL})
    (record,) = boot([MachineSpec(name="source", disk=disk, folder=folder)], driver=container.NAME)
    assert record.problem is None
    with open_guest(disk, engine="mount", scratch=folder) as guest:
        put(guest, PLANTED)
        facts = gather(guest)
    keys = {key.fingerprint for key in facts.host_keys if key.fingerprint}
    assert facts.machine_id
    assert len(keys) >= 3
    return Source(disk, frozenset({facts.machine_id, *keys}))


def put(guest: Guest, files: Mapping[str, str]) -> None:
    """Write files that are not there, with their folders; for all to read."""
    parents = sorted({str(parent) for path in files for parent in Path(path).parents})
    index = guest.index((*parents, *files))
    folders = (MakeDirectory(path=each, seen=ABSENT, mode=0o755, **WHY) for each in parents if each not in index)
    texts = (Write(path=path, seen=ABSENT, content=text.encode(), **WHY) for path, text in files.items())
    guest.apply(Plan((*folders, *texts)))
    guest.sync()


def verified(disk: Disk) -> Verification:
    """By rehearsal: what is wrong here needs no kernel of its own."""
    wish = CloneWish(seeds=(Seed.NONE, Seed.EMPTY_NOCLOUD), second_boot=False)
    subject = Subject(disk, disk.path.name, EXPECTED)
    return verify_existing(subject, engine=None, driver=container.NAME, wish=wish, record=None, emit=ignore)


def named(verification: Verification) -> dict[str, set[str]]:
    """The messages of what failed, by rule."""
    found: dict[str, set[str]] = {}
    for each in verification.outcomes:
        if each.verdict is Verdict.FAIL:
            found.setdefault(each.rule, set()).add(each.message)
    return found


def test_every_defect_of_the_usual_tools_is_named(source: Source, tmp_path: Path) -> None:
    image = create_overlay(tmp_path / "usual.qcow2", source.disk)
    drop_in = tmp_path / "99-custom-defaults.cfg"
    drop_in.write_text(DROP_IN)
    given = ["--quiet", "--format", "qcow2", "-a", str(image.path)]
    environment = {**APPLIANCE, "TMPDIR": str(tmp_path)}
    run(
        ["virt-customize", *given, "--no-network", "--upload", f"{drop_in}:{PLACE}"],
        timeout=600,
        env=environment,
    )
    run(["virt-sysprep", *given], timeout=600, env=environment)
    run(["virt-sparsify", "--quiet", "--format", "qcow2", "--in-place", str(image.path)], timeout=600, env=environment)
    packed = Disk(tmp_path / "packed.qcow2", image.format, image.virtual_size)
    run(["qemu-img", "convert", "-c", "-f", "qcow2", "-O", "qcow2", str(image.path), str(packed.path)], timeout=600)
    failed = named(verified(packed))
    assert any("was sealed into the image: all clones share it" in each for each in failed["GS412"])
    assert failed["GS411"] == {"sshd has no host keys: it cannot start"}
    assert any("ssh.service" in each for each in failed["GS426"])
    assert failed["GS408"] == {"user admin does not exist"}
    assert failed["GS409"] == {"user debian exists"}
    assert failed["GS501"]


def test_clones_of_what_goldsmith_made_of_it_share_no_identifier(source: Source, tmp_path: Path) -> None:
    image = create_overlay(tmp_path / "ours.qcow2", source.disk)
    with open_guest(image, engine="mount", scratch=tmp_path) as guest:
        put(guest, {PLACE: DROP_IN})
    generalize_existing(
        image, select("defaults"), (), engine="mount", output=None, in_place=True, dry_run=False, emit=ignore
    )
    proof = verified(image)
    assert named(proof) == {}
    before = {*source.identity, *(text.strip() for text in PLANTED.values())}
    ours = [identity(image, tmp_path / f"clone-{number}") for number in (1, 2)]
    assert all(len(each) >= 4 for each in ours)  # a machine-id and host keys at least
    assert ours[0] & ours[1] == set()
    assert before & (ours[0] | ours[1]) == set()


def identity(image: Disk, folder: Path) -> set[str]:
    """Everything by which a clone of the image can be told from others after its first boot."""
    folder.mkdir()
    disk = create_overlay(folder / "disk.qcow2", image)
    (record,) = boot([MachineSpec(name=folder.name, disk=disk, folder=folder)], driver=container.NAME)
    assert record.problem is None
    with open_guest(disk, engine="mount", scratch=folder, read_only=True) as guest:
        facts = gather(guest)
        places = (*PLANTED, "/etc/dhcpcd.duid", "/var/lib/systemd/random-seed")
        index = guest.index(places)
        files = {guest.read(path, 1 << 16).decode("latin-1").strip() for path in places if path in index}
    keys = {key.fingerprint for key in facts.host_keys if key.fingerprint}
    # An iSCSI initiator without a name: its service makes one when it first starts.
    names = {each for each in files if "GenerateName=yes" not in each}
    return {each for each in (facts.machine_id, facts.random_seed, *keys, *names) if each}
