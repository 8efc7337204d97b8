"""A container's root file system has no boot loader, no init, no cloud-init: generalizing works, and proves itself."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.el_image.dress import write

from goldsmith.events import StepFinished, ignore
from goldsmith.generalization.select import select
from goldsmith.guest.open import open_guest
from goldsmith.pipeline.existing.generalize import GeneralizeReport, generalize_existing
from goldsmith.pipeline.steps.audit import Audited, Intent, audit_guest

UBI = 'ID="rhel"\nVERSION_ID="10.0"\nPRETTY_NAME="Red Hat Universal Base Image 10"\n'
ALPINE = 'ID=alpine\nVERSION_ID=3.22.0\nPRETTY_NAME="Alpine Linux v3.22"\n'
DEBIAN = 'ID=debian\nVERSION_ID="12"\nPRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\n'
FOLDERS = ("dev", "home", "proc", "run", "sys", "tmp", "usr/bin", "usr/lib", "var/log")
LEFT = {
    "/root/.bash_history": "curl -u me:hunter2\n",
    "/var/log/dnf.log": "build\n",
    "/var/cache/apt/archives/x_1_amd64.deb": "deb\n",
    "/etc/ssh/ssh_host_rsa_key": "-----BEGIN OPENSSH PRIVATE KEY-----\n",
    "/etc/passwd-": "root:x:0:0:root:/root:/bin/sh\n",
    "/tmp/build.sh": "#!/bin/sh\n",
}


@pytest.fixture(params=[UBI, ALPINE, DEBIAN], ids=["ubi", "alpine", "debian"])
def rootfs(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    top = tmp_path / "rootfs"
    for folder in FOLDERS:
        (top / folder).mkdir(parents=True)
    (top / "bin").symlink_to("usr/bin")
    (top / "var/run").symlink_to("../run")
    write(top, "usr/lib/os-release", request.param)
    (top / "etc").mkdir()
    (top / "etc/os-release").symlink_to("../usr/lib/os-release")
    write(top, "etc/passwd", "root:x:0:0:root:/root:/bin/sh\n")
    write(top, "etc/shadow", "root:*:19000::::::\n", mode=0o600)
    for path, text in LEFT.items():
        write(top, path[1:], text)
    return top


def generalized(top: Path) -> GeneralizeReport:
    return generalize_existing(
        top, select("defaults"), (), engine=None, output=None, in_place=True, dry_run=False, emit=ignore
    )


def audited(top: Path) -> Audited:
    with open_guest(top, engine="tree", scratch=top.parent, read_only=True) as guest:
        return audit_guest(guest, Intent(select("defaults")))


def test_leftovers_go_and_the_second_run_finds_nothing(rootfs: Path) -> None:
    report = generalized(rootfs)
    assert {change.path for change in report.plan} >= LEFT.keys()
    assert [path for path in LEFT if (rootfs / path[1:]).exists()] == []
    assert generalized(rootfs).plan.changes == ()


def test_the_audit_fails_before_and_passes_after(rootfs: Path) -> None:
    assert audited(rootfs).failed
    generalized(rootfs)
    assert audited(rootfs).errors == ()


def test_nothing_is_invented_that_a_container_does_not_have(rootfs: Path) -> None:
    before = {path.relative_to(rootfs) for path in rootfs.rglob("*")}
    generalized(rootfs)
    assert {path.relative_to(rootfs) for path in rootfs.rglob("*")} - before == set()


def test_no_labels_are_looked_for(rootfs: Path) -> None:
    events: list[object] = []
    generalize_existing(
        rootfs, select("defaults"), (), engine=None, output=None, in_place=True, dry_run=False, emit=events.append
    )
    assert [event.step for event in events if isinstance(event, StepFinished)] == ["open", "generalize"]
