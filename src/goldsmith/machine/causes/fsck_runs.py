"""A check of a large file system takes minutes, in which nothing else happens."""

from __future__ import annotations

from goldsmith.machine.cause import cause

cause(
    "fsck-runs",
    cause="a file system is checked before the boot goes on",
    hint="the image was sealed with a file system that was not cleanly unmounted",
    line=r"check forced\.",
)
