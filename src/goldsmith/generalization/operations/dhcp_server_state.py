"""Leases that a DHCP server gave out."""

from __future__ import annotations

from goldsmith.generalization.operation import removal

removal(
    "dhcp-server-state",
    ("/var/lib/dhcpd/*",),
    covers="leases of dhcpd",
    reason="leases given out while building",
    upstream="virt-sysprep dhcp-server-state",
)
