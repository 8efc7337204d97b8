"""Random seeds."""

from __future__ import annotations

from collections.abc import Iterator

from goldsmith.findings import Severity
from goldsmith.generalization.operation import Remark, operation, roots_of
from goldsmith.generalization.view import View
from goldsmith.guest.change import Change

NAME = "random-seed"
FSTAB = "/etc/fstab"
BOOT_LOADERS = ("/boot", "/boot/efi", "/efi")
SEEDS = (
    "/var/lib/systemd/random-seed",
    "/var/lib/random-seed",
    "/var/lib/urandom/random-seed",
    "/var/lib/misc/random-seed",
    "/etc/random-seed",
    "/boot/loader/random-seed",
    "/boot/efi/loader/random-seed",
    "/efi/loader/random-seed",
    "~/.rnd",
    "~/.gnupg/random_seed",
)


def _remarks(view: View) -> Iterator[Remark]:
    """An EFI system partition that is not mounted: not every kernel that goldsmith runs on has vfat."""
    words = [line.split() for line in view.lines(FSTAB) if not line.lstrip().startswith("#")]
    for place in [each[1] for each in words if len(each) > 2 and each[2] == "vfat" and each[1] in BOOT_LOADERS]:
        directory = view.index.resolve(place)
        if directory is None or not view.index.children(directory):
            message = "it is empty, or this host cannot mount it: a random seed of systemd-boot would not be seen"
            yield Remark(NAME, place, message)


@operation(
    NAME,
    covers="seeds of the kernel's random numbers, of the boot loader's, and of programs in homes",
    roots=(*roots_of(SEEDS), FSTAB, *BOOT_LOADERS),
    upstream="virt-sysprep customize (which refills it)",
    severity=Severity.ERROR,
    remarks=_remarks,
)
def plan(view: View) -> Iterator[Change]:
    """Removed, as systemd advises (systemd.io/BUILDING_IMAGES): systemd-random-seed.service makes a new one with the
    right mode. virt-sysprep's customize refills it instead, so that all clones start from one seed.
    """
    yield from view.remove_matching(SEEDS, NAME, "clones would start from the same random numbers")
