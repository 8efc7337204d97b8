"""What building an image leaves in it: goldsmith's own build, and others'."""

from __future__ import annotations

import re
from collections.abc import Iterator

from goldsmith.generalization.operation import operation, roots_of
from goldsmith.generalization.view import View
from goldsmith.guest.change import Change

NAME = "build-residue"
FILES = (
    "/etc/.pwd.lock",
    "/debootstrap",
    "/forcefsck",
    "/fastboot",
    "/var/cache/debconf/*-old",
    "/var/lib/dpkg/*-old",
    "/var/cache/ldconfig/aux-cache",
    "/var/lib/sudo/lectured/*",
    "/var/db/sudo/lectured/*",
)
POLICY = "/usr/sbin/policy-rc.d"
APT = ("/etc/apt/apt.conf", "/etc/apt/apt.conf.d/*")
PROXY = re.compile(r'Acquire::(\w+::)*Proxy(-Auto-Detect)?(::\S+)?\s+"[^"]*"\s*;', re.IGNORECASE)
RESOLVER = "/etc/resolv.conf"
NAMESERVER = re.compile(r"\s*nameserver\s+(?!127\.|::1\s)\S+")
RESOLVED = "/etc/systemd/system/dbus-org.freedesktop.resolve1.service"
STUB = "../run/systemd/resolve/stub-resolv.conf"


@operation(
    NAME,
    covers="flags for one boot, policy-rc.d, resolver and apt proxy of the build, locks, former package databases, "
    "sudo's lecture marks",
    roots=(*roots_of(FILES), POLICY, *roots_of(APT), RESOLVER, RESOLVED),
)
def plan(view: View) -> Iterator[Change]:
    """policy-rc.d keeps packages from starting services: left behind, no service that a clone installs ever starts.
    dpkg's and rpm's databases and locks are never touched.
    """
    yield from view.remove_matching(FILES, NAME, "left by the build")
    for entry in view.find(POLICY):
        if entry.is_link or "exit 101" in "".join(view.lines(entry.path)):
            yield from view.remove(entry, NAME, "keeps services from starting while packages are installed")
    for entry in view.find(*APT):
        if entry.is_regular and _only_sets_a_proxy(view.lines(entry.path)):
            yield from view.remove(entry, NAME, "the proxy of the build")
    yield from _resolver(view)


def _resolver(view: View) -> Iterator[Change]:
    """A resolv.conf with servers of the build's network: the link that systemd-resolved wants where it is enabled, else
    emptied, for a DHCP client writes its own. A link, or a file that names only this machine, is no residue.
    """
    for entry in view.find(RESOLVER):
        if not entry.is_regular or not any(map(NAMESERVER.match, view.lines(RESOLVER))):
            continue
        if RESOLVED in view.index:
            yield from view.link(RESOLVER, STUB, NAME, "name servers of the build's network")
        else:
            yield from view.truncate(entry, NAME, "name servers of the build's network")


def _only_sets_a_proxy(lines: list[str]) -> bool:
    said = [line for line in map(str.strip, lines) if line and not line.startswith(("#", "//"))]
    return bool(said) and all(PROXY.fullmatch(line) for line in said)
