"""What is predicted of a first boot is what happens: Debian 12 with cloud-init 22.4 and Debian 13 with 25.1.

Each configuration is booted in a container, on the image's own userland; one machine boots in tests/boot.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from goldsmith.base.base import Base
from goldsmith.cloudinit.datasource import Seed
from goldsmith.cloudinit.first_boot_files import read_image
from goldsmith.cloudinit.first_boot_record import FirstBoot
from goldsmith.disk.disk import Disk
from goldsmith.disk.qemu_img import create_overlay
from goldsmith.guest.change import Plan, Seen, Write
from goldsmith.guest.open import open_guest
from goldsmith.machine.acceleration import Acceleration
from goldsmith.rules.evidence import CloneEvidence
from goldsmith.rules.prediction import differences
from goldsmith.rules.rule import Verdict
from goldsmith.verification.gather import kernel_cmdline
from goldsmith.verification.matrix import plan_clones
from goldsmith.verification.rehearse import rehearse
from goldsmith.verification.verify import verify

pytestmark = [pytest.mark.root, pytest.mark.base, pytest.mark.timeout(900)]

LOCAL = b"datasource_list: [NoCloud, None]\n"
JOE = (
    b"#cloud-config\nusers:\n  - name: joe\n    groups: [adm, users]\n    shell: /bin/sh\n    sudo: ALL=(ALL) ALL\n"
    b"    ssh_authorized_keys: [ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA joe]\n"
)
PASSWORDS = (
    b"#cloud-config\nusers: [default, {name: eve, lock_passwd: false, plain_text_passwd: secret}]\n"
    b"password: secret\nchpasswd: {expire: false}\nssh_pwauth: true\nruncmd: [[touch, /root/ran]]\n"
)
ADMIN = b"""\
datasource_list: [NoCloud, None]
ssh_pwauth: false
system_info:
  default_user: {name: admin, sudo: ["ALL=(ALL) NOPASSWD:ALL"], shell: /bin/sh, groups: [adm, wheel-like]}
"""


@dataclass(frozen=True)
class Configuration:
    """A drop-in (None: the image as it is), other files of the image, and what the clone is given."""

    drop_in: bytes | None = None
    seed: Seed = Seed.NONE
    user_data: bytes = b""
    files: Mapping[str, bytes] = field(default_factory=dict)


CONFIGURATIONS = {
    "as it is, no seed": Configuration(),
    "as it is, empty seed": Configuration(seed=Seed.EMPTY_NOCLOUD),
    "None in the list, no seed": Configuration(LOCAL),
    "None in the list, empty seed": Configuration(LOCAL, Seed.EMPTY_NOCLOUD),
    "None in the list, user-data": Configuration(LOCAL, Seed.USER_DATA, JOE),
    "no None in the list, user-data": Configuration(b"datasource_list: [NoCloud]\n", Seed.USER_DATA, PASSWORDS),
    "no None in the list, empty seed": Configuration(b"datasource_list: [NoCloud]\n", Seed.EMPTY_NOCLOUD),
    "no None in the list, no seed": Configuration(b"datasource_list: [NoCloud]\n"),
    "cloud-init disabled": Configuration(LOCAL, files={"/etc/cloud/cloud-init.disabled": b""}),
    "cloud-init disabled, as systemd's first boot": Configuration(
        LOCAL, files={"/etc/cloud/cloud-init.disabled": b"", "/etc/machine-id": b"uninitialized\n"}
    ),
    "a replaced default user": Configuration(ADMIN),
    "an empty final stage": Configuration(LOCAL + b"packages: [htop]\ncloud_final_modules: []\n"),
    "a file that is not UTF-8": Configuration(LOCAL, files={"/etc/cloud/cloud.cfg.d/note.cfg": b"# caf\xe9\n"}),
    "packages without a network": Configuration(LOCAL + b"packages: [htop, sudo]\n"),
}


# The others are part of the full matrix. On Debian 13 cloud-init is disabled in the harder of two ways.
FULL = {"as it is, no seed", "as it is, empty seed", "a file that is not UTF-8"}
DEFAULT = {
    "debian12": CONFIGURATIONS.keys() - FULL - {"cloud-init disabled, as systemd's first boot"},
    "debian13": CONFIGURATIONS.keys() - FULL - {"cloud-init disabled"},
}
BOOTS = [
    pytest.param(base, name, marks=() if name in names else pytest.mark.full)
    for base, names in DEFAULT.items()
    for name in CONFIGURATIONS
]


def made(base: Base, configuration: Configuration, folder: Path) -> tuple[Disk, FirstBoot]:
    """The image with the configuration, and what is predicted of its first boot."""
    disk = create_overlay(folder / "image.qcow2", base.disk)
    files = dict(configuration.files)
    if configuration.drop_in is not None:
        files["/etc/cloud/cloud.cfg.d/zzzz-test.cfg"] = configuration.drop_in
    with open_guest(disk, engine="mount", scratch=folder) as guest:
        index = guest.index(tuple(files) or ("/etc/cloud",))
        guest.apply(
            Plan(
                tuple(
                    Write(
                        path=path,
                        seen=Seen.of(index.locate(path)),
                        operation="test",
                        reason="an image to rehearse",
                        content=content,
                        mode=0o644,
                        uid=0,
                        gid=0,
                    )
                    for path, content in files.items()
                )
            )
        )
        predicted = read_image(guest).predict(
            configuration.seed, cmdline=kernel_cmdline(guest), user_data=configuration.user_data, network=False
        )
    return disk, predicted


def rehearsed(base: Base, name: str, folder: Path) -> tuple[FirstBoot, CloneEvidence, str]:
    configuration = CONFIGURATIONS[name]
    disk, predicted = made(base, configuration, folder)
    console = folder / "console"
    evidence = rehearse(
        disk,
        configuration.seed,
        scratch=folder,
        user_data=configuration.user_data,
        predicted=predicted,
        keep_console=console,
    )
    return predicted, evidence, console.read_bytes().decode("utf-8", "replace")


@pytest.mark.parametrize(("base", "name"), BOOTS)
def test_a_first_boot_is_as_predicted(request: pytest.FixtureRequest, base: str, name: str, tmp_path: Path) -> None:
    predicted, evidence, console = rehearsed(request.getfixturevalue(base), name, tmp_path)
    assert evidence.facts is not None, evidence.unreadable
    assert (evidence.problem, evidence.ready, evidence.off) == (None, True, True), evidence.tail
    assert differences(predicted, evidence.facts) == ()
    assert (" finished at " in console) == predicted.finished


@pytest.mark.full
def test_a_guest_that_restarts_itself_is_followed(debian12: Base, tmp_path: Path) -> None:
    once = b"#cloud-config\nbootcmd: ['[ -e /root/once ] || { touch /root/once; systemctl reboot; }']\n"
    evidence = rehearse(debian12.disk, Seed.USER_DATA, scratch=tmp_path, user_data=once)
    assert (evidence.problem, evidence.ready, evidence.boots) == (None, True, 2)


# No container proves a boot loader and a kernel, grows a disk, or unmounts it.
MACHINES_ONLY = {"GS401", "GS428", "GS429"}


@pytest.mark.parametrize("base", [pytest.param("debian12", marks=pytest.mark.full), "debian13"])
def test_a_good_image_fails_nothing_and_is_not_proven(
    request: pytest.FixtureRequest, base: str, tmp_path: Path
) -> None:
    image: Base = request.getfixturevalue(base)
    disk, _ = made(image, CONFIGURATIONS["None in the list, no seed"], tmp_path)
    proof = verify(
        disk,
        engine="mount",
        scratch=tmp_path,
        acceleration=Acceleration(kvm=False, why="containers", speed=1.0),
        clones=plan_clones(driver="container"),
    )
    assert proof.verdict is Verdict.UNPROVEN, proof.as_text()
    assert {each.rule for each in proof.outcomes if each.verdict is not Verdict.PASS} == MACHINES_ONLY
    assert {clone.driver for clone in proof.clones} == {"container"}
