"""Interface names bound to the build machine's network cards."""

from __future__ import annotations

from goldsmith.generalization.operation import removal

removal(
    "udev-persistent-net",
    ("/etc/udev/rules.d/*persistent-net.rules", "/etc/udev/rules.d/*-cloud-init*.rules"),
    covers="udev rules that name interfaces by MAC address",
    reason="binds an interface name to the build machine's card",
    upstream="virt-sysprep udev-persistent-net",
)
