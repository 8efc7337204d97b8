"""libguestfs by its C interface, with paths as bytes.

The Python binding takes only text that is UTF-8: a guest with one other name could not be listed, let alone cleaned.
It also loads into one minor version of Python only. The C interface is stable and documented (guestfs(3)).
"""

from __future__ import annotations

import ctypes
import errno
import os
from collections.abc import Sequence
from typing import Any

LIBRARY = "libguestfs.so.0"
NO_CLOSE_ON_EXIT = 2
PIECE = 1 << 20
# Names of optional arguments, and the end of a list of them, as in guestfs.h.
ADD_DRIVE_READONLY, ADD_DRIVE_FORMAT, ADD_DRIVE_DISCARD = 0, 1, 10
E2FSCK_CORRECT, E2FSCK_FORCE_ALL = 0, 1
XFS_GROWFS_DATA = 0
SET_E2ATTRS_CLEAR = 0
END = -1

Argument = str | bytes | int | ctypes.c_int64 | ctypes.c_size_t | ctypes.Array[ctypes.c_char] | Sequence[str]


class Status(ctypes.Structure):
    """The structure guestfs_statns."""

    _fields_ = [
        (name, ctypes.c_int64)
        for name in (
            "dev", "ino", "mode", "nlink", "uid", "gid", "rdev", "size", "blksize", "blocks",
            "atime_sec", "atime_nsec", "mtime_sec", "mtime_nsec", "ctime_sec", "ctime_nsec",
            "spare1", "spare2", "spare3", "spare4", "spare5", "spare6",
        )
    ]  # fmt: skip


class Attribute(ctypes.Structure):
    """The structure guestfs_xattr."""

    _fields_ = [
        ("name", ctypes.c_char_p),
        ("length", ctypes.c_uint32),
        ("value", ctypes.c_void_p),
    ]


class _StatusList(ctypes.Structure):
    _fields_ = [("length", ctypes.c_uint32), ("values", ctypes.POINTER(Status))]


class _AttributeList(ctypes.Structure):
    _fields_ = [("length", ctypes.c_uint32), ("values", ctypes.POINTER(Attribute))]


class Handle:
    """One libguestfs handle. Every method raises OSError with libguestfs's own message where the library fails."""

    def __init__(self) -> None:
        self._library = ctypes.CDLL(LIBRARY)
        self._libc = ctypes.CDLL(None)
        self._library.guestfs_create_flags.restype = ctypes.c_void_p
        self._library.guestfs_last_error.restype = ctypes.c_char_p
        self._handle: ctypes.c_void_p | None = ctypes.c_void_p(self._library.guestfs_create_flags(NO_CLOSE_ON_EXIT))
        # Errors are raised, not printed.
        self._library.guestfs_set_error_handler(self._handle, None, None)

    def close(self) -> None:
        if self._handle is not None:
            self._library.guestfs_close(self._handle)
            self._handle = None

    def call(self, name: str, *arguments: Argument) -> int:
        """A function whose result is a number, -1 meaning failure."""
        return int(self._call(name, ctypes.c_int, -1, arguments))

    def call_int64(self, name: str, *arguments: Argument) -> int:
        return int(self._call(name, ctypes.c_int64, -1, arguments))

    def call_text(self, name: str, *arguments: Argument) -> str:
        """A function whose result is a string."""
        pointer = self._call(name, ctypes.c_void_p, None, arguments)
        text = os.fsdecode(ctypes.cast(pointer, ctypes.c_char_p).value or b"")
        self._libc.free(ctypes.c_void_p(pointer))
        return text

    def call_list(self, name: str, *arguments: Argument) -> list[str]:
        """A function whose result is a list of strings."""
        pointer = self._call(name, ctypes.c_void_p, None, arguments)
        items = ctypes.cast(pointer, ctypes.POINTER(ctypes.c_void_p))
        found: list[str] = []
        while items[len(found)]:
            found.append(os.fsdecode(ctypes.cast(items[len(found)], ctypes.c_char_p).value or b""))
            self._libc.free(ctypes.c_void_p(items[len(found) - 1]))
        self._libc.free(ctypes.c_void_p(pointer))
        return found

    def call_bytes(self, name: str, *arguments: Argument) -> bytes:
        """A function whose result is a buffer."""
        size = ctypes.c_size_t()
        pointer = self._call(name, ctypes.c_void_p, None, (*arguments, ctypes.byref(size)))
        content = ctypes.string_at(pointer, size.value)
        self._libc.free(ctypes.c_void_p(pointer))
        return content

    def pread(self, path: str, size: int, offset: int) -> bytes:
        return self.call_bytes("pread", path, size, ctypes.c_int64(offset))

    def read(self, path: str, size: int) -> bytes:
        """The first `size` bytes of a file, or all of it where it has become shorter.

        In pieces, each one message: `read_file` downloads, which costs a tenth of a second for the smallest file.
        """
        content = bytearray()
        while len(content) < size:
            piece = self.pread(path, min(size - len(content), PIECE), len(content))
            if not piece:
                break
            content += piece
        return bytes(content)

    def pread_device(self, device: str, size: int, offset: int) -> bytes:
        return self.call_bytes("pread_device", device, size, ctypes.c_int64(offset))

    def pwrite_device(self, device: str, content: bytes, offset: int) -> int:
        buffer = ctypes.create_string_buffer(content, len(content))
        return self.call("pwrite_device", device, buffer, ctypes.c_size_t(len(content)), ctypes.c_int64(offset))

    def write(self, path: str, content: bytes) -> None:
        """Make a file or replace its content, in place.

        In pieces: what is too long for one message would be uploaded, and an upload fails without an error number.
        """
        for offset in range(0, max(1, len(content)), PIECE):
            piece = content[offset : offset + PIECE]
            buffer = ctypes.create_string_buffer(piece, max(1, len(piece)))
            self.call("write_append" if offset else "write", path, buffer, ctypes.c_size_t(len(piece)))

    def set_xattr(self, path: str, name: str, value: bytes) -> None:
        """Set an attribute, links not followed. Raises OSError (ENOTSUP) for values that the interface cannot carry."""
        text = value.rstrip(b"\0")
        if b"\0" in text:
            raise OSError(errno.ENOTSUP, f"libguestfs cannot set {name}, whose value is no text")
        self.call("lsetxattr", name, text, len(text), path)

    def status(self, path: str) -> Status:
        """What lies at a path, links not followed."""
        pointer = self._call("lstatns", ctypes.c_void_p, None, (path,))
        found = Status.from_buffer_copy(ctypes.string_at(pointer, ctypes.sizeof(Status)))
        self._library.guestfs_free_statns(ctypes.c_void_p(pointer))
        return found

    def statuses(self, directory: str, names: Sequence[str]) -> list[Status]:
        """The same for many names of one directory; `ino` is -1 where there is none."""
        pointer = self._call("lstatnslist", ctypes.c_void_p, None, (directory, names))
        found = ctypes.cast(pointer, ctypes.POINTER(_StatusList)).contents
        copies = [Status.from_buffer_copy(found.values[number]) for number in range(found.length)]
        self._library.guestfs_free_statns_list(ctypes.c_void_p(pointer))
        return copies

    def attributes(self, name: str, *arguments: Argument) -> list[tuple[str, bytes]]:
        """A function whose result is a list of extended attributes: lgetxattrs, lxattrlist."""
        pointer = self._call(name, ctypes.c_void_p, None, arguments)
        found = ctypes.cast(pointer, ctypes.POINTER(_AttributeList)).contents
        copies = []
        for number in range(found.length):
            each = found.values[number]
            copies.append((os.fsdecode(each.name or b""), ctypes.string_at(each.value, each.length)))
        self._library.guestfs_free_xattr_list(ctypes.c_void_p(pointer))
        return copies

    def _call(self, name: str, restype: Any, failure: int | None, arguments: Sequence[Any]) -> Any:
        function = getattr(self._library, f"guestfs_{name}")
        function.restype = restype
        result = function(self._handle, *[_converted(argument) for argument in arguments])
        if result == failure:
            said = os.fsdecode(self._library.guestfs_last_error(self._handle) or b"libguestfs said nothing")
            number = self._library.guestfs_last_errno(self._handle) or errno.EIO
            raise OSError(number, " ".join(said.split()))
        return result


def _converted(argument: Any) -> Any:
    match argument:
        case str():
            return ctypes.c_char_p(os.fsencode(argument))
        case bytes():
            return ctypes.c_char_p(argument)
        case int():
            return ctypes.c_int(argument)
        case list() | tuple():
            return (ctypes.c_char_p * (len(argument) + 1))(*[os.fsencode(item) for item in argument], None)
        case _:
            return argument
