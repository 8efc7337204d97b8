"""What GRUB remembers from boot to boot."""

from __future__ import annotations

import re
from collections.abc import Iterator

from goldsmith.generalization.operation import operation
from goldsmith.generalization.view import View
from goldsmith.guest.change import Change

NAME = "grub-environment"
PLACES = ("/boot/grub/grubenv", "/boot/grub2/grubenv", "/boot/efi/EFI/*/grubenv", "/efi/EFI/*/grubenv")
ENTRIES = "/boot/loader/entries"
# GRUB's own limit and signature: a block of another size is not read.
SIZE = 1024
SIGNATURE = b"# GRUB Environment Block\n"
OF_BOOTS = (
    b"recordfail=",
    b"boot_success=",
    b"boot_indeterminate=",
    b"boot_counter=",
    b"next_entry=",
    b"prev_saved_entry=",
)
# An entry of the Boot Loader Specification, by its file's name.
BLS = re.compile(rb"saved_entry=([0-9a-f]{32}-.+)")


@operation(
    NAME,
    covers="GRUB's marks of former boots, and a default entry that is not there",
    roots=("/boot/grub/grubenv", "/boot/grub2/grubenv", "/boot/efi/EFI", "/efi/EFI", ENTRIES),
)
def plan(view: View) -> Iterator[Change]:
    """A clone's first boot would stop at the menu (`recordfail`) or count as a repeated failure. The block keeps its
    fixed size, and is rewritten in its place: GRUB writes to it by block number. A default entry that is one of the
    Boot Loader Specification and has no file goes too: without it GRUB takes the newest kernel.
    """
    for entry in view.find(*PLACES):
        content = view.read(entry.path) if entry.is_regular and entry.size == SIZE else None
        if content is None or not content.startswith(SIGNATURE):
            continue
        lines = content[len(SIGNATURE) :].rstrip(b"#").splitlines(keepends=True)
        kept = b"".join(line for line in lines if not line.startswith(OF_BOOTS) and not _dangles(view, line))
        yield from view.rewrite(
            entry, (SIGNATURE + kept).ljust(SIZE, b"#"), NAME, "remembers boots of the build machine"
        )


def _dangles(view: View, line: bytes) -> bool:
    found = BLS.fullmatch(line.rstrip(b"\n"))
    if found is None or not view.index.children(ENTRIES):
        return False
    name = found[1].decode("utf-8", "surrogateescape").removesuffix(".conf")
    return f"{ENTRIES}/{name}.conf" not in view.index
