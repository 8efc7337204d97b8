"""A disk as Enterprise Linux lays it out: GPT, BIOS boot, EFI system partition, ext4 /boot, XFS root, SELinux labels.

It is made by a process of its own: its mounts and loop devices go with its mount namespace, however it ends.
"""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.el_image.dress import BOOT_UUID, ESP_SERIAL, FILE_CONTEXTS, ROOT_UUID, dress

from goldsmith.base.base import Base
from goldsmith.base.bootstrap.layout import bios_code
from goldsmith.disk.disk import Disk, DiskFormat

MIB = 1 << 20
CHECKOUT = Path(__file__).parents[2]
# In MiB from the start of the disk: the BIOS boot partition lies where goldsmith's own layout has it.
BIOS_AT, ESP_AT, BOOT_AT, ROOT_AT = 1, 4, 40, 260
GRUB = Path("/usr/lib/grub/i386-pc")
# Where a bootstrapped base has its root.
BASE_ROOT_AT = 128 * MIB
TABLE = f"""label: gpt
1: start={BIOS_AT}MiB, size={ESP_AT - BIOS_AT}MiB, type=21686148-6449-6E6F-744E-656564454649
2: start={ESP_AT}MiB, size={BOOT_AT - ESP_AT}MiB, type=uefi
3: start={BOOT_AT}MiB, size={ROOT_AT - BOOT_AT}MiB, type=linux
4: start={ROOT_AT}MiB, type=linux
"""


@dataclass(frozen=True)
class ElImage:
    """The disk, and the version of the kernel in it."""

    disk: Disk
    kernel: str


def bootable_image(folder: Path, base: Base, *, size: int = 3 << 30) -> ElImage:
    """A bootstrapped base, dressed as Enterprise Linux. Takes root and about 20 seconds."""
    with TemporaryDirectory(dir=folder) as scratch:
        raw = Path(scratch) / "base.raw"
        subprocess.run(["qemu-img", "convert", "-f", base.disk.format, "-O", "raw", base.disk.path, raw], check=True)
        return make_image(folder / "el.raw", raw, size=size)


def make_image(path: Path, source: Path, *, size: int, major: str = "10") -> ElImage:
    """A new raw disk from `source`, a tree with a kernel in /boot or a bootstrapped base's raw disk. Takes root."""
    done = subprocess.run(
        ["unshare", "--mount", "--propagation", "private", sys.executable, "-m", __name__, path, source, str(size),
         major],
        check=False, capture_output=True, text=True, cwd=CHECKOUT,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return ElImage(Disk(path, DiskFormat.RAW, size), done.stdout.strip())


def _make(path: Path, source: Path, size: int, major: str, scratch: Path) -> str:
    with path.open("xb") as file:
        file.truncate(size)
    _run("sfdisk", "--quiet", path, given=TABLE)
    esp = scratch / "esp"
    _run("mkfs.vfat", "-i", ESP_SERIAL.replace("-", ""), "-C", esp, (BOOT_AT - ESP_AT) * MIB // 1024)
    _run("mmd", "-i", esp, "::EFI", "::EFI/rocky")
    _run("dd", "conv=notrunc,sparse", f"bs={MIB}", f"if={esp}", f"of={path}", f"seek={ESP_AT}")
    top, base = scratch / "top", scratch / "base"
    base.mkdir()
    _mount_new(path, "xfs", ROOT_AT, size // MIB - ROOT_AT - 1, top, "-f", "-m", f"uuid={ROOT_UUID}")
    _mount_new(path, "ext4", BOOT_AT, ROOT_AT - BOOT_AT, top / "boot", "-F", "-U", BOOT_UUID)
    if source.is_file():
        _run("mount", "-o", f"loop,ro,noatime,offset={BASE_ROOT_AT}", source, base)
        source = base
    _run("cp", "--archive", f"{source}/.", top)
    if source == base:
        _run("umount", base)
    kernel = next((top / "boot").glob("vmlinuz-*")).name.removeprefix("vmlinuz-")
    dress(top, kernel=kernel, major=major)
    _write_grub(path, top, scratch)
    # It stays on one file system, and leaves out those that the host does not mount with `seclabel`.
    _run("setfiles", "-m", "-F", "-r", top, FILE_CONTEXTS, top, top / "boot")
    _run("umount", "--recursive", top)
    return kernel


def _mount_new(disk: Path, kind: str, at: int, size: int, folder: Path, *options: str) -> None:
    """Make a file system in `size` MiB of a disk and mount it; its loop device goes with the mount."""
    words = ("losetup", "--find", "--show", "--offset", at * MIB, "--sizelimit", size * MIB, disk)
    loop = _run(*words).strip()
    try:
        _run(f"mkfs.{kind}", "-q", *options, loop)
        folder.mkdir()
        _run("mount", loop, folder)
    finally:
        _run("losetup", "--detach", loop)


def _write_grub(disk: Path, top: Path, scratch: Path) -> None:
    modules = top / "boot/grub2/i386-pc"
    modules.mkdir()
    for module in (*GRUB.glob("*.mod"), *GRUB.glob("*.lst")):
        (modules / module.name).write_bytes(module.read_bytes())
    load, image = scratch / "load.cfg", scratch / "core.img"
    load.write_text(f"search.fs_uuid {BOOT_UUID} root hd0,gpt3\nset prefix=($root)'/grub2'\n")
    given = ("biosdisk", "part_gpt", "ext2", "xfs", "search_fs_uuid")
    _run("grub-mkimage", "-O", "i386-pc", "-d", GRUB, "-p", "/grub2", "-c", load, "-o", image, *given)
    boot, core = bios_code((GRUB / "boot.img").read_bytes(), image.read_bytes())
    with disk.open("r+b") as file:
        file.write(boot)
        file.seek(BIOS_AT * MIB)
        file.write(core)


def _run(*words: object, given: str | None = None) -> str:
    done = subprocess.run(list(map(str, words)), input=given, check=False, capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"{' '.join(map(str, words))}: {done.stderr}")
    return done.stdout


if __name__ == "__main__":
    with TemporaryDirectory(ignore_cleanup_errors=True) as own:
        sys.stdout.write(_make(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]), sys.argv[4], Path(own)))
