"""The disks that LVM is bound to."""

from __future__ import annotations

from goldsmith.generalization.operation import removal

# The devices file names disks by WWID or serial number: on a clone none matches and the volume groups vanish.
removal(
    "lvm-system-devices",
    (
        "/etc/lvm/devices/system.devices",
        "/etc/lvm/devices/backup",
        "/etc/lvm/cache/.cache",
        "/etc/lvm/archive/*",
        "/etc/lvm/backup/*",
    ),
    covers="LVM's devices file and its copies; former metadata of the build's volume groups",
    reason="binds LVM to the disks of the build",
    upstream="virt-sysprep lvm-system-devices",
)
