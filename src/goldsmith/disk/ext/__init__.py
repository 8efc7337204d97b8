"""The on-disk format of ext2, ext3 and ext4, as far as e2fsprogs have no way to blank what is unused.

Layout as in the kernel's Documentation/filesystems/ext4. All numbers are little-endian.
"""
