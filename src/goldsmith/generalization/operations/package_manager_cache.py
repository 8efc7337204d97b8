"""What package managers downloaded."""

from __future__ import annotations

from collections.abc import Iterator

from goldsmith.generalization.operation import operation
from goldsmith.generalization.view import View
from goldsmith.guest.change import Change

NAME = "package-manager-cache"
CACHES = (
    "/var/cache/apt",
    "/var/lib/apt/lists",
    "/var/cache/dnf",
    "/var/cache/libdnf5",
    "/var/cache/yum",
    "/var/cache/zypp",
    "/var/cache/PackageKit",
    "/var/lib/PackageKit",
)


@operation(
    NAME,
    covers="packages and lists that apt, dnf, yum, zypper and PackageKit downloaded",
    roots=(*CACHES, "/var/cache"),
    upstream="virt-sysprep package-manager-cache (which leaves apt's lists and dnf5's cache)",
)
def plan(view: View) -> Iterator[Change]:
    """Files only: archives/partial and lists/partial belong to _apt with mode 0700, and apt complains as long as they
    are missing. The databases in /var/lib/dpkg, /var/lib/rpm and /var/lib/dnf are no caches and are never looked at.
    """
    yield from view.remove_files((*CACHES, "/var/cache/zypp-*"), NAME, "downloaded while building, stale for a clone")
