"""GRUB's core image runs, but finds neither its modules nor its partition."""

from __future__ import annotations

from goldsmith.machine.cause import cause

cause(
    "grub-rescue",
    cause="GRUB does not find its own files",
    hint="install GRUB again on the image's disk: its core image names a partition or folder that is not there",
    prompt="grub rescue> ",
    ends=True,
)
