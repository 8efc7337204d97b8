"""The packages in rpm's database of a guest, read offline and without rpm: an SQLite file of one header per package.

Source: rpm's lib/backend/sqlite.c and lib/header.c; such a file is written since Enterprise Linux 9 and Fedora 33. Of
older ones (Berkeley DB) nothing is read. The guest wrote the file: it is read from memory, its schema is not trusted,
and the work is bounded.
"""

from __future__ import annotations

import sqlite3
import struct
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass

RPM_DATABASES = ("/usr/lib/sysimage/rpm/rpmdb.sqlite", "/var/lib/rpm/rpmdb.sqlite")
MAGIC = b"SQLite format 3\0"
# The tags of a header that are read, and the types of their values (rpmtag.h).
NAME, VERSION, RELEASE, EPOCH, ARCH = 1000, 1001, 1002, 1003, 1022
DIGESTS, FLAGS, FOLDER_OF, NAMES, FOLDERS, ALGORITHM = 1035, 1037, 1116, 1117, 1118, 5011
INT32, STRING, STRINGS = 4, 6, 8
SHA256 = 8
IS_CONFIGURATION = 1
MOST_TAGS = 4096
LONGEST = 64 << 20
STEPS = 100_000_000


def read_rpm_database(content: bytes) -> Iterator[tuple[str, str, str]]:
    """Name, version (with epoch and release) and architecture of each package; none of a file that is no such database.

    What rpm wrote last and has not yet brought from its log into the file is not seen.
    """
    for header in _headers(content):
        name, arch = header.text(NAME), header.text(ARCH)
        # Rpm keeps a key as a package of its own, without an architecture.
        if name and arch is not None:
            epoch = "".join(f"{number}:" for number in header.numbers(EPOCH))
            yield name, f"{epoch}{header.text(VERSION) or ''}-{header.text(RELEASE) or ''}", arch


def read_rpm_configuration(content: bytes, package: str) -> dict[str, str]:
    """Path → SHA-256 digest, as they were installed, of a package's configuration files; {} where nothing says so."""
    for header in _headers(content):
        if header.text(NAME) == package and header.numbers(ALGORITHM) == (SHA256,):
            folders, numbers = header.texts(FOLDERS), header.numbers(FOLDER_OF)
            files = zip(header.texts(NAMES), numbers, header.texts(DIGESTS), header.numbers(FLAGS), strict=False)
            return {
                f"{folders[folder]}{name}": digest
                for name, folder, digest, flags in files
                if flags & IS_CONFIGURATION and folder < len(folders) and digest
            }
    return {}


@dataclass(frozen=True, slots=True)
class _Header:
    """Tag → type, offset and count of its values; and the bytes in which they lie."""

    tags: dict[int, tuple[int, int, int]]
    data: bytes

    def text(self, tag: int) -> str | None:
        kind, offset, _ = self.tags.get(tag, (0, 0, 0))
        return self._strings(offset, 1)[0] if kind == STRING else None

    def texts(self, tag: int) -> list[str]:
        kind, offset, count = self.tags.get(tag, (0, 0, 0))
        return self._strings(offset, count) if kind == STRINGS else []

    def numbers(self, tag: int) -> tuple[int, ...]:
        kind, offset, count = self.tags.get(tag, (0, 0, 0))
        if kind != INT32 or offset + 4 * count > len(self.data):
            return ()
        return struct.unpack_from(f">{count}I", self.data, offset)

    def _strings(self, offset: int, count: int) -> list[str]:
        parts = self.data[offset:].split(b"\0", count)[:count]
        return [part.decode("utf-8", "replace") for part in parts] or [""]


def _headers(content: bytes) -> Iterator[_Header]:
    """The undamaged headers of a database."""
    if not content.startswith(MAGIC) or len(content) < 100:
        return
    # Bytes 18 and 19: without them SQLite would want the log beside the file, which there is none in memory.
    image = content[:18] + b"\x01\x01" + content[20:]
    with closing(sqlite3.connect(":memory:")) as database:
        database.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, LONGEST)
        database.set_progress_handler(lambda: True, STEPS)
        try:
            database.deserialize(image)
            database.execute("PRAGMA trusted_schema = OFF")
            kinds = database.execute("SELECT type, sql FROM sqlite_master WHERE name = 'Packages'").fetchall()
            if [kind for kind, _ in kinds] != ["table"] or "virtual" in str(kinds[0][1]).lower():
                return
            for (blob,) in database.execute("SELECT blob FROM Packages"):
                if isinstance(blob, bytes) and (header := _header(blob)) is not None:
                    yield header
        except sqlite3.Error:
            return


def _header(blob: bytes) -> _Header | None:
    if len(blob) < 8:
        return None
    count, size = struct.unpack(">II", blob[:8])
    data = blob[8 + 16 * count : 8 + 16 * count + size] if count <= MOST_TAGS else b""
    if len(data) != size or not size:
        return None
    entries = struct.iter_unpack(">IIII", blob[8 : 8 + 16 * count])
    return _Header({tag: (kind, offset, number) for tag, kind, offset, number in entries}, data)
