"""A device that /etc/fstab, crypttab or the kernel's command line names did not appear in 90 s."""

from __future__ import annotations

from goldsmith.machine.cause import cause

cause(
    "missing-device",
    cause="systemd waited in vain for {what}",
    hint=(
        "a device of the build's machine stands in /etc/fstab or crypttab of the image: name it by UUID, or add nofail"
    ),
    line=r"^\[ *TIME *\] Timed out waiting for (?:device )?(?P<what>.+)",
)
