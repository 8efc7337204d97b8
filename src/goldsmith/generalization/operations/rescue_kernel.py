"""The rescue kernel that is named after the build's machine-id."""

from __future__ import annotations

import re
from collections.abc import Iterator

from goldsmith.generalization.operation import operation
from goldsmith.generalization.view import View
from goldsmith.guest.change import Change
from goldsmith.guest.index import Entry

NAME = "rescue-kernel"
BOOT = "/boot"
ENTRIES = "/boot/loader/entries"
RESCUE = re.compile(r"(?:vmlinuz|initramfs|\.vmlinuz)-0-rescue-[0-9a-f]{32}(?:\.img|\.hmac)?")
RESCUE_ENTRY = re.compile(r"[0-9a-f]{32}-0-rescue\.conf")
ENVIRONMENTS = ("/boot/grub2/grubenv", "/boot/grub/grubenv")
CONFIGURATIONS = ("/boot/grub2/grub.cfg", "/boot/grub/grub.cfg")


@operation(
    NAME,
    covers="dracut's rescue kernel, its initramfs and its boot entry, named after the build's machine-id",
    roots=(BOOT,),
)
def plan(view: View) -> Iterator[Change]:
    """About 100 MiB that carry the build's machine-id in their name; installing the next kernel makes new ones. All of
    it goes together, and only where nothing else may need it: another boot entry with a kernel that is there, no
    default entry and no menu of GRUB that names the rescue kernel.
    """
    files = [entry for entry in view.index.children(BOOT) if RESCUE.fullmatch(entry.name)]
    entries = [entry for entry in view.index.children(ENTRIES) if RESCUE_ENTRY.fullmatch(entry.name)]
    if not _is_dispensable(view, entries):
        return
    for entry in (*files, *entries):
        yield from view.remove(entry, NAME, "named after the machine-id of the build")


def _is_dispensable(view: View, rescue: list[Entry]) -> bool:
    others = [entry for entry in view.index.children(ENTRIES) if entry.name.endswith(".conf") and entry not in rescue]
    named = any("-0-rescue" in line for path in (*ENVIRONMENTS, *CONFIGURATIONS) for line in view.lines(path))
    return not named and any(_kernel_is_there(view, entry) for entry in others)


def _kernel_is_there(view: View, entry: Entry) -> bool:
    """`linux` of an entry is a path on /boot's own file system, or on the root's."""
    words = [line.split() for line in view.lines(entry.path)]
    kernels = [word[1] for word in words if len(word) == 2 and word[0] == "linux"]
    return any(view.index.resolve(f"{top}{kernel}") for kernel in kernels for top in (BOOT, ""))
