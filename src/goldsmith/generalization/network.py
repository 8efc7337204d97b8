"""Which network files speak of one card."""

from __future__ import annotations

from collections.abc import Iterable


def matches_a_card(lines: Iterable[str]) -> bool:
    """Whether a .link or .network file asks in its [Match] section for a MAC address (systemd.link(5))."""
    section = ""
    for line in map(str.strip, lines):
        if line.startswith("["):
            section = line
        elif section == "[Match]":
            key, equals, value = line.partition("=")
            if equals and key.strip() in {"MACAddress", "PermanentMACAddress"} and value.strip():
                return True
    return False
