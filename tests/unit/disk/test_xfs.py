"""Which bytes of XFS's structures are unused; whatever they say, nothing but DamagedError comes of it."""

from __future__ import annotations

import struct
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from goldsmith.disk.crc32c import crc32c
from goldsmith.disk.xfs import attributes, btree, directory, inode
from goldsmith.disk.xfs.volume import DamagedError, UnknownFormatError, blanked_copy, read_geometry

SIZE = 512


def padded(*parts: bytes, size: int = SIZE) -> bytes:
    return b"".join(parts).ljust(size, b"\0")


def entry(name: bytes, at: int, padding: bytes = b"") -> bytes:
    body = struct.pack(">QB", 131, len(name)) + name + b"\1" + padding
    return body.ljust(-(-(len(body) - len(padding) + 2) // 8) * 8 - 2, b"\0") + struct.pack(">H", at)


def test_removed_names_and_padding_of_a_directory() -> None:
    first = entry(b"ab", 64, b"xy")
    hole = struct.pack(">HH", 0xFFFF, 24) + b"removed-name".ljust(18, b".") + struct.pack(">H", 80)
    rest = 512 - 104 - 8 - 8
    tail = struct.pack(">HH", 0xFFFF, rest) + b"." * (rest - 6) + struct.pack(">H", 104)
    block = b"XDB3".ljust(64, b"\0") + first + hole + tail + bytes(8) + struct.pack(">II", 1, 0)
    checksum, ranges = directory.unused(block, file_types=True)
    assert checksum == 4
    assert ranges == [(64 + 12, 78), (84, 102), (108, 494)]


def test_gaps_between_attributes() -> None:
    block = bytearray(padded(struct.pack(">II", 0, 0), struct.pack(">H", 0x3BEE)))
    struct.pack_into(">H", block, 56, 2)
    struct.pack_into(">IHBB", block, 80, 1, 400, 1, 0)
    struct.pack_into(">IHBB", block, 88, 2, 480, 0, 0)
    struct.pack_into(">HB", block, 400, 5, 3)
    struct.pack_into(">IIB", block, 480, 7, 4000, 6)
    assert attributes.unused(bytes(block)) == (12, [(96, 400), (411, 480), (495, 512)])


def make_inode(form: int, count: int = 0, size: int = 0, border: int = 0, attribute_form: int = 2) -> bytes:
    content = bytearray(padded(struct.pack(">2sHBB", b"IN", 0o040755, 3, form)))
    struct.pack_into(">Q", content, 56, size)
    struct.pack_into(">IHBb", content, 76, count, 0, border, attribute_form)
    return bytes(content)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (make_inode(0), [(180, 512)]),
        (make_inode(1, size=40), [(216, 512)]),
        (make_inode(2, count=3), [(224, 512)]),
        (make_inode(1, size=40, border=10, attribute_form=2), [(216, 256), (256, 512)]),
        (make_inode(1, size=40, border=10, attribute_form=1), [(216, 256), (256, 512)]),
    ],
)
def test_what_an_inode_does_not_use(content: bytes, expected: list[tuple[int, int]]) -> None:
    assert list(inode.unused(inode.read_inode(content))) == expected


def test_the_root_of_a_tree_in_an_inode() -> None:
    content = bytearray(make_inode(3))
    struct.pack_into(">HH", content, 176, 1, 2)
    room = (512 - 176 - 4) // 16
    struct.pack_into(">QQ", content, 180 + 8 * room, 77, 78)
    found = inode.read_inode(bytes(content))
    assert list(inode.unused(found)) == [(196, 180 + 8 * room), (196 + 8 * room, 512)]
    assert inode.tree(found, found.data) == (1, (77, 78))


def test_extents_are_unpacked() -> None:
    packed = struct.pack(">QQ", 1 << 63 | 5 << 9 | 1, 3 << 21 | 9)
    assert list(inode.extents(packed)) == [inode.Extent(5, 1 << 43 | 3, 9, unwritten=True)]


def test_trees_keep_keys_and_pointers() -> None:
    assert btree.unused(bytes(SIZE), btree.INODES, 0, 2) == [(88, 512)]
    assert btree.unused(bytes(SIZE), btree.INODES, 1, 2) == [(64, 284), (292, 512)]


def test_a_blanked_block_has_a_right_checksum() -> None:
    block = bytearray(b"data" * 128)
    block[12:16] = bytes(4)
    block[12:16] = crc32c(block).to_bytes(4, "little")
    blanked = blanked_copy(bytes(block), 12, [(100, 200)])
    assert blanked is not None
    assert blanked[100:200] == bytes(100)
    assert crc32c(blanked[:12] + bytes(4) + blanked[16:]).to_bytes(4, "little") == blanked[12:16]
    assert blanked_copy(blanked, 12, [(100, 200)]) is None
    with pytest.raises(DamagedError, match="checksum"):
        blanked_copy(bytes(block[:200]) + b"DATA" * 78, 12, [(0, 4)])


MAGICS = st.sampled_from([
    *(b"XDB3", b"XDD3", b"XDF3", b"XARM"),
    *(bytes(8) + struct.pack(">H", each) for each in (0x3DF1, 0x3DFF, 0x3EBE, 0x3BEE)),
])  # fmt: skip


@given(magic=MAGICS, rest=st.binary(min_size=SIZE, max_size=SIZE), types=st.booleans())
def test_no_block_breaks_the_reader(*, magic: bytes, rest: bytes, types: bool) -> None:
    block = (magic + rest)[:SIZE]
    with suppress(DamagedError):
        assert all(0 <= start <= end <= SIZE for start, end in directory.unused(block, file_types=types)[1])
    with suppress(DamagedError):
        assert all(0 <= start <= end <= SIZE for start, end in attributes.unused(block)[1])


@given(
    core=st.binary(min_size=180, max_size=180),
    form=st.integers(0, 5),
    border=st.integers(0, 60),
    count=st.integers(0, 70),
)
def test_no_inode_breaks_the_reader(core: bytes, form: int, border: int, count: int) -> None:
    content = bytearray(padded(core))
    struct.pack_into(">2sHBB", content, 0, b"IN", 0o100644, 3, form)
    struct.pack_into(">IHBb", content, 76, count, count % 7, border, form)
    try:
        found = inode.read_inode(bytes(content))
        ranges = list(inode.unused(found))
        for fork in filter(None, (found.data, found.attributes)):
            list(inode.own_extents(found, fork))
    except DamagedError:
        return
    assert all(inode.CORE <= start <= end <= SIZE for start, end in ranges)


@given(rest=st.binary(min_size=508, max_size=508), size=st.integers(0, 1 << 40))
def test_no_superblock_breaks_the_reader(rest: bytes, size: int) -> None:
    try:
        geometry = read_geometry(b"XFSB" + rest, size)
    except (DamagedError, UnknownFormatError):
        return
    assert geometry.blocks * geometry.block <= size
