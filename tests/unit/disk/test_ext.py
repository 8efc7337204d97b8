"""Which bytes of ext4's inodes are unused; whatever they say, nothing but DamagedError comes of it."""

from __future__ import annotations

import struct
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from goldsmith.disk.ext import inode
from goldsmith.disk.ext.inode import DamagedError, Extent


def test_extents_of_a_leaf_and_of_a_tree() -> None:
    header = struct.pack("<HHHHI", 0xF30A, 2, 4, 0, 0)
    written = struct.pack("<IHHI", 0, 5, 1, 7)
    reserved = struct.pack("<IHHI", 5, 0x8000 + 3, 0, 9)
    longest = struct.pack("<IHHI", 5, 0x8000, 0, 9)
    assert list(inode.extents(header + written + reserved)) == [
        Extent(1 << 32 | 7, 5),
        Extent(9, 3, unwritten=True),
    ]
    assert list(inode.extents(header + written + longest))[1] == Extent(9, 0x8000)
    node = struct.pack("<HHHHI", 0xF30A, 1, 4, 1, 0) + struct.pack("<IIHH", 0, 7, 2, 0)
    assert list(inode.extents(node)) == [Extent(2 << 32 | 7, 1, below=True)]


def directory(*entries: bytes) -> bytes:
    content = bytearray(256)
    struct.pack_into("<H30xI", content, 0, 0o040755, inode.INLINE_DATA)
    content[44:100] = b"".join(entries)
    return bytes(content)


def entry(number: int, length: int, name: bytes, rest: bytes = b"") -> bytes:
    return (struct.pack("<IHBB", number, length, len(name), 1) + name + rest).ljust(length, b"\0")


def test_names_removed_from_a_directory_in_its_inode() -> None:
    content = directory(entry(12, 32, b"kept", b"removed"), entry(0, 24, b"gone"))
    assert inode.is_inline_directory(content)
    assert list(inode.unused_of_directory(content)) == [(44 + 12, 76), (84, 100)]


@pytest.mark.parametrize("length", [0, 4, 10, 60])
def test_a_directory_that_is_damaged(length: int) -> None:
    with pytest.raises(DamagedError):
        list(inode.unused_of_directory(directory(entry(12, 56, b"kept")[:4], struct.pack("<H", length), bytes(50))))


def test_a_wrong_checksum_is_not_made_right() -> None:
    content = directory(entry(12, 56, b"kept", b"removed"))
    assert inode.blanked(content, 12, [(60, 70)], None) == content[:60] + bytes(10) + content[70:]
    assert inode.blanked(content, 12, [(80, 90)], 1) is None
    with pytest.raises(DamagedError, match="checksum"):
        inode.blanked(content[:124] + b"\1\2" + content[126:], 12, [(56, 70)], 1)


@given(content=st.binary(min_size=256, max_size=256), extra=st.integers(0, 140))
def test_no_inode_breaks_the_reader(content: bytes, extra: int) -> None:
    content = content[:128] + struct.pack("<HHI", extra, 0, inode.ATTRIBUTE_MAGIC) + content[136:]
    with suppress(DamagedError):
        assert all(44 <= start <= end <= 256 for start, end in inode.unused_of_directory(content))
    with suppress(DamagedError):
        list(inode.extents(struct.pack("<HHHH", 0xF30A, content[0], 4, content[1] % 2) + content[8:60]))
