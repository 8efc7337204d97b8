"""Leases and identifiers of DHCP clients."""

from __future__ import annotations

from goldsmith.findings import Severity
from goldsmith.generalization.operation import removal

# NetworkManager derives DUIDs and stable IPv6 addresses from secret_key; NetworkManager.state holds switches of the
# administrator and stays. systemd-networkd keeps leases on disk since version 257.
removal(
    "dhcp-client-state",
    (
        "/var/lib/dhclient/*",
        "/var/lib/dhcp/*",
        "/var/lib/dhcp3/*",
        "/var/lib/dhcpcd/*",
        "/var/lib/dhcpcd5/*",
        "/etc/dhcpcd.duid",
        "/etc/dhcpcd.secret",
        "/var/lib/wicked/*",
        "/var/lib/systemd/network/*",
        "/var/lib/NetworkManager/*.lease",
        "/var/lib/NetworkManager/*.leases",
        "/var/lib/NetworkManager/dhclient*.conf",
        "/var/lib/NetworkManager/internal-*",
        "/var/lib/NetworkManager/secret_key",
        "/var/lib/NetworkManager/seen-bssids",
        "/var/lib/NetworkManager/timestamps",
        "/var/lib/NetworkManager/NetworkManager-intern.conf",
    ),
    covers="leases, DUIDs and keys of dhclient, dhcpcd, wicked, systemd-networkd and NetworkManager",
    reason="a lease or an identifier: clones would ask for the same address",
    upstream="virt-sysprep dhcp-client-state (which knows dhclient only)",
    severity=Severity.ERROR,
)
