"""Attachment to Ubuntu Pro and Landscape."""

from __future__ import annotations

from collections.abc import Iterator

from goldsmith.findings import Severity
from goldsmith.generalization.operation import operation, roots_of
from goldsmith.generalization.view import View
from goldsmith.guest.change import Change

NAME = "ubuntu-pro"
STATE = (
    "/var/lib/ubuntu-advantage/private",
    "/var/lib/ubuntu-advantage/machine-token.json",
    "/var/lib/ubuntu-advantage/status.json",
    "/var/lib/ubuntu-advantage/jobs-status.json",
    "/var/lib/ubuntu-advantage/messages/*",
    "/etc/machine-access",
    "/var/lib/landscape/client/*",
    "/var/lib/update-notifier/*",
)
LOGIN = "/etc/apt/auth.conf.d/90ubuntu-advantage"
SOURCES = (
    "esm-apps",
    "esm-infra",
    "fips",
    "fips-updates",
    "fips-preview",
    "cis",
    "ros",
    "ros-updates",
    "realtime-kernel",
)


@operation(
    NAME,
    covers="the token and apt login of Ubuntu Pro with the sources that need it, Landscape's registration, notices",
    roots=(*roots_of(STATE), LOGIN, "/etc/apt/sources.list.d"),
    upstream="pro detach",
    severity=Severity.ERROR,
)
def plan(view: View) -> Iterator[Change]:
    """One token would bill all clones as one machine. Sources that apt can only reach with the login go together with
    it, or every `apt update` of a clone would fail.
    """
    yield from view.remove_matching(STATE, NAME, "one machine's attachment")
    for entry in view.find(LOGIN):
        yield from view.remove(entry, NAME, "one machine's attachment")
        patterns = [
            f"/etc/apt/sources.list.d/ubuntu-{name}.{suffix}" for name in SOURCES for suffix in ("list", "sources")
        ]
        yield from view.remove_matching(patterns, NAME, "can only be reached with the machine's own login")
