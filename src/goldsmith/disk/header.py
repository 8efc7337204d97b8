"""Reads a disk image's header itself, before any program sees the file, and refuses what could name other files.

QEMU follows a backing file, a `json:` name or an external data file to any file of the host (CVE-2014-0134,
CVE-2024-32498, CVE-2024-4467), and a raw disk whose first bytes a guest wrote as a qcow2 header does the same once
somebody probes it (CVE-2010-3851). Field by field as in QEMU's docs/interop/qcow2.txt.
"""

from __future__ import annotations

import array
import struct
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import assert_never

from goldsmith.disk.disk import DiskFormat
from goldsmith.disk.lock import refuse_written
from goldsmith.disk.magic import looks_like_text, name_of
from goldsmith.disk.source import Source
from goldsmith.errors import InputError, TrustError
from goldsmith.findings import printable

SECTOR = 512
# Largest virtual disk we work with, in bytes: above what every file system we know how to open can hold.
MAX_VIRTUAL_SIZE = 1 << 46
# QEMU's own limits (block/qcow2.h): 32 MiB of L1 table, 8 MiB of refcount table, 65,536 snapshots, 1,023 bytes of name.
MAX_L1_ENTRIES = 1 << 22
MAX_REFCOUNT_TABLE = 8 << 20
MAX_SNAPSHOTS = 65_536
MAX_NAME = 1023

DIRTY, CORRUPT, DATA_FILE, COMPRESSION_TYPE, EXTENDED_L2 = (1 << bit for bit in range(5))
KNOWN_FEATURES = DIRTY | CORRUPT | DATA_FILE | COMPRESSION_TYPE | EXTENDED_L2

END, BACKING_FORMAT, ENCRYPTION, DATA_FILE_NAME = 0, 0xE2792ACA, 0x0537BE77, 0x44415441
OFFSET_MASK = 0x00FF_FFFF_FFFF_FE00
COMPRESSED = 1 << 62


@dataclass(frozen=True, slots=True)
class Qcow2Header:
    """The fields that decide what the file is; sizes and offsets in bytes but for `l1_entries`."""

    version: int
    virtual_size: int
    cluster_bits: int
    encryption: int
    features: int
    l1_entries: int
    l1_offset: int
    refcount_offset: int
    refcount_clusters: int
    snapshots: int
    snapshots_offset: int
    header_length: int
    backing: str | None
    backing_format: str | None
    data_file: str | None
    encryption_header: bool

    @property
    def cluster(self) -> int:
        return 1 << self.cluster_bits


def inspect(path: Path, format: DiskFormat, *, backing: Path | None = None) -> int:
    """The virtual size in bytes of an image of the stated format that names no file but `backing`.

    Raises TrustError for a backing file, `json:` name or data file that is not ours, for encryption, and for a stated
    raw image that begins like another format; InputError for a file that is missing, empty, truncated, not of
    the stated format, or written to by a running machine.
    """
    refuse_written(path)
    with Source.open(path) as source:
        if source.size == 0:
            raise InputError(f"{path} is empty", hint="a disk image is needed: was its download or copy interrupted?")
        match format:
            case DiskFormat.QCOW2:
                header = read_qcow2(source)
                _refuse_foreign(source, header, backing)
                _refuse_truncated(source, header)
                return header.virtual_size
            case DiskFormat.RAW:
                if backing is not None:
                    raise TrustError(f"{path} is raw and cannot lie on {backing}")
                return _inspect_raw(source)
            case _:
                assert_never(format)


def read_qcow2(source: Source) -> Qcow2Header:
    """The header of a qcow2 file, versions 2 and 3, as it stands: nothing is refused but nonsense (InputError)."""
    start = source.read(0, SECTOR)
    if start[:4] != b"QFI\xfb":
        raise InputError(f"{source.name} is not a qcow2 image: {_seen(source)}", hint=_how_to_state(source))
    if len(start) < 72:
        raise _truncated(source, "its header ends early")
    (version, backing_offset, backing_length, cluster_bits, size, encryption, l1_entries, l1_offset, refcount_offset,
     refcount_clusters, snapshots, snapshots_offset) = struct.unpack(">IQIIQIIQQIIQ", start[4:72])  # fmt: skip
    features, header_length = 0, 72
    if version == 3:
        if len(start) < 104:
            raise _truncated(source, "its header ends early")
        features, _, _, _, header_length = struct.unpack(">QQQII", start[72:104])
    elif version != 2:
        raise InputError(
            f"{source.name} is of qcow version {version}; 2 and 3 are known",
            hint="convert it: qemu-img convert -f qcow -O qcow2 IMAGE NEW.qcow2",
        )
    if not 9 <= cluster_bits <= 21:
        raise _nonsense(source, f"clusters of 2^{cluster_bits} bytes")
    if header_length % 8 or not (72 if version == 2 else 104) <= header_length <= 1 << cluster_bits:
        raise _nonsense(source, f"a header of {header_length} bytes")
    backing = None
    if backing_offset:
        if backing_length > MAX_NAME or backing_offset + backing_length > 1 << cluster_bits:
            raise _nonsense(source, f"a backing file name of {backing_length} bytes at {backing_offset}")
        backing = source.read(backing_offset, backing_length).decode("utf-8", "surrogateescape")
    end = min(1 << cluster_bits, backing_offset or 1 << cluster_bits)
    extensions = dict(_extensions(source, header_length, end))
    return Qcow2Header(
        version=version,
        virtual_size=size,
        cluster_bits=cluster_bits,
        encryption=encryption,
        features=features,
        l1_entries=l1_entries,
        l1_offset=l1_offset,
        refcount_offset=refcount_offset,
        refcount_clusters=refcount_clusters,
        snapshots=snapshots,
        snapshots_offset=snapshots_offset,
        header_length=header_length,
        backing=backing,
        backing_format=_text(extensions.get(BACKING_FORMAT)),
        data_file=_text(extensions.get(DATA_FILE_NAME)),
        encryption_header=ENCRYPTION in extensions,
    )


def _extensions(source: Source, offset: int, end: int) -> Iterator[tuple[int, bytes]]:
    while offset + 8 <= end:
        head = source.read(offset, 8)
        if len(head) < 8:
            raise _truncated(source, "its header extensions end early")
        kind, length = struct.unpack(">II", head)
        if kind == END:
            return
        if offset + 8 + length > end:
            raise _nonsense(source, f"a header extension of {length} bytes at {offset}")
        # Longer than any name; what we do not read (the feature name table, bitmaps) is not kept.
        yield kind, source.read(offset + 8, min(length, MAX_NAME))
        offset += 8 + (length + 7) // 8 * 8


def _refuse_foreign(source: Source, header: Qcow2Header, backing: Path | None) -> None:
    name = source.name
    if header.features & DATA_FILE or header.data_file is not None:
        shown = f" {printable(header.data_file)}" if header.data_file else ""
        raise TrustError(
            f"{name} keeps its data in another file{shown}, which goldsmith does not follow",
            hint="convert it where you trust it: qemu-img convert -f qcow2 -O qcow2 IMAGE NEW.qcow2",
        )
    if header.encryption or header.encryption_header:
        raise TrustError(f"{name} is encrypted", hint="decrypt it first: goldsmith has no key and asks for none")
    if header.backing is not None:
        _refuse_backing(source, header.backing, header.backing_format, backing)
    elif backing is not None:
        raise TrustError(f"{name} does not lie on {backing}, but has no backing file", hint="make the overlay again")
    if header.features & ~KNOWN_FEATURES:
        raise InputError(f"{name} uses unknown features of qcow2 ({header.features & ~KNOWN_FEATURES:#x})")
    if header.features & CORRUPT:
        raise InputError(f"{name} is marked corrupt", hint="repair a copy: qemu-img check -f qcow2 -r all IMAGE")


def _refuse_backing(source: Source, named: str, named_format: str | None, backing: Path | None) -> None:
    shown = printable(named)
    if backing is None:
        raise TrustError(
            f"{source.name} has the backing file {shown}, which goldsmith did not set",
            hint="make it stand alone where you trust it: qemu-img convert -f qcow2 -O qcow2 IMAGE NEW.qcow2",
        )
    # An absolute path cannot be a protocol (nbd:, json:) to QEMU, and is what create_overlay writes.
    if not named.startswith("/") or Path(named) != backing.absolute():
        raise TrustError(f"{source.name} lies on {shown}, not on {backing}", hint="make the overlay again")
    if named_format not in set(DiskFormat):
        raise TrustError(
            f"{source.name} does not state the format of its backing file {shown}",
            hint="without it QEMU guesses from bytes that a guest may have written: make the overlay again",
        )


def _refuse_truncated(source: Source, header: Qcow2Header) -> None:
    """Every table, and every cluster that a table names, begins inside the file; QEMU leaves the last one short."""
    name = source.name
    if not 0 < header.virtual_size <= MAX_VIRTUAL_SIZE:
        raise InputError(f"{name} claims a disk of {header.virtual_size} bytes; at most {MAX_VIRTUAL_SIZE} are taken")
    entry = 16 if header.features & EXTENDED_L2 else 8
    covered = header.cluster // entry * header.cluster
    if header.l1_entries > MAX_L1_ENTRIES or header.l1_entries * covered < header.virtual_size:
        raise _nonsense(source, f"an L1 table of {header.l1_entries} entries")
    if header.refcount_clusters << header.cluster_bits > MAX_REFCOUNT_TABLE or header.refcount_clusters == 0:
        raise _nonsense(source, f"a refcount table of {header.refcount_clusters} clusters")
    if header.snapshots > MAX_SNAPSHOTS:
        raise _nonsense(source, f"{header.snapshots} snapshots")
    tables = [
        ("L1 table", header.l1_offset, header.l1_entries * 8),
        ("refcount table", header.refcount_offset, header.refcount_clusters << header.cluster_bits),
    ]
    if header.snapshots:
        tables.append(("snapshot table", header.snapshots_offset, 40 * header.snapshots))
    for what, offset, length in tables:
        if offset % header.cluster or offset == 0:
            raise _nonsense(source, f"its {what} at {offset}")
        if offset + length > source.size:
            raise _truncated(source, f"its {what} would end at {offset + length}")
    seen: set[int] = set()
    for l2 in _words(source, header.l1_offset, header.l1_entries * 8):
        offset = l2 & OFFSET_MASK
        if offset == 0 or offset in seen:
            continue
        seen.add(offset)
        if offset % header.cluster:
            raise _nonsense(source, f"an L2 table at {offset}")
        if offset + header.cluster > source.size:
            raise _truncated(source, f"an L2 table would end at {offset + header.cluster}")
        for end in _ends(_words(source, offset, header.cluster)[:: entry // 8], header):
            if end > source.size:
                raise _truncated(source, f"a data cluster would reach byte {end}")


def _ends(entries: array.array[int], header: Qcow2Header) -> Iterator[int]:
    """For every cluster that has data in the file, the least length the file must have to hold it."""
    offset_bits = 62 - (header.cluster_bits - 8)
    for entry in filter(None, entries):
        if entry & COMPRESSED:
            offset = entry & ((1 << offset_bits) - 1)
            # Whole sectors are counted, but a writer need not pad its file to one.
            sectors = (entry >> offset_bits) & ((1 << (62 - offset_bits)) - 1)
            yield max(offset, (offset // SECTOR + sectors) * SECTOR) + 1
        elif entry & OFFSET_MASK:
            yield (entry & OFFSET_MASK) + 1


def _words(source: Source, offset: int, length: int) -> array.array[int]:
    data = source.read(offset, length)
    words = array.array("Q", data[: len(data) // 8 * 8])
    if sys.byteorder == "little":
        words.byteswap()
    return words


def _inspect_raw(source: Source) -> int:
    name = name_of(source)
    if name is not None:
        raise TrustError(
            f"{source.name} is stated to be raw, but begins or ends like {name}",
            hint=_how_to_state(source),
        )
    if looks_like_text(source.read(0, SECTOR)):
        raise InputError(f"{source.name} is {_text_kind(source)}, not a disk image", hint=_how_to_state(source))
    if source.size < SECTOR:
        raise InputError(f"{source.name} holds {source.size} bytes: less than one sector")
    if source.size > MAX_VIRTUAL_SIZE:
        raise InputError(f"{source.name} is {source.size} bytes long; at most {MAX_VIRTUAL_SIZE} are taken")
    # QEMU rounds a raw file's length up to whole sectors.
    return -(-source.size // SECTOR) * SECTOR


def _seen(source: Source) -> str:
    name = name_of(source)
    if name is not None:
        return f"it begins or ends like {name}"
    if looks_like_text(source.read(0, SECTOR)):
        return f"it is {_text_kind(source)}"
    return "its first four bytes are not QFI\\xfb"


def _text_kind(source: Source) -> str:
    """A server that has not what was asked for often says so in a page, with a status of success."""
    start = source.read(0, SECTOR).lstrip().lower()
    return "a text file, a web page" if start.startswith((b"<!doctype html", b"<html")) else "a text file"


def _how_to_state(source: Source) -> str:
    name = name_of(source)
    if looks_like_text(source.read(0, SECTOR)):
        return "look into it: a server may have sent a page about an error instead of the image; download it again"
    if name is None:
        return "state what it is: format: raw in the recipe, or --format raw"
    if name == "qcow2":
        return "state what it is: format: qcow2 in the recipe, or --format qcow2"
    if name.endswith("compressed data"):
        return "name it with its suffix (.xz, .zst, .gz) so that it is decompressed, or decompress it first"
    return "convert it where you trust it: qemu-img convert -f FORMAT -O qcow2 IMAGE NEW.qcow2, then format: qcow2"


def _truncated(source: Source, why: str) -> InputError:
    return InputError(
        f"{source.name} is truncated: it holds {source.size} bytes, but {why}", hint="download or copy it again"
    )


def _nonsense(source: Source, what: str) -> InputError:
    return InputError(f"{source.name} is damaged: its header claims {what}", hint="download or copy it again")


def _text(data: bytes | None) -> str | None:
    return data.rstrip(b"\0").decode("utf-8", "surrogateescape") if data is not None else None
