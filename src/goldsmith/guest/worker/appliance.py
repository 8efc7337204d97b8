"""The guestfs engine's worker: the guest mounted by an appliance of libguestfs, and never by the host's kernel.

The appliance is a virtual machine without a network, unless a guest program asks for one: then it is started again with
one. Guest programs are root there and nowhere else.
"""

from __future__ import annotations

import io
import os
import signal
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import BinaryIO, cast

from goldsmith.disk.filesystem import FileSystemKind
from goldsmith.errors import BuildError, HostError
from goldsmith.findings import printable
from goldsmith.guest.change import Plan
from goldsmith.guest.guest import GuestProgram
from goldsmith.guest.index import Index
from goldsmith.guest.worker import fstab, grow, libguestfs
from goldsmith.guest.worker.appliance_program import run
from goldsmith.guest.worker.appliance_tree import ApplianceTree
from goldsmith.guest.worker.backend import Opening, Program
from goldsmith.guest.worker.libguestfs import Handle
from goldsmith.guest.worker.sockets import forget_dead, forget_own
from goldsmith.guest.worker.volumes import MOUNTABLE, OS_RELEASES, Volume, no_system, read_volumes

DEVICE = "/dev/sda"
OPTIONS = "nosuid,nodev,noatime"
FSTAB = "/etc/fstab"


class Appliance:
    """A guest mounted in an appliance."""

    can_run = True
    can_trim = True

    def __init__(self, opening: Opening) -> None:
        self._opening = opening
        self._network = False
        self._running = False
        self._launch(growing=opening.grow and not opening.read_only)

    def index(self, roots: Sequence[str], *, digests: bool) -> Index:
        return self._tree.index(roots, digests=digests)

    def read(self, path: str, limit: int) -> bytes:
        return self._tree.read(path, limit)

    def apply(self, plan: Plan) -> None:
        self._tree.apply(plan)

    def run(self, program: Program) -> GuestProgram:
        if self._opening.read_only:
            raise BuildError(f"cannot run {program.argv[0]} in the guest: it was opened to be read only")
        if program.network and not self._network:
            self.close()
            self._network = True
            self._launch(growing=False)
        self._running = True
        try:
            return run(self._handle, self._tree, program, networked=self._network)
        finally:
            self._running = False

    def cancel(self) -> None:
        """Only the end of the appliance ends a program in it."""
        if self._running:
            with suppress(OSError):
                os.kill(self._handle.call("get_pid"), signal.SIGKILL)

    def sync(self) -> None:
        with _telling("cannot write to the disk"):
            self._handle.call("sync")

    def trim(self) -> None:
        if self._opening.read_only:
            raise BuildError("cannot trim the guest: it was opened to be read only")
        # ext4 frees blocks at journal commit: what was removed and not yet synced would not be given back.
        self.sync()
        for path in self._mounted:
            with suppress(OSError):
                self._handle.call("fstrim", path, libguestfs.END)

    def close(self) -> None:
        try:
            with _telling("cannot close the guest cleanly"):
                self._handle.call("umount_all")
                self._handle.call("shutdown")
        finally:
            self._handle.close()

    def _launch(self, *, growing: bool) -> None:
        self._handle = Handle()
        try:
            self._start()
            disk = cast("BinaryIO", io.BufferedRandom(_Device(self._handle), 1 << 16))
            volumes = read_volumes(disk, self._opening.name, self._opening.virtual_size)
            root = self._find_root(volumes)
            if growing:
                root = self._grow(disk, root, volumes)
            self._mounted = ["/"]
            self._handle.call("mount_options", self._options(), _node(root), "/")
            if growing and root.filesystem is not None:
                self._grow_mounted(root.filesystem.kind)
            self._tree = ApplianceTree(self._handle, self._opening.folder)
            self._mount_others(volumes, root)
        except OSError as error:
            self._handle.close()
            raise BuildError(f"cannot open the guest of {self._opening.name}: {_said(error)}") from error
        except BaseException:
            self._handle.close()
            raise

    def _start(self) -> None:
        handle, opening = self._handle, self._opening
        os.makedirs(opening.cache, exist_ok=True)
        forget_dead()
        try:
            handle.call("set_backend", "direct")
            if not opening.accelerated:
                handle.call("set_backend_setting", "force_tcg", "1")
            handle.call("set_tmpdir", opening.folder)
            handle.call("set_cachedir", opening.cache)
            handle.call("set_smp", min(2, os.cpu_count() or 1))
            handle.call("set_network", int(self._network))
            handle.call("set_identifier", "goldsmith")
            top = opening.chain[0]
            access = (
                (libguestfs.ADD_DRIVE_READONLY, 1) if opening.read_only else (libguestfs.ADD_DRIVE_DISCARD, "enable")
            )
            handle.call("add_drive_opts", top.path, libguestfs.ADD_DRIVE_FORMAT, top.format, *access, libguestfs.END)
            handle.call("launch")
        except OSError as error:
            raise HostError(
                f"libguestfs cannot start its appliance: {_said(error)}",
                hint="goldsmith doctor says what is missing; libguestfs-test-tool shows the appliance's own messages",
            ) from error
        forget_own()

    def _find_root(self, volumes: Sequence[Volume]) -> Volume:
        refused = []
        for volume in volumes:
            if volume.filesystem is None or volume.filesystem.kind not in MOUNTABLE:
                continue
            try:
                self._handle.call("mount_options", f"{OPTIONS},ro", _node(volume), "/")
            except OSError as error:
                refused.append(f"{volume} cannot be mounted: {_said(error)}")
                continue
            found = any(self._is_there(f"/{path}") for path in OS_RELEASES)
            self._handle.call("umount_all")
            if found:
                return volume
        raise no_system(self._opening.name, volumes, refused)

    def _is_there(self, path: str) -> bool:
        try:
            self._handle.status(path)
        except OSError:
            return False
        return True

    def _options(self) -> str:
        return f"{OPTIONS},ro" if self._opening.read_only else OPTIONS

    def _grow(self, disk: BinaryIO, root: Volume, volumes: Sequence[Volume]) -> Volume:
        larger = grow.partition(disk, root, volumes, self._opening.virtual_size)
        if larger != root:
            self._handle.call("blockdev_rereadpt", DEVICE)
        if root.filesystem is not None and root.filesystem.kind.is_ext:
            self._handle.call("e2fsck", _node(root), libguestfs.E2FSCK_CORRECT, 1, libguestfs.END)
            self._handle.call("resize2fs", _node(root))
        return larger

    def _grow_mounted(self, kind: FileSystemKind) -> None:
        if kind is FileSystemKind.XFS:
            self._handle.call("xfs_growfs", "/", libguestfs.XFS_GROWFS_DATA, 1, libguestfs.END)
        elif kind is FileSystemKind.BTRFS:
            self._handle.call("btrfs_filesystem_resize", "/", libguestfs.END)

    def _mount_others(self, volumes: Sequence[Volume], root: Volume) -> None:
        try:
            content = self._tree.read(FSTAB, 1 << 20)
        except FileNotFoundError:
            return
        for place in fstab.places(content, volumes):
            kind = place.volume.filesystem.kind if place.volume.filesystem is not None else None
            is_root = place.volume.number == root.number and not place.subvolume
            if is_root or not (kind in MOUNTABLE or kind is FileSystemKind.VFAT):
                continue
            if self._tree.resolve(place.path) != place.path or not self._tree.is_directory(place.path):
                continue
            subvolume = f",subvol={place.subvolume}" if place.subvolume and "," not in place.subvolume else ""
            self._handle.call("mount_options", self._options() + subvolume, _node(place.volume), place.path)
            self._mounted.append(place.path)


def _node(volume: Volume) -> str:
    return f"{DEVICE}{volume.number}" if volume.number else DEVICE


class _Device(io.RawIOBase):
    """The appliance's view of the whole disk as a file: our own readers of tables and superblocks work on it."""

    # More than the protocol's limit of 4 MiB for one message does not fit.
    LARGEST = 1 << 20
    name = DEVICE

    def __init__(self, handle: Handle) -> None:
        self._handle = handle
        self._at = 0
        self._size = handle.call_int64("blockdev_getsize64", DEVICE)

    def readable(self) -> bool:
        return True

    def writable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        self._at = offset + {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: self._size}[whence]
        return self._at

    def tell(self) -> int:
        return self._at

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        size = max(0, min(len(buffer), self.LARGEST, self._size - self._at))
        if size == 0:
            return 0
        content = self._handle.pread_device(DEVICE, size, self._at)
        buffer[: len(content)] = content
        self._at += len(content)
        return len(content)

    def write(self, content: memoryview) -> int:  # type: ignore[override]
        written = self._handle.pwrite_device(DEVICE, bytes(content[: self.LARGEST]), self._at)
        self._at += written
        return written


def _said(error: OSError) -> str:
    return printable(error.strerror or str(error))


@contextmanager
def _telling(what: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise BuildError(f"{what}: {_said(error)}") from error
