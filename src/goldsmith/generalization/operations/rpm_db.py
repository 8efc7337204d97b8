"""Berkeley DB's shared memory beside an rpm database."""

from __future__ import annotations

from goldsmith.generalization.operation import removal

# The database itself is never touched; rpm makes these files again when it opens it.
removal(
    "rpm-db",
    ("/var/lib/rpm/__db.*", "/usr/lib/sysimage/rpm/__db.*"),
    covers="Berkeley DB's host-specific files of an rpm database",
    reason="shared memory of the build host's Berkeley DB",
    upstream="virt-sysprep rpm-db",
)
