"""Reads the journal's files as systemd writes them, without systemd: a guest's file is no input for a program of root.

Source: systemd's JOURNAL_FILE_FORMAT. All numbers are little-endian, objects are aligned to eight bytes and lie one
after the other. Read are the fields of entries; no index, no hash and no seal is checked.
"""

from __future__ import annotations

import lzma
import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

SIGNATURE = b"LPKSHHRH"
COMPACT = 0x10
# Objects of a file, entries and data alike; a first boot writes about 20,000.
MOST_OBJECTS = 2_000_000
# Longest value that is kept, in bytes, and what is decompressed at most.
LONGEST = 4096
_DATA, _ENTRY = 1, 3
_XZ, _PACKED = 0x1, 0x7
_HEADER = 64


class JournalError(Exception):
    """It is no journal file, or one that contradicts itself."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry: `realtime` in microseconds since 1970; a field that is there twice has its last value here."""

    realtime: int
    boot: str
    fields: Mapping[str, str]


def read_entries(content: bytes, fields: frozenset[str]) -> Iterator[Entry]:
    """The entries in their order, with those of their `fields` that they have. Raises JournalError.

    A long value may be packed: of one by zstd or lz4, which Python does not know, only its length is told.
    """
    if len(content) < 208 or content[:8] != SIGNATURE:
        raise JournalError("it does not begin as a journal does")
    (incompatible,) = struct.unpack_from("<I", content, 12)
    (header_size,) = struct.unpack_from("<Q", content, 88)
    (tail,) = struct.unpack_from("<Q", content, 136)
    compact = bool(incompatible & COMPACT)
    header = 72 if compact else _HEADER
    values: dict[int, tuple[str, str]] = {}
    for offset, kind, flags, size in _objects(content, header_size, tail):
        if kind == _DATA:
            found = _field(content[offset + header : offset + size], flags, fields)
            if found is not None:
                values[offset] = found
        elif kind == _ENTRY:
            yield _entry(content, offset, size, compact=compact, values=values)


def _objects(content: bytes, start: int, tail: int) -> Iterator[tuple[int, int, int, int]]:
    offset = start
    for _ in range(MOST_OBJECTS):
        if not start <= offset <= tail or offset + 16 > len(content):
            return
        kind, flags, size = struct.unpack_from("<BB6xQ", content, offset)
        if size < 16 or offset + size > len(content):
            raise JournalError(f"an object at byte {offset} has an impossible size")
        yield offset, kind, flags, size
        offset += (size + 7) & ~7


def _field(payload: bytes, flags: int, wanted: frozenset[str]) -> tuple[str, str] | None:
    if flags & _XZ:
        payload = _unpacked(payload)
    elif flags & _PACKED:
        # Names of fields are in the packed part too; what is long enough to be packed is a message.
        return "MESSAGE", f"(a long message, {len(payload)} bytes packed)"
    name, equals, value = payload[: LONGEST + 64].partition(b"=")
    text = name.decode("ascii", "replace")
    return (text, value[:LONGEST].decode("utf-8", "replace")) if equals and text in wanted else None


def _unpacked(payload: bytes) -> bytes:
    try:
        return lzma.LZMADecompressor().decompress(payload, max_length=LONGEST + 64)
    except lzma.LZMAError as error:
        raise JournalError(f"a packed value is damaged: {error}") from error


def _entry(content: bytes, offset: int, size: int, *, compact: bool, values: Mapping[int, tuple[str, str]]) -> Entry:
    if size < _HEADER:
        raise JournalError(f"an entry at byte {offset} is too short")
    (realtime,) = struct.unpack_from("<Q", content, offset + 24)
    boot = content[offset + 40 : offset + 56].hex()
    # Of the other form every second number is a hash.
    code, length = ("<I", 4) if compact else ("<Q8x", 16)
    end = offset + _HEADER + (size - _HEADER) // length * length
    items = struct.iter_unpack(code, content[offset + _HEADER : end])
    return Entry(realtime, boot, dict(values[at] for (at,) in items if at in values))
