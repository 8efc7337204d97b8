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

RPM_DATABASES = ("/usr/lib/sysimage/rpm/rpmdb.sqlite", "/var/lib/rpm/rpmdb.sqlite")
MAGIC = b"SQLite format 3\0"
# The tags of a header that are read, and the types of their values (rpmtag.h).
NAME, VERSION, RELEASE, EPOCH, ARCH = 1000, 1001, 1002, 1003, 1022
INT32, STRING = 4, 6
MOST_TAGS = 4096
LONGEST = 64 << 20
STEPS = 100_000_000


def read_rpm_database(content: bytes) -> Iterator[tuple[str, str, str]]:
    """Name, version (with epoch and release) and architecture of each package; none of a file that is no such database.

    What rpm wrote last and has not yet brought from its log into the file is not seen.
    """
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
                if isinstance(blob, bytes) and (package := _package(blob)) is not None:
                    yield package
        except sqlite3.Error:
            return


def _package(header: bytes) -> tuple[str, str, str] | None:
    """Of one header; None of a damaged one and of a key, which rpm keeps as a package of its own."""
    found: dict[int, str] = {}
    if len(header) < 8:
        return None
    tags, size = struct.unpack(">II", header[:8])
    data = header[8 + 16 * tags : 8 + 16 * tags + size] if tags <= MOST_TAGS else b""
    if len(data) != size or not size:
        return None
    for tag, kind, offset, _ in struct.iter_unpack(">IIII", header[8 : 8 + 16 * tags]):
        if tag in {NAME, VERSION, RELEASE, ARCH} and kind == STRING:
            found[tag] = data[offset:].partition(b"\0")[0].decode("utf-8", "replace")
        elif tag == EPOCH and kind == INT32 and offset + 4 <= size:
            found[tag] = str(struct.unpack(">I", data[offset : offset + 4])[0])
    if not found.get(NAME) or ARCH not in found or found[NAME] == "gpg-pubkey":
        return None
    epoch = f"{found[EPOCH]}:" if EPOCH in found else ""
    return found[NAME], f"{epoch}{found.get(VERSION, '')}-{found.get(RELEASE, '')}", found[ARCH]
