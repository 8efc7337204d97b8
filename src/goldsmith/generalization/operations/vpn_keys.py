"""Keys and identities of virtual private networks."""

from __future__ import annotations

from goldsmith.findings import Severity
from goldsmith.generalization.operation import removal

# A node key on two machines disconnects both: the network knows one of them at a time.
removal(
    "vpn-keys",
    (
        "/etc/wireguard/*.conf",
        "/etc/wireguard/*.key",
        "/etc/amnezia/amneziawg/*.conf",
        "/var/lib/tailscale/*",
        "/var/lib/zerotier-one/identity.*",
        "/var/lib/zerotier-one/authtoken.secret",
        "/etc/nebula/*.key",
        "/etc/nebula/host.crt",
        "/etc/openvpn/*.key",
        "/etc/openvpn/*.p12",
        "/etc/openvpn/client/*.key",
        "/etc/openvpn/client/*.p12",
        "/etc/openvpn/server/*.key",
        "/etc/openvpn/server/*.p12",
        "/etc/ipsec.d/private/*",
        "/etc/swanctl/private/*",
        "/etc/swanctl/rsa/*",
        "/etc/swanctl/ecdsa/*",
        "/etc/swanctl/pkcs8/*",
        "/etc/swanctl/pkcs12/*",
        "/etc/tinc/*/rsa_key.priv",
        "/etc/tinc/*/ed25519_key.priv",
        "/etc/netbird/config.json",
        "/var/lib/netbird/*",
        "/etc/cloudflared/*.json",
        "/etc/cloudflared/cert.pem",
    ),
    covers="keys of WireGuard, OpenVPN, IPsec, Tailscale, ZeroTier, Nebula, tinc, NetBird and Cloudflare tunnels",
    reason="one node's key: a network knows only one machine by it",
    severity=Severity.ERROR,
)
