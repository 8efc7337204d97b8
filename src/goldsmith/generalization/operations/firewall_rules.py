"""Firewall rules of an administrator."""

from __future__ import annotations

from goldsmith.generalization.operation import removal

removal(
    "firewall-rules",
    ("/etc/sysconfig/iptables", "/etc/sysconfig/ip6tables", "/etc/firewalld/services/*", "/etc/firewalld/zones/*"),
    covers="custom firewall rules",
    reason="a rule of the build",
    upstream="virt-sysprep firewall-rules",
    default=False,
)
