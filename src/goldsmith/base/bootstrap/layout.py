"""The disk around the tree: GPT, EFI system partition, ext4 root, BIOS boot code; numbered like official cloud images.

Everything is done on a plain file: no loop device, no mount, no root.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from pathlib import Path

from goldsmith.base.bootstrap.guestfiles import grub_search
from goldsmith.base.bootstrap.ids import Ids
from goldsmith.base.hashing import is_zero
from goldsmith.base.identity import Identity
from goldsmith.disk.limits import failure, full_disk_as_host_error, limited
from goldsmith.errors import BuildError
from goldsmith.run import run

SECTOR = 512
MIB = 1 << 20
TIMEOUT = 600.0
# From the start of the disk, in MiB: 14 BIOS boot, 15 EFI system, 1 root to the end (less the backup table).
BIOS_AT, ESP_AT, ROOT_AT = 1, 4, 128
TYPES = {
    14: "21686148-6449-6E6F-744E-656564454649",
    15: "C12A7328-F81F-11D2-BA4B-00A0C93EC93B",
    1: "4F68BCE3-E8CD-4DB1-96E7-FBCAF984B709",  # root (x86-64), by the Discoverable Partitions Specification
}
# Static nodes, so that a program in a plain chroot does not make a file of /dev/null: name, major, minor, mode.
NODES = (
    ("null", 1, 3, 0o666), ("zero", 1, 5, 0o666), ("full", 1, 7, 0o666), ("random", 1, 8, 0o666),
    ("urandom", 1, 9, 0o666), ("tty", 5, 0, 0o666), ("console", 5, 1, 0o600), ("ptmx", 5, 2, 0o666),
)  # fmt: skip
LINKS = (("fd", "/proc/self/fd"), ("stdin", "/proc/self/fd/0"), ("stdout", "/proc/self/fd/1"),
         ("stderr", "/proc/self/fd/2"))  # fmt: skip
APT_FOLDERS = ("var/lib/apt/lists/partial", "var/cache/apt/archives/partial")
# Shim and GRUB as grub-install --uefi-secure-boot lays them out: the removable path needs no entry in the firmware.
EFI_FILES = (
    ("usr/lib/shim/shimx64.efi.signed", ("EFI/BOOT/BOOTX64.EFI", "EFI/debian/shimx64.efi")),
    ("usr/lib/shim/mmx64.efi.signed", ("EFI/BOOT/mmx64.efi", "EFI/debian/mmx64.efi")),
    ("usr/lib/grub/x86_64-efi-signed/grubx64.efi.signed", ("EFI/BOOT/grubx64.efi", "EFI/debian/grubx64.efi")),
)
BOOT_CODE = 440
# boot.img: the sector of the core image (64 bits), and a jump that GRUB replaces by two NOPs for hard disks.
KERNEL_SECTOR_AT, DRIVE_CHECK_AT = 0x5C, 0x66
# The core's first sector ends with its block list: start, sectors, segment to load it at.
BLOCK_LIST_AT, CORE_SEGMENT = 500, 0x820


@dataclass(frozen=True, slots=True)
class Layout:
    """Where the partitions lie on a disk of `size` bytes; offsets and sizes in bytes."""

    size: int

    @property
    def root_offset(self) -> int:
        return ROOT_AT * MIB

    @property
    def root_size(self) -> int:
        return self.size - self.root_offset - MIB

    def table(self) -> str:
        """Sfdisk's script, in sectors."""
        rows = (
            (14, BIOS_AT * MIB, (ESP_AT - BIOS_AT) * MIB),
            (15, ESP_AT * MIB, (ROOT_AT - ESP_AT) * MIB),
            (1, self.root_offset, self.root_size),
        )
        return "label: gpt\n" + "".join(
            f"{number}: start={offset // SECTOR}, size={size // SECTOR}, type={TYPES[number]}\n"
            for number, offset, size in rows
        )


def write_disk(disk: Path, layout: Layout, tree: Path, ids: Ids, identity: Identity) -> None:
    """A bootable raw disk in the new file `disk`. Raises HostError where there is no space, ProcessError else."""
    with full_disk_as_host_error(disk.parent, "writing the bootstrapped disk"):
        with disk.open("xb") as file:
            file.truncate(layout.size)
        _run(["sfdisk", "--quiet", "--no-reread", "--no-tell-kernel", str(disk)], disk, stdin=layout.table().encode())
        _write_root(disk, layout, tree, ids, identity)
        _write_esp(disk, tree, ids)
        _write_bios(disk, tree)


def _write_root(disk: Path, layout: Layout, tree: Path, ids: Ids, identity: Identity) -> None:
    # As root mmdebstrap makes device nodes, as a plain user it cannot: both get the same ones below.
    _run([*identity.prefix, "find", str(tree / "dev"), "-mindepth", "1", "-delete"], disk)
    # apt gave them to its own user where that one could reach the tree, and takes them again when it runs.
    _run([*identity.prefix, "chown", "--no-dereference", "0:0", *(str(tree / path) for path in APT_FOLDERS)], disk)
    argv = [
        *identity.prefix,
        "mke2fs", "-q", "-F", "-t", "ext4", "-b", "4096", "-U", ids.root,
        # GRUB 2.06 cannot read the first; e2fsprogs newer than the guest's turns both on.
        "-O", "^metadata_csum_seed,^orphan_file",
        "-E", f"offset={layout.root_offset},root_owner=0:0,assume_storage_prezeroed=1",
        "-d", str(tree), str(disk), f"{layout.root_size // 1024}k",
    ]  # fmt: skip
    _run(argv, disk)
    _run(["debugfs", "-w", "-f", "-", f"{disk}?offset={layout.root_offset}"], disk, stdin=device_script().encode())
    _run(["e2fsck", "-fn", f"{disk}?offset={layout.root_offset}"], disk)


def device_script() -> str:
    """Debugfs commands for /dev: a plain user's mmdebstrap cannot make nodes, so nobody's does."""
    lines = ["cd /dev"]
    for name, major, minor, mode in NODES:
        lines += [f"mknod {name} c {major} {minor}", f"sif {name} mode 0{0o020000 | mode:o}"]
    lines += [f"symlink {name} {target}" for name, target in LINKS]
    lines += ["mkdir pts", "sif pts mode 040755", "mkdir shm", "sif shm mode 041777"]
    return "\n".join(lines) + "\n"


def _write_esp(disk: Path, tree: Path, ids: Ids) -> None:
    esp = disk.with_suffix(".esp")
    config = disk.with_suffix(".grub.cfg")
    config.write_text(grub_search(ids) + "configfile $prefix/grub.cfg\n", encoding="ascii")
    with esp.open("xb") as file:
        file.truncate((ROOT_AT - ESP_AT) * MIB)
    _run(["mkfs.vfat", "-i", ids.esp.replace("-", ""), str(esp)], disk)
    _run(["mmd", "-i", str(esp), "::EFI", "::EFI/BOOT", "::EFI/debian"], disk)
    copies = [(tree / source, target) for source, targets in EFI_FILES for target in targets]
    for source, target in (*copies, (config, "EFI/debian/grub.cfg")):
        _run(["mcopy", "-i", str(esp), str(source), f"::{target}"], disk)
    with esp.open("rb") as source_file, disk.open("r+b") as target_file:
        at = ESP_AT * MIB
        while chunk := source_file.read(MIB):
            if not is_zero(chunk):
                target_file.seek(at)
                target_file.write(chunk)
            at += len(chunk)
    esp.unlink()
    config.unlink()


def _write_bios(disk: Path, tree: Path) -> None:
    boot, core = bios_code(
        (tree / "boot/grub/i386-pc/boot.img").read_bytes(), (tree / "boot/grub/i386-pc/core.img").read_bytes()
    )
    with disk.open("r+b") as file:
        file.write(boot)
        file.seek(BIOS_AT * MIB)
        file.write(core)


def bios_code(boot_image: bytes, core_image: bytes) -> tuple[bytes, bytes]:
    """The disk's first 440 bytes, and the BIOS boot partition's content: what grub-install would embed."""
    if len(boot_image) != SECTOR or not SECTOR < len(core_image) <= (ESP_AT - BIOS_AT) * MIB:
        raise BuildError(f"GRUB made boot code of {len(boot_image)} and {len(core_image)} bytes, which does not fit")
    first = BIOS_AT * MIB // SECTOR
    boot = bytearray(boot_image)
    struct.pack_into("<Q", boot, KERNEL_SECTOR_AT, first)
    boot[DRIVE_CHECK_AT : DRIVE_CHECK_AT + 2] = b"\x90\x90"
    core = bytearray(core_image)
    sectors = -(-len(core) // SECTOR)
    struct.pack_into("<QHH", core, BLOCK_LIST_AT, first + 1, sectors - 1, CORE_SEGMENT)
    return bytes(boot[:BOOT_CODE]), bytes(core)


def _run(argv: list[str], disk: Path, stdin: bytes | None = None) -> None:
    done = run(limited(argv), timeout=TIMEOUT, check=False, stdin=stdin)
    if done.returncode != 0:
        raise failure(argv[0], done.returncode, done.tail(), folder=disk.parent, what="writing the bootstrapped disk")
