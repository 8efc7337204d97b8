"""Which programs goldsmith starts, what each is for, and whether this host has it. Starts none of them."""

from __future__ import annotations

import platform
import shutil
from dataclasses import dataclass
from pathlib import Path

from goldsmith.run import PACKAGES, search_path


@dataclass(frozen=True, slots=True)
class Tool:
    """A program: the Debian package that holds it, where it is (None: missing), and what does not work without it.

    `required` means that no build works without it.
    """

    name: str
    package: str
    path: Path | None
    needed_for: str
    required: bool = False

    @property
    def install(self) -> str:
        """The line that installs it."""
        return install_line(self.package)

    def as_json(self) -> dict[str, object]:
        return {
            "name": self.name,
            "package": self.package,
            "path": str(self.path) if self.path is not None else None,
            "needed_for": self.needed_for,
            "required": self.required,
        }


DISKS = "every disk image"
BOOTS = "verify: booting clones"
ARCHITECTURES = ("aarch64", "x86_64")
MOUNT = "engine mount"
BOOTSTRAP = "bases made from packages (bootstrap)"
EXT4 = "growing, erasing and sealing ext4"
NEEDED: tuple[tuple[str, str], ...] = (
    ("qemu-img", DISKS),
    ("prlimit", DISKS),
    ("sfdisk", BOOTSTRAP),
    ("qemu-storage-daemon", MOUNT),
    ("fusermount3", MOUNT),
    ("systemd-nspawn", MOUNT + ": guest programs (install, run, services)"),
    ("e2fsck", EXT4),
    ("resize2fs", EXT4),
    ("tune2fs", EXT4),
    ("debugfs", EXT4),
    ("dumpe2fs", EXT4),
    ("xfs_repair", "erasing and sealing XFS"),
    ("btrfs", "growing btrfs"),
    ("mmdebstrap", BOOTSTRAP),
    ("gpgv", BOOTSTRAP),
    ("mke2fs", BOOTSTRAP),
    ("grub-mkimage", BOOTSTRAP),
    ("mcopy", BOOTSTRAP),
    ("unshare", BOOTSTRAP),
    ("newuidmap", BOOTSTRAP + " as a plain user"),
    ("swtpm", "machines with a TPM"),
    ("virt-sysprep", "generalizing by virt-sysprep (generalize: {with: virt-sysprep})"),
    ("ssh", "verify: checks that log in (by: ssh)"),
    ("ssh-keygen", "verify: checks that log in (by: ssh)"),
    ("visudo", "verify: sudo rules that are not of a plain form"),
    ("zstd", "bases compressed with zstd"),
)
# Without these nothing can be sealed or proven, whatever the recipe says.
REQUIRED = frozenset({DISKS, BOOTS})


def tools() -> tuple[Tool, ...]:
    """Every program that goldsmith starts on the host, required ones first."""
    host = platform.machine()
    foreign = ((f"qemu-system-{arch}", f"machines of {arch}, emulated") for arch in ARCHITECTURES if arch != host)
    needed = (*NEEDED, (f"qemu-system-{host}", BOOTS), *foreign)
    found = [
        Tool(name, package_of(name), located(name), needed_for, required=needed_for in REQUIRED)
        for name, needed_for in needed
    ]
    return tuple(sorted(found, key=lambda tool: (not tool.required, tool.name)))


def missing(among: tuple[Tool, ...]) -> tuple[Tool, ...]:
    """Those that this host lacks."""
    return tuple(tool for tool in among if tool.path is None)


def package_of(program: str) -> str:
    """The Debian package that holds a program."""
    return PACKAGES.get(program, program)


def located(program: str) -> Path | None:
    """Where a program is, looked for as `run` does."""
    found = shutil.which(program, path=search_path())
    return Path(found) if found is not None else None


def install_line(*packages: str) -> str:
    """What root types to have the packages."""
    return f"apt-get install --no-install-recommends {' '.join(sorted(set(packages)))}"
