"""A guest's tree as the host's kernel shows it: one piece of code for a plain directory and for a private mount.

Nothing here follows a link out of the tree: every path is resolved by the kernel with the tree's top as its root
(openat2, RESOLVE_IN_ROOT), and changes go through parents that contain no link at all, so a link swapped in between
index and apply is a conflict. FIFOs and devices are never opened: an O_PATH descriptor is looked at first.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from hashlib import sha256

from goldsmith.errors import BuildError
from goldsmith.findings import printable
from goldsmith.guest.change import Change, Link, MakeDirectory, Plan, Remove, SetAttributes, Write
from goldsmith.guest.index import Entry, FileType, Index
from goldsmith.guest.paths import KERNEL_DIRECTORIES, parts, split
from goldsmith.guest.worker.preconditions import check, conflict
from goldsmith.guest.worker.protection import lifted
from goldsmith.guest.worker.reach import reach, resolve
from goldsmith.guest.worker.refusals import told
from goldsmith.guest.worker.syscalls import (
    RESOLVE_IN_ROOT,
    RESOLVE_NO_MAGICLINKS,
    RESOLVE_NO_SYMLINKS,
    openat2,
    sync_filesystem,
)

LABEL = "security.selinux"
CHUNK = 1 << 20
TYPES = {
    stat.S_IFREG: FileType.REGULAR,
    stat.S_IFDIR: FileType.DIRECTORY,
    stat.S_IFLNK: FileType.SYMLINK,
    stat.S_IFIFO: FileType.FIFO,
    stat.S_IFSOCK: FileType.SOCKET,
    stat.S_IFCHR: FileType.CHARACTER,
    stat.S_IFBLK: FileType.BLOCK,
}


class PosixTree:
    """The tree below a directory of the host. A plain user's tree belongs to that user: there, owner 0 means the owner
    of the top directory, and any other owner that the user cannot give is a BuildError.
    """

    def __init__(self, top: str) -> None:
        self._top = os.open(top, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
        self._owner = (0, 0)
        if os.geteuid() != 0:
            top_stat = os.stat(self._top)
            self._owner = (top_stat.st_uid, top_stat.st_gid)

    def close(self) -> None:
        os.close(self._top)

    def index(self, roots: Sequence[str], *, digests: bool) -> Index:
        entries: dict[str, Entry] = {}
        listed: set[str] = set()
        for root in roots:
            reached = reach(root, self._look, entries)
            if reached is not None and entries[reached].is_directory:
                self._walk(reached, entries, listed)
        if digests:
            for entry in tuple(entries.values()):
                if entry.is_regular:
                    entries[entry.path] = replace(entry, digest=self._digest(entry))
        return Index(entries.values())

    def read(self, path: str, limit: int) -> bytes:
        parts(path)
        try:
            found = openat2(self._top, path, os.O_PATH, RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS)
        except OSError as error:
            if error.errno in {errno.ENOENT, errno.ENOTDIR}:
                raise FileNotFoundError(error.errno, os.strerror(error.errno), path) from None
            raise told(error, "read", path) from error
        with _closing(found), _telling("read", path):
            status = os.stat(found)
            if not stat.S_ISREG(status.st_mode):
                raise BuildError(f"cannot read {printable(path)} in the guest: not a regular file")
            if status.st_size > limit:
                raise BuildError(
                    f"cannot read {printable(path)} in the guest: "
                    f"{status.st_size} bytes are more than the limit of {limit}"
                )
            with open(f"/proc/self/fd/{found}", "rb") as file:
                return file.read(limit)

    def apply(self, plan: Plan) -> None:
        for change in plan:
            self._apply(change)

    def sync(self) -> None:
        with _telling("sync", "/"):
            top = os.open(".", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC, dir_fd=self._top)
            with _closing(top):
                sync_filesystem(top)

    def resolve(self, path: str) -> str:
        """The canonical path that `path` leads to, whether its last parts exist or not. Raises BuildError for links
        without end.
        """
        return resolve(path, self._look)

    def open_directory(self, path: str) -> int:
        """A descriptor (O_PATH) of a directory by canonical path, for mounts. Raises OSError."""
        return self._parent(path)

    # -- looking

    def _walk(self, start: str, entries: dict[str, Entry], listed: set[str]) -> None:
        pending = [start]
        while pending:
            path = pending.pop()
            if path in listed or path in KERNEL_DIRECTORIES:
                continue
            listed.add(path)
            with _telling("list", path):
                directory = openat2(
                    self._top,
                    _relative(path),
                    os.O_RDONLY | os.O_DIRECTORY,
                    RESOLVE_IN_ROOT | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS,
                )
                below = "/" if path == "/" else f"{path}/"
                with _closing(directory):
                    for name in os.listdir(directory):
                        entry = _entry(directory, name, below + name)
                        entries[entry.path] = entry
                        if entry.is_directory:
                            pending.append(entry.path)

    def _look(self, path: str) -> Entry | None:
        parent, name = split(path)
        try:
            with _closing(self._parent(parent)) as directory:
                return _entry(directory, name, path)
        except OSError as error:
            if error.errno in {errno.ENOENT, errno.ENOTDIR}:
                return None
            raise told(error, "look at", path) from error

    def _parent(self, path: str) -> int:
        return openat2(
            self._top,
            _relative(path),
            os.O_PATH | os.O_DIRECTORY,
            RESOLVE_IN_ROOT | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS,
        )

    def _digest(self, entry: Entry) -> str:
        parent, name = split(entry.path)
        with _telling("read", entry.path), _closing(self._parent(parent)) as directory:
            found = os.open(name, os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=directory)
            with _closing(found):
                return _digest_of(found)

    # -- changing

    def _apply(self, change: Change) -> None:
        parent, name = split(change.path)
        try:
            directory = self._parent(parent)
        except OSError as error:
            if error.errno in {errno.ELOOP, errno.ENOENT, errno.ENOTDIR}:
                raise conflict(
                    change, f"its parent is not the directory it was ({os.strerror(error.errno)})"
                ) from error
            raise told(error, "change", change.path) from error
        with _closing(directory), _telling("change", change.path):
            before = _look_at(change, directory, name)
            try:
                self._change(change, directory, name, before)
            except OSError as error:
                if error.errno != errno.EPERM:
                    raise
                # Protected files refuse before anything is changed.
                with lifted(directory, name) as was_protected:
                    if not was_protected:
                        raise
                    self._change(change, directory, name, before)

    def _change(self, change: Change, directory: int, name: str, before: Entry | None) -> None:
        match change:
            case Remove():
                _remove(change, directory, name, before)
            case Write():
                self._write(change, directory, name, before)
            case MakeDirectory():
                self._make_directory(change, directory, name, before)
            case SetAttributes():
                self._set_attributes(change, directory, name, before)
            case Link():
                self._link(change, directory, name, before)
            case _:
                raise TypeError(f"no such change: {change!r}")

    def _write(self, change: Write, directory: int, name: str, before: Entry | None) -> None:
        if before is None:
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
            made = os.open(name, flags, 0o600, dir_fd=directory)
            try:
                self._fill(made, change)
            except OSError:
                os.unlink(name, dir_fd=directory)
                raise
            return
        if not before.is_regular:
            raise conflict(change, f"it is a {before.type}, not a regular file")
        found = os.open(name, os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=directory)
        if os.geteuid() != 0 and not before.mode & stat.S_IWUSR:
            os.chmod(f"/proc/self/fd/{found}", before.mode | stat.S_IWUSR)
        with _closing(found), open(f"/proc/self/fd/{found}", "r+b") as file:
            _reserve(file.fileno(), len(change.content), before.size)
            file.write(change.content)
            file.truncate()
            uid = before.uid if change.uid is None else self._owner_of(change.uid, 0)
            gid = before.gid if change.gid is None else self._owner_of(change.gid, 1)
            if (uid, gid) != (before.uid, before.gid):
                os.fchown(file.fileno(), uid, gid)
            # Writing and changing owners clear set-id bits and file capabilities.
            os.fchmod(file.fileno(), before.mode if change.mode is None else change.mode)
            wanted = dict(before.xattrs) | ({LABEL: change.label} if change.label is not None else {})
            _restore_xattrs(f"/proc/self/fd/{found}", wanted)

    def _fill(self, made: int, change: Write) -> None:
        with open(made, "wb") as file:
            file.write(change.content)
            file.flush()
            self._own(made, change.uid or 0, change.gid or 0)
            os.fchmod(made, 0o644 if change.mode is None else change.mode)
            if change.label is not None:
                os.setxattr(made, LABEL, change.label)

    def _make_directory(self, change: MakeDirectory, directory: int, name: str, before: Entry | None) -> None:
        if before is not None:
            raise conflict(change, f"a {before.type} is there already")
        os.mkdir(name, 0o700, dir_fd=directory)
        made = os.open(name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=directory)
        with _closing(made):
            self._own(made, change.uid, change.gid)
            os.fchmod(made, change.mode)

    def _set_attributes(self, change: SetAttributes, directory: int, name: str, before: Entry | None) -> None:
        if before is None:
            raise conflict(change, "nothing is there")
        if before.is_link and change.mode is not None:
            raise BuildError(f"cannot change {printable(change.path)} in the guest: a symbolic link has no mode")
        uid = -1 if change.uid is None else self._owner_of(change.uid, 0)
        gid = -1 if change.gid is None else self._owner_of(change.gid, 1)
        if uid != -1 or gid != -1:
            os.chown(name, uid, gid, dir_fd=directory, follow_symlinks=False)
        # Changing owners clears set-id bits and file capabilities.
        if not before.is_link and (change.mode, change.uid, change.gid) != (None, None, None):
            found = os.open(name, os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=directory)
            with _closing(found):
                os.chmod(f"/proc/self/fd/{found}", before.mode if change.mode is None else change.mode)
                _restore_xattrs(f"/proc/self/fd/{found}", before.xattrs)
        if change.label is not None:
            os.setxattr(f"/proc/self/fd/{directory}/{name}", LABEL, change.label, follow_symlinks=False)

    def _link(self, change: Link, directory: int, name: str, before: Entry | None) -> None:
        if before is None:
            os.symlink(change.target, name, dir_fd=directory)
            self._own_link(name, directory, 0, 0)
            return
        if not before.is_link:
            raise conflict(change, f"it is a {before.type}, not a symbolic link")
        os.unlink(name, dir_fd=directory)
        os.symlink(change.target, name, dir_fd=directory)
        self._own_link(name, directory, before.uid, before.gid)
        _restore_xattrs(f"/proc/self/fd/{directory}/{name}", before.xattrs, follow=False)

    def _own(self, descriptor: int, uid: int, gid: int) -> None:
        os.fchown(descriptor, self._owner_of(uid, 0), self._owner_of(gid, 1))

    def _own_link(self, name: str, directory: int, uid: int, gid: int) -> None:
        os.chown(name, self._owner_of(uid, 0), self._owner_of(gid, 1), dir_fd=directory, follow_symlinks=False)

    def _owner_of(self, wanted: int, which: int) -> int:
        return wanted or self._owner[which]


def _reserve(descriptor: int, size: int, before: int) -> None:
    """Have the room for what will be written over a file, so that a full file system costs none of its content."""
    if size <= before:
        return
    try:
        os.posix_fallocate(descriptor, 0, size)
    except OSError:
        os.ftruncate(descriptor, before)
        raise


def _entry(directory: int, name: str, path: str) -> Entry:
    status = os.stat(name, dir_fd=directory, follow_symlinks=False)
    kind = TYPES[stat.S_IFMT(status.st_mode)]
    return Entry(
        path=path,
        type=kind,
        mode=stat.S_IMODE(status.st_mode),
        uid=status.st_uid,
        gid=status.st_gid,
        size=status.st_size,
        mtime=status.st_mtime_ns,
        inode=status.st_ino,
        links=status.st_nlink,
        target=os.readlink(name, dir_fd=directory) if kind is FileType.SYMLINK else None,
        xattrs=_xattrs(f"/proc/self/fd/{directory}/{name}"),
    )


def _xattrs(path: str, *, follow: bool = False) -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    try:
        for name in os.listxattr(path, follow_symlinks=follow):
            found[name] = os.getxattr(path, name, follow_symlinks=follow)
    except OSError as error:
        # No attributes here, none that we may see, or one that went away meanwhile.
        if error.errno not in {errno.ENOTSUP, errno.EACCES, errno.EPERM, errno.ENODATA}:
            raise
    return found


def _restore_xattrs(path: str, wanted: Mapping[str, bytes], *, follow: bool = True) -> None:
    """Give back the attributes that writing or changing owners took away. Descriptors are named by their magic link."""
    present = _xattrs(path, follow=follow)
    for name, value in wanted.items():
        if present.get(name) != value:
            os.setxattr(path, name, value, follow_symlinks=follow)


def _look_at(change: Change, directory: int, name: str) -> Entry | None:
    """What is at the path of a change now. Raises ConflictError if it is not what the change saw."""
    try:
        before = _entry(directory, name, change.path)
    except FileNotFoundError:
        before = None

    def digest() -> str:
        found = os.open(name, os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=directory)
        with _closing(found):
            return _digest_of(found)

    check(change, before, digest)
    return before


def _remove(change: Remove, directory: int, name: str, before: Entry | None) -> None:
    if before is None:
        raise conflict(change, "nothing is there")
    if not before.is_directory:
        os.unlink(name, dir_fd=directory)
        return
    try:
        os.rmdir(name, dir_fd=directory)
    except OSError as error:
        if error.errno != errno.ENOTEMPTY:
            raise
        raise conflict(change, "the directory is not empty") from error


def _relative(path: str) -> str:
    return path[1:] or "."


def _digest_of(descriptor: int) -> str:
    """The SHA-256 of a regular file, by O_PATH descriptor. Raises BuildError for anything else."""
    if not stat.S_ISREG(os.stat(descriptor).st_mode):
        raise BuildError("what was a regular file of the guest no longer is one")
    digest = sha256()
    with open(f"/proc/self/fd/{descriptor}", "rb", buffering=0) as file:
        while block := file.read(CHUNK):
            digest.update(block)
    return digest.hexdigest()


@contextmanager
def _closing(descriptor: int) -> Iterator[int]:
    try:
        yield descriptor
    finally:
        os.close(descriptor)


@contextmanager
def _telling(action: str, path: str) -> Iterator[None]:
    """Operating system errors of one action on one path become a BuildError of one line."""
    try:
        yield
    except OSError as error:
        raise told(error, action, path) from error
