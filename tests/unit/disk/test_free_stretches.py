"""What dumpe2fs and xfs_db print about free space, as stretches of bytes."""

from __future__ import annotations

import pytest

from goldsmith.disk.scrubs import ext, xfs
from goldsmith.errors import BuildError

LISTING = """Filesystem volume name:   <none>
Filesystem features:      has_journal ext_attr extent needs_recovery
Block count:              65536
Block size:               1024
Inode size:	          256
Inodes per group:         2048
Journal inode:            8
Total journal size:       4096k
Total journal blocks:     4096


Group 0: (Blocks 1-8192) csum 0x1092 [ITABLE_ZEROED]
  Primary superblock at 1, Group descriptors at 2-2
  Block bitmap at 259 (+258), csum 0x066b4e4e
  Inode table at 275-786 (+274)
  3808 free blocks, 2037 free inodes, 2 directories, 2037 unused inodes
  Free blocks: 4385-4387, 4400
  Free inodes: 12, 14-15
Group 1: (Blocks 8193-16384) csum 0xc9e3 [INODE_UNINIT, BLOCK_UNINIT]
  Inode table at 787-1298 (bg #0 + 786)
  Free blocks: {nothing}
  Free inodes: 2049
""".format(nothing="")


def test_free_blocks_and_inodes_of_a_listing() -> None:
    assert list(ext.free_stretches(LISTING, ext.read_superblock(LISTING))) == [
        (4385 * 1024, 3 * 1024),
        (4400 * 1024, 1024),
        (275 * 1024 + 11 * 256, 256),
        (275 * 1024 + 13 * 256, 512),
        (787 * 1024, 256),
    ]


def test_superblock_of_a_listing() -> None:
    assert ext.read_superblock(LISTING) == ext.Superblock(
        features=frozenset({"has_journal", "ext_attr", "extent", "needs_recovery"}),
        blocks=65536,
        block_size=1024,
        inode_size=256,
        inodes_per_group=2048,
        journal=4 << 20,
        external_journal=False,
    )


@pytest.mark.parametrize("listing", ["", "Block size: many\n", LISTING.replace("Inode table", "Inode chair")])
def test_listing_that_says_too_little_is_an_error(listing: str) -> None:
    with pytest.raises(BuildError):
        list(ext.free_stretches(listing, ext.read_superblock(listing)))


def test_free_extents_of_xfs() -> None:
    sizes, head = "agblocks = 1000\nblocksize = 4096\n", "    agno    agbno      len\n"
    listing = f"{sizes}{head}       0        5        1\n       2       10      20\n"
    assert list(xfs.free_stretches(listing)) == [(5 * 4096, 4096), (2010 * 4096, 20 * 4096)]
    with pytest.raises(BuildError):
        list(xfs.free_stretches("       0        5        1\n"))
