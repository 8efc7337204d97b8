"""The mount engine's worker: the guest's file systems mounted by the host's kernel, for this process tree alone.

It runs as PID 1 of a private PID namespace: when it dies, so does everything it started, and with the last of them go
the mounts, the loop devices (which detach themselves) and the FUSE export. There are two private mount namespaces: the
outer one has the FUSE export, the inner one also the guest.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import ExitStack, suppress

from goldsmith.disk.filesystem import FileSystemKind
from goldsmith.errors import BuildError
from goldsmith.guest.change import Plan
from goldsmith.guest.guest import GuestProgram
from goldsmith.guest.index import Index
from goldsmith.guest.worker import fstab, grow, syscalls
from goldsmith.guest.worker.backend import Opening, Program
from goldsmith.guest.worker.container import Container
from goldsmith.guest.worker.posix_tree import PosixTree
from goldsmith.guest.worker.storage import exported
from goldsmith.guest.worker.volumes import MOUNTABLE, OS_RELEASES, Volume, no_system, read_volumes

FSTAB = "/etc/fstab"
SAFE = syscalls.MS_NOSUID | syscalls.MS_NODEV | syscalls.MS_NOATIME


class Mounted:
    """A guest mounted below a tmpfs of this worker's own: `disk` is the raw export, `root` the guest's root."""

    can_run = True
    can_trim = True

    def __init__(self, opening: Opening) -> None:
        self._opening = opening
        self._flags = SAFE | (syscalls.MS_RDONLY if opening.read_only else 0)
        self._mounts: list[str] = []
        with ExitStack() as stack:
            private = os.path.join(opening.folder, "private")
            os.mkdir(private, 0o711)
            syscalls.mount("tmpfs", private, "tmpfs", syscalls.MS_NOSUID | syscalls.MS_NODEV, "mode=0711")
            self._root = os.path.join(private, "root")
            os.mkdir(self._root, 0o755)
            self._raw = stack.enter_context(exported(opening, private))
            # The storage daemon must not hold the guest's mounts: if it were the last to die, it would wait for itself
            # to write what they still hold, for ever (task work of an exiting task runs mounts' ends before files').
            syscalls.own_mount_namespace()
            stack.callback(self._unmount_all)
            with open(self._raw, "r+b") as raw:
                volumes = read_volumes(raw, opening.name, opening.virtual_size)
                root = self._find_root(volumes)
                growing = opening.grow and not opening.read_only
                if growing:
                    root = grow.partition(raw, root, volumes, opening.virtual_size)
            self._mount(root, self._root, growing=growing)
            self._tree = PosixTree(self._root)
            stack.callback(self._tree.close)
            self._mount_others(volumes, root)
            self._container = Container(self._root, private, self._tree)
            stack.callback(self._container.close)
            self._stack = stack.pop_all()

    def index(self, roots: Sequence[str], *, digests: bool) -> Index:
        return self._tree.index(roots, digests=digests)

    def read(self, path: str, limit: int) -> bytes:
        return self._tree.read(path, limit)

    def apply(self, plan: Plan) -> None:
        self._tree.apply(plan)

    def run(self, program: Program) -> GuestProgram:
        if self._opening.read_only:
            raise BuildError(f"cannot run {program.argv[0]} in the guest: it was opened to be read only")
        return self._container.run(program)

    def cancel(self) -> None:
        self._container.cancel()

    def sync(self) -> None:
        for path in self._mounts:
            with _Directory(path) as directory:
                try:
                    syscalls.sync_filesystem(directory)
                except OSError as error:
                    raise BuildError(
                        f"cannot write to {self._opening.name}: {error.strerror}",
                        hint="the host's disk may be full",
                    ) from error

    def trim(self) -> None:
        if self._opening.read_only:
            raise BuildError("cannot trim the guest: it was opened to be read only")
        # ext4 frees blocks at journal commit: what was removed and not yet synced would not be given back.
        self.sync()
        for path in self._mounts:
            with _Directory(path) as directory, suppress(OSError):
                syscalls.trim_filesystem(directory)

    def close(self) -> None:
        try:
            if not self._opening.read_only:
                self.sync()
        finally:
            self._stack.close()

    def _find_root(self, volumes: Sequence[Volume]) -> Volume:
        refused = []
        for volume in volumes:
            if volume.filesystem is None or volume.filesystem.kind not in MOUNTABLE:
                continue
            try:
                self._mount(volume, self._root, read_only=True)
            except OSError as error:
                refused.append(f"{volume} cannot be mounted: {error.strerror}")
                continue
            found = any(os.path.lexists(os.path.join(self._root, path)) for path in OS_RELEASES)
            self._unmount_all()
            if found:
                return volume
        raise no_system(self._opening.name, volumes, refused)

    def _mount(
        self, volume: Volume, target: str, *, read_only: bool = False, growing: bool = False, subvolume: str = ""
    ) -> None:
        assert volume.filesystem is not None
        kind, options = _kind_and_options(volume.filesystem.kind, subvolume)
        with open(self._raw, "r+b") as raw:
            device, name = syscalls.attach_loop(raw.fileno(), volume.offset, volume.size, read_only=False)
        try:
            if growing and volume.filesystem.kind.is_ext:
                grow.ext(name)
            syscalls.mount(name, target, kind, self._flags | (syscalls.MS_RDONLY if read_only else 0), options)
        finally:
            os.close(device)
        self._mounts.append(target)
        if growing and not volume.filesystem.kind.is_ext:
            grow.mounted(volume.filesystem.kind, target)

    def _mount_others(self, volumes: Sequence[Volume], root: Volume) -> None:
        try:
            content = self._tree.read(FSTAB, 1 << 20)
        except FileNotFoundError:
            return
        for place in fstab.places(content, volumes):
            kind = place.volume.filesystem.kind if place.volume.filesystem is not None else None
            if kind not in {*MOUNTABLE, FileSystemKind.VFAT} or (
                place.volume.number == root.number and not place.subvolume
            ):
                continue
            if kind is FileSystemKind.VFAT and not _kernel_knows("vfat"):
                continue
            try:
                directory = self._tree.open_directory(place.path)
            except OSError:
                # systemd would make a missing mount point; nothing of the guest's lies there yet.
                continue
            with _Descriptor(directory):
                try:
                    self._mount(place.volume, f"/proc/self/fd/{directory}", subvolume=place.subvolume)
                except OSError as error:
                    raise BuildError(f"cannot mount {place.volume} at {place.path}: {error.strerror}") from error
            self._mounts[-1] = self._root + place.path

    def _unmount_all(self) -> None:
        while self._mounts:
            path = self._mounts.pop()
            try:
                syscalls.unmount(path)
            except OSError as error:
                raise BuildError(f"cannot unmount the guest of {self._opening.name}: {error.strerror}") from error


def _kind_and_options(kind: FileSystemKind, subvolume: str) -> tuple[str, str]:
    """The kernel's name of a file system and mount options. A damaged file system must not stop the host, whatever its
    superblock asks for (ext4's may say: panic).
    """
    if kind.is_ext:
        return "ext4", "errors=remount-ro"
    if kind is FileSystemKind.XFS:
        return "xfs", "nouuid"
    if kind is FileSystemKind.BTRFS:
        return "btrfs", f"subvol={subvolume}" if subvolume and "," not in subvolume else ""
    return "vfat", "umask=0077,errors=remount-ro"


def _kernel_knows(kind: str) -> bool:
    with open("/proc/filesystems", encoding="ascii") as file:
        return kind in file.read().split()


class _Descriptor:
    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def __enter__(self) -> int:
        return self._descriptor

    def __exit__(self, *_: object) -> None:
        os.close(self._descriptor)


class _Directory(_Descriptor):
    def __init__(self, path: str) -> None:
        super().__init__(os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC))
