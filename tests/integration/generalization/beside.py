"""A dirty disk of a family of distributions, and a clone of it for each tool."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from tests.integration.generalization.difference import Tree, read_tree
from tests.integration.generalization.dirty import Family, Residue, appended, archive, residues

from goldsmith import api
from goldsmith.base.base import Base
from goldsmith.disk.disk import Disk, DiskFormat
from goldsmith.disk.qemu_img import convert, create_overlay
from goldsmith.guest.guest import Guest
from goldsmith.guest.open import open_guest
from goldsmith.pipeline.existing.generalize import GeneralizeReport
from goldsmith.run import run

# The appliance without libvirt between, emulated: KVM is not proven on every host that runs the tests.
APPLIANCE = {"LIBGUESTFS_BACKEND": "direct", "LIBGUESTFS_BACKEND_SETTINGS": "force_tcg"}
# As people run it, and with everything that leaves a disk that boots and asks nothing.
SYSPREP = {Family.DEBIAN: (), Family.RHEL: ("--operations", "all,-fs-uuids,-lvm-uuids,-flag-reconfiguration")}
GOLDSMITH = {Family.DEBIAN: "defaults", Family.RHEL: "all,-fs-uuids,-flag-reconfiguration"}
CLOUD_INIT = ("cloud-init", "clean", "--logs", "--seed", "--machine-id")
TIMEOUT = 600.0

# Debian's own programs under the name and with the layout of another family.
DRESS = """
set -eu
rm -f /etc/debian_version /var/run /var/spool/mail /usr/lib/os-release /etc/os-release
rm -rf /var/lib/apt/lists /var/cache/apt
mkdir -p /var/run /var/lib/rpm /etc/sysconfig/network-scripts /etc/dnf /var/lib/dnf
printf '%s\\n' 'NAME="Rocky Linux"' 'VERSION="10.0"' 'ID="rocky"' 'ID_LIKE="rhel centos fedora"' 'VERSION_ID="10.0"' \\
    'PLATFORM_ID="platform:el10"' 'PRETTY_NAME="Rocky Linux 10.0"' >/usr/lib/os-release
ln -s ../usr/lib/os-release /etc/os-release
mv /var/mail /var/spool/mail
ln -s spool/mail /var/mail
echo 'Rocky Linux release 10.0' >/etc/rocky-release
ln -s rocky-release /etc/redhat-release
"""


@dataclass(frozen=True)
class Sealed:
    """A clone of the dirty disk after one tool."""

    disk: Disk
    tree: Tree
    report: GeneralizeReport | None = None


@dataclass(frozen=True)
class Bench:
    """The dirty disk of a family, and every tool's clone of it."""

    family: Family
    dirty: Disk
    planted: tuple[Residue, ...]
    before: Tree
    folder: Path

    @cached_property
    def sysprep(self) -> Sealed:
        """Real virt-sysprep, with its defaults or with all of its operations."""
        disk = Disk(self.folder / "sysprep.qcow2", DiskFormat.QCOW2, self.dirty.virtual_size)
        shutil.copyfile(self.dirty.path, disk.path)
        argv = ["virt-sysprep", "--quiet", "--format", "qcow2", "-a", str(disk.path), *SYSPREP[self.family]]
        run(argv, timeout=TIMEOUT, env={**APPLIANCE, "TMPDIR": str(self.folder)})
        return Sealed(disk, _tree(disk, self.folder))

    @cached_property
    def cloud_init(self) -> Sealed:
        """The guest's own `cloud-init clean`, confined in the guest."""
        disk = create_overlay(self.folder / "cloud-init.qcow2", self.dirty)
        with _guest(disk, self.folder) as guest:
            done = guest.run(CLOUD_INIT)
            assert done.returncode == 0, done.output
            guest.sync()
        return Sealed(disk, _tree(disk, self.folder))

    @cached_property
    def goldsmith(self) -> Sealed:
        """goldsmith with the same choice of operations as virt-sysprep, told what to keep."""
        sealed = Disk(self.folder / "goldsmith.raw", DiskFormat.RAW, self.dirty.virtual_size)
        report = api.generalize(
            self.dirty.path, engine="mount", operations=GOLDSMITH[self.family], keep=self.keep, output=sealed.path
        )
        return Sealed(sealed, _tree(sealed, self.folder), report)

    @cached_property
    def goldsmith_after_sysprep(self) -> Sealed:
        """goldsmith on what virt-sysprep left, not sealed."""
        disk = Disk(self.folder / "both.qcow2", DiskFormat.QCOW2, self.dirty.virtual_size)
        shutil.copyfile(self.sysprep.disk.path, disk.path)
        report = api.generalize(
            disk.path, engine="mount", operations=GOLDSMITH[self.family], keep=self.keep, in_place=True
        )
        return Sealed(disk, _tree(disk, self.folder), report)

    @property
    def keep(self) -> list[str]:
        return [f"{each.path}={each.why}" for each in self.planted if each.goldsmith == "k"]


@contextmanager
def _guest(disk: Disk, folder: Path) -> Iterator[Guest]:
    with open_guest(disk, engine="mount", scratch=folder) as guest:
        yield guest


def _tree(disk: Disk, folder: Path) -> Tree:
    """Read through an overlay: what reads changes nothing."""
    overlay = create_overlay(folder / f"look-{disk.path.stem}.qcow2", disk)
    with _guest(overlay, folder) as guest:
        tree = read_tree(guest)
    overlay.path.unlink()
    return tree


def make_bench(base: Base, family: Family, folder: Path) -> Bench:
    """Make a disk dirty and look at it; the tools run when their clone is asked for."""
    dirty = _make_dirty(base, family, folder)
    return Bench(family, dirty, residues(family), _tree(dirty, folder), folder)


def _make_dirty(base: Base, family: Family, folder: Path) -> Disk:
    """A disk that stands alone: goldsmith takes none whose backing file it did not set."""
    disk = create_overlay(folder / "overlay.qcow2", base.disk)
    planted = residues(family)
    appends = appended(planted)
    append = "".join(f"cat >>{path} <<'END' &&\n{text}END\n" for path, text in appends.items())
    extract = ["tar", "--extract", "--xattrs", "--keep-directory-symlink", "--directory=/", "--file=-"]
    with _guest(disk, folder) as guest:
        if family is Family.RHEL:
            done = guest.run(["sh", "-c", DRESS])
            assert done.returncode == 0, done.output
        done = guest.run([*extract, "--no-same-owner"], stdin=archive(planted))
        assert done.returncode == 0, done.output
        done = guest.run(["sh", "-c", f"{append}:"])
        assert done.returncode == 0, done.output
        guest.sync()
    return convert(disk, folder / "dirty.qcow2", DiskFormat.QCOW2)
