"""A guest's tree as a libguestfs appliance shows it: the same index and the same changes as `posix_tree`.

The appliance resolves every path in a chroot on the guest's root. Nothing else runs there meanwhile, so looking at a
path and then changing it is one step.
"""

from __future__ import annotations

import contextlib
import errno
import os
import posixpath
import stat
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from hashlib import sha256

from goldsmith.errors import BuildError
from goldsmith.findings import printable
from goldsmith.guest.change import Change, Link, MakeDirectory, Plan, Remove, SetAttributes, Write
from goldsmith.guest.index import Entry, Index
from goldsmith.guest.paths import KERNEL_DIRECTORIES, in_kernel_directory, parts, split
from goldsmith.guest.worker.libguestfs import END, SET_E2ATTRS_CLEAR, Handle, Status
from goldsmith.guest.worker.posix_tree import LABEL, TYPES
from goldsmith.guest.worker.preconditions import check, conflict
from goldsmith.guest.worker.reach import reach, resolve
from goldsmith.guest.worker.refusals import told

# Reading a file and digesting it here is quicker than a program in the appliance, up to about this size (bytes).
READ_TO_DIGEST = 1 << 20


class ApplianceTree:
    """The tree below `/` of a handle whose guest is mounted. `folder` is on the host, for lists that are passed."""

    def __init__(self, handle: Handle, folder: str) -> None:
        self._handle = handle
        self._folder = folder

    def index(self, roots: Sequence[str], *, digests: bool) -> Index:
        entries: dict[str, Entry] = {}
        listed: list[str] = []
        for root in roots:
            reached = reach(root, self._look, entries)
            if reached is None or not entries[reached].is_directory or reached in KERNEL_DIRECTORIES:
                continue
            if not any(reached == done or reached.startswith(done.rstrip("/") + "/") for done in listed):
                listed.append(reached)
                self._list(reached, entries)
        if digests:
            for entry in tuple(entries.values()):
                if entry.is_regular:
                    entries[entry.path] = replace(entry, digest=self._digest(entry))
        return Index(entries.values())

    def read(self, path: str, limit: int) -> bytes:
        parts(path)
        with _telling("read", path):
            try:
                canonical = self._handle.call_text("realpath", path)
                status = self._handle.status(canonical)
            except OSError as error:
                if error.errno in {errno.ENOENT, errno.ENOTDIR}:
                    raise FileNotFoundError(error.errno, os.strerror(error.errno), path) from None
                raise
            if not stat.S_ISREG(status.mode):
                raise BuildError(f"cannot read {printable(path)} in the guest: not a regular file")
            if status.size > limit:
                raise BuildError(
                    f"cannot read {printable(path)} in the guest: "
                    f"{status.size} bytes are more than the limit of {limit}"
                )
            return self._handle.read(canonical, status.size)

    def apply(self, plan: Plan) -> None:
        real: set[str] = set()
        for change in plan:
            self._apply(change, real)
            if isinstance(change, Remove | Link):
                real = {path for path in real if path != change.path and not path.startswith(change.path + "/")}

    def resolve(self, path: str) -> str:
        """The canonical path that `path` leads to, whether its last parts exist or not."""
        return resolve(path, self._look)

    def is_directory(self, path: str) -> bool:
        entry = self._look(path)
        return entry is not None and entry.is_directory

    # -- looking

    def _look(self, path: str) -> Entry | None:
        try:
            status = self._handle.status(path)
        except OSError as error:
            if error.errno in {errno.ENOENT, errno.ENOTDIR}:
                return None
            raise told(error, "look at", path) from error
        with _telling("look at", path):
            target = self._handle.call_text("readlink", path) if stat.S_ISLNK(status.mode) else None
            return _entry(path, status, target, self._xattrs(path))

    def _list(self, root: str, entries: dict[str, Entry]) -> None:
        with _telling("list", root):
            directories: dict[str, list[str]] = {}
            for path in self._found(root):
                if not in_kernel_directory(path):
                    parent, name = split(path)
                    directories.setdefault(parent, []).append(name)
            for directory, names in directories.items():
                for entry in self._list_directory(directory, names):
                    entries[entry.path] = entry

    def _found(self, root: str) -> Iterator[str]:
        """Canonical paths below a directory, in no order."""
        listing = os.path.join(self._folder, "listing")
        self._handle.call("find0", root, listing)
        with open(listing, "rb") as file:
            content = file.read()
        os.unlink(listing)
        # Below "/" the names are relative, below any other directory they begin with a slash (libguestfs 1.48).
        for name in content.split(b"\0"):
            if name:
                yield posixpath.join(root, os.fsdecode(name.lstrip(b"/")))

    def _list_directory(self, directory: str, names: list[str]) -> Iterator[Entry]:
        statuses = self._handle.statuses(directory, names)
        links = [name for name, status in zip(names, statuses, strict=True) if stat.S_ISLNK(status.mode)]
        targets = self._handle.call_list("readlinklist", directory, links) if links else []
        target_of = dict(zip(links, targets, strict=True))
        xattrs = self._xattrs_of(directory, names)
        for name, status in zip(names, statuses, strict=True):
            yield _entry(posixpath.join(directory, name), status, target_of.get(name), xattrs.get(name, {}))

    def _xattrs(self, path: str) -> dict[str, bytes]:
        try:
            return dict(self._handle.attributes("lgetxattrs", path))
        except OSError as error:
            if error.errno == errno.ENOTSUP:
                return {}
            raise

    def _xattrs_of(self, directory: str, names: list[str]) -> dict[str, dict[str, bytes]]:
        """A flat list: for each name an attribute without a name, whose value counts those that follow."""
        try:
            rows = iter(self._handle.attributes("lxattrlist", directory, names))
        except OSError as error:
            if error.errno == errno.ENOTSUP:
                return {}
            raise
        found: dict[str, dict[str, bytes]] = {}
        for name, (_, count) in zip(names, rows, strict=False):
            found[name] = dict(next(rows) for _ in range(int(count.rstrip(b"\0") or b"0")))
        return found

    def _digest(self, entry: Entry) -> str:
        with _telling("read", entry.path):
            if entry.size == 0:
                return sha256().hexdigest()
            if entry.size <= READ_TO_DIGEST:
                return sha256(self._handle.read(entry.path, entry.size)).hexdigest()
            return self._handle.call_text("checksum", "sha256", entry.path)

    # -- changing

    def _apply(self, change: Change, real: set[str]) -> None:
        parent, _ = split(change.path)
        if parent not in real:
            if resolve(parent, self._look) != parent or not self.is_directory(parent):
                raise conflict(change, "its parent is not the directory it was")
            real.add(parent)
        before = self._look(change.path)
        check(change, before, lambda: self._digest(before) if before is not None else "")
        with _telling("change", change.path):
            try:
                self._change(change, before)
            except OSError as error:
                if error.errno != errno.EPERM:
                    raise
                # Protected files refuse before anything is changed.
                with self._lifted(parent, before) as was_protected:
                    if not was_protected:
                        raise
                    self._change(change, before)

    @contextlib.contextmanager
    def _lifted(self, parent: str, before: Entry | None) -> Iterator[bool]:
        """As `protection.lifted`: immutable and append-only files are neither for the one change."""
        paths = [parent]
        if before is not None and (before.is_regular or before.is_directory):
            paths.append(before.path)
        flags = {path: set(self._handle.call_text("get_e2attrs", path)) & set("ai") for path in paths}
        protected = {path: "".join(sorted(each)) for path, each in flags.items() if each}
        for path, each in protected.items():
            self._handle.call("set_e2attrs", path, each, SET_E2ATTRS_CLEAR, 1, END)
        try:
            yield bool(protected)
        finally:
            for path, each in reversed(protected.items()):
                if self._look(path) is not None:
                    self._handle.call("set_e2attrs", path, each, END)

    def _change(self, change: Change, before: Entry | None) -> None:
        match change:
            case Remove():
                self._remove(change, before)
            case Write():
                self._write(change, before)
            case MakeDirectory():
                self._make_directory(change, before)
            case SetAttributes():
                self._set_attributes(change, before)
            case Link():
                self._link(change, before)
            case _:
                raise TypeError(f"no such change: {change!r}")

    def _remove(self, change: Remove, before: Entry | None) -> None:
        if before is None:
            raise conflict(change, "nothing is there")
        if not before.is_directory:
            self._handle.call("rm", change.path)
            return
        try:
            self._handle.call("rmdir", change.path)
        except OSError as error:
            if error.errno != errno.ENOTEMPTY:
                raise
            raise conflict(change, "the directory is not empty") from error

    def _write(self, change: Write, before: Entry | None) -> None:
        if before is not None and not before.is_regular:
            raise conflict(change, f"it is a {before.type}, not a regular file")
        self._fill(change.path, change.content, before)
        uid, gid = (before.uid, before.gid) if before is not None else (0, 0)
        mode = before.mode if before is not None else 0o644
        if before is None or change.uid is not None or change.gid is not None:
            wanted = (uid if change.uid is None else change.uid, gid if change.gid is None else change.gid)
            self._handle.call("lchown", *wanted, change.path)
        # Writing and changing owners clear set-id bits and file capabilities.
        self._handle.call("chmod", mode if change.mode is None else change.mode, change.path)
        wanted_xattrs = dict(before.xattrs) if before is not None else {}
        if change.label is not None:
            wanted_xattrs[LABEL] = change.label
        if wanted_xattrs:
            self._restore_xattrs(change.path, wanted_xattrs)

    def _fill(self, path: str, content: bytes, before: Entry | None) -> None:
        """A full file system costs nothing: a new file goes again, an old one gets back what it held."""
        if before is not None and before.size >= len(content):
            self._handle.write(path, content)
            return
        held = self.read(path, before.size) if before is not None else None
        try:
            self._handle.write(path, content)
        except OSError:
            if held is None:
                with contextlib.suppress(OSError):
                    self._handle.call("rm", path)
            else:
                self._handle.write(path, held)
            raise

    def _make_directory(self, change: MakeDirectory, before: Entry | None) -> None:
        if before is not None:
            raise conflict(change, f"a {before.type} is there already")
        self._handle.call("mkdir_mode", change.path, 0o700)
        self._handle.call("lchown", change.uid, change.gid, change.path)
        self._handle.call("chmod", change.mode, change.path)

    def _set_attributes(self, change: SetAttributes, before: Entry | None) -> None:
        if before is None:
            raise conflict(change, "nothing is there")
        if before.is_link and change.mode is not None:
            raise BuildError(f"cannot change {printable(change.path)} in the guest: a symbolic link has no mode")
        if change.uid is not None or change.gid is not None:
            uid = before.uid if change.uid is None else change.uid
            gid = before.gid if change.gid is None else change.gid
            self._handle.call("lchown", uid, gid, change.path)
        if not before.is_link and (change.mode, change.uid, change.gid) != (None, None, None):
            self._handle.call("chmod", before.mode if change.mode is None else change.mode, change.path)
            self._restore_xattrs(change.path, dict(before.xattrs))
        if change.label is not None:
            self._handle.set_xattr(change.path, LABEL, change.label)

    def _link(self, change: Link, before: Entry | None) -> None:
        if before is not None:
            if not before.is_link:
                raise conflict(change, f"it is a {before.type}, not a symbolic link")
            self._handle.call("rm", change.path)
        self._handle.call("ln_s", change.target, change.path)
        if before is not None:
            self._handle.call("lchown", before.uid, before.gid, change.path)
            self._restore_xattrs(change.path, dict(before.xattrs))

    def _restore_xattrs(self, path: str, wanted: dict[str, bytes]) -> None:
        present = self._xattrs(path) if wanted else {}
        for name, value in wanted.items():
            if present.get(name) != value:
                self._handle.set_xattr(path, name, value)


def _entry(path: str, status: Status, target: str | None, xattrs: dict[str, bytes]) -> Entry:
    return Entry(
        path=path,
        type=TYPES[stat.S_IFMT(status.mode)],
        mode=stat.S_IMODE(status.mode),
        uid=status.uid,
        gid=status.gid,
        size=status.size,
        mtime=status.mtime_sec * 1_000_000_000 + status.mtime_nsec,
        inode=status.ino,
        links=status.nlink,
        target=target,
        xattrs=xattrs,
    )


@contextmanager
def _telling(action: str, path: str) -> Iterator[None]:
    try:
        yield
    except FileNotFoundError as error:
        if error.filename is not None:
            raise
        raise told(error, action, path) from error
    except OSError as error:
        raise told(error, action, path) from error
