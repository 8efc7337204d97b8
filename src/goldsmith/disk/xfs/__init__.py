"""The on-disk format of XFS, as far as unused bytes have to be told from used ones.

Layout as in "XFS Filesystem Structure" (3rd edition) and the kernel's fs/xfs/libxfs/xfs_format.h and xfs_da_format.h.
All numbers are big-endian but for checksums, which are little-endian. Everything here takes and yields byte ranges of
one block or inode; only `volume.py` reads and writes.
"""
