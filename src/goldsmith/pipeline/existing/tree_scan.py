"""Searches a directory that is a guest's tree for byte patterns: contents, names, link targets, extended attributes.

Nothing is followed and nothing but regular files is opened, whatever the tree's owner put there.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path

from goldsmith.errors import InputError
from goldsmith.rules.bytes.subject import BytesSubject, Found, name_and_form, patterns_of
from goldsmith.secrets import Secret

CHUNK = 4 << 20
# No system has directories in so many directories; what lies deeper is told to be unread.
DEEPEST = 200
FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
# What the name of each place is for people.
NAME, TARGET, ATTRIBUTE, CONTENT = "in its name", "in its target", "in the attribute {}", "at byte {}"


def scan_tree(top: Path, canaries: tuple[Secret, ...]) -> BytesSubject:
    """Every place of every canary below a directory; of each file and form the first.

    Raises InputError where the directory itself cannot be read.
    """
    patterns = patterns_of(canaries)
    found: list[Found] = []
    unread: list[str] = []
    try:
        opened = os.open(top, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError as error:
        raise InputError(f"{top} cannot be read: {error.strerror}") from error
    _scan_directory(opened, "", patterns, found, unread)
    return BytesSubject(tuple(canary.name for canary in canaries), tuple(found), tuple(unread))


def _scan_directory(
    top: int, top_path: str, patterns: Mapping[str, bytes], found: list[Found], unread: list[str]
) -> None:
    """Below the open directory `top`, which is closed. One descriptor for each directory on the way down."""
    try:
        for name in sorted(os.listdir(top)):
            path = f"{top_path}/{name}"
            try:
                status = os.stat(name, dir_fd=top, follow_symlinks=False)
                _tell(found, path, NAME, os.fsencode(name), patterns)
                if stat.S_ISLNK(status.st_mode):
                    _tell(found, path, TARGET, os.fsencode(os.readlink(name, dir_fd=top)), patterns)
                _attributes(f"/proc/self/fd/{top}/{name}", path, patterns, found)
                if stat.S_ISREG(status.st_mode):
                    _contents(os.open(name, FILE, dir_fd=top), path, patterns, found)
                elif stat.S_ISDIR(status.st_mode) and path.count("/") > DEEPEST:
                    unread.append(path)
                elif stat.S_ISDIR(status.st_mode):
                    _scan_directory(os.open(name, DIRECTORY, dir_fd=top), path, patterns, found, unread)
            except FileNotFoundError:
                continue  # it went away meanwhile
            except OSError:
                unread.append(path)
    finally:
        os.close(top)


def _attributes(place: str, path: str, patterns: Mapping[str, bytes], found: list[Found]) -> None:
    try:
        for name in os.listxattr(place, follow_symlinks=False):
            value = os.getxattr(place, name, follow_symlinks=False)
            _tell(found, path, ATTRIBUTE.format(name), os.fsencode(name) + b"\0" + value, patterns)
    except OSError as error:
        if error.errno not in {errno.ENOTSUP, errno.ENODATA, errno.EPERM, errno.EACCES}:
            raise


def _contents(descriptor: int, path: str, patterns: Mapping[str, bytes], found: list[Found]) -> None:
    """Of a file, whose descriptor is closed. Holes are skipped; a chunk begins with the end of the one before."""
    overlap = max(map(len, patterns.values()), default=1) - 1
    told: set[str] = set()
    try:
        for start, end in _extents(descriptor):
            at, tail = start, b""
            while at < end and (chunk := os.pread(descriptor, min(CHUNK, end - at), at)):
                data = tail + chunk
                for name, pattern in patterns.items():
                    if name not in told and (place := data.find(pattern)) >= 0:
                        told.add(name)
                        found.append(Found(*name_and_form(name), CONTENT.format(at - len(tail) + place), path))
                at += len(chunk)
                tail = data[-overlap:] if overlap else b""
    finally:
        os.close(descriptor)


def _extents(descriptor: int) -> Iterator[tuple[int, int]]:
    """(start, end) of what is no hole. A pattern that is partly zeros of a hole is none that anybody looks for."""
    at = 0
    while True:
        try:
            start = os.lseek(descriptor, at, os.SEEK_DATA)
            at = os.lseek(descriptor, start, os.SEEK_HOLE)
        except OSError as error:
            if error.errno == errno.ENXIO:
                return
            raise
        yield start, at


def _tell(found: list[Found], path: str, where: str, data: bytes, patterns: Mapping[str, bytes]) -> None:
    found.extend(Found(*name_and_form(name), where, path) for name, pattern in patterns.items() if pattern in data)
