"""Leases that a DHCP server gave out."""

from __future__ import annotations

from goldsmith.generalization.operation import removal

removal(
    "dhcp-server-state",
    ("/var/lib/dhcpd/*", "/var/lib/kea/*", "/var/lib/misc/dnsmasq.leases", "/var/lib/dnsmasq/*.leases"),
    covers="leases of dhcpd, Kea and dnsmasq",
    reason="leases given out while building",
    upstream="virt-sysprep dhcp-server-state (dhcpd only)",
)
