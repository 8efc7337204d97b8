"""Random seeds."""

from __future__ import annotations

from goldsmith.findings import Severity
from goldsmith.generalization.operation import removal

# Removed, as systemd advises (systemd.io/BUILDING_IMAGES): systemd-random-seed.service makes a new one with the right
# mode. virt-sysprep's customize refills it instead, so that all clones start from one seed.
removal(
    "random-seed",
    (
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
    ),
    covers="seeds of the kernel's random numbers, of the boot loader's, and of programs in homes",
    reason="clones would start from the same random numbers",
    upstream="virt-sysprep customize (which refills it)",
    severity=Severity.ERROR,
)
