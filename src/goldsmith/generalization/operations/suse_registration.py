"""Registration with SUSE's Customer Center."""

from __future__ import annotations

import re
from collections.abc import Iterator

from goldsmith.findings import Severity
from goldsmith.generalization.operation import operation
from goldsmith.generalization.view import View
from goldsmith.guest.change import Change

NAME = "suse-registration"
STATE = (
    "/etc/SUSEConnect",
    "/etc/zypp/credentials.d/*",
    "/var/cache/cloudregister/*",
)
SERVICES = "/etc/zypp/services.d/*.service"
REPOSITORIES = "/etc/zypp/repos.d/*.repo"
NEEDS_REGISTRATION = re.compile(r"credentials=|^\s*url\s*=\s*plugin:/susecloud", re.MULTILINE)
OF_SERVICE = re.compile(r"^\s*service\s*=\s*(\S+)\s*$", re.MULTILINE)
HEAD = re.compile(r"^\s*\[([^]]+)\]", re.MULTILINE)


@operation(
    NAME,
    covers="registration with SUSE: SUSEConnect, credentials, services and repositories that need them",
    roots=("/etc/SUSEConnect", "/etc/zypp", "/var/cache/cloudregister"),
    upstream="SUSEConnect --cleanup",
    severity=Severity.ERROR,
)
def plan(view: View) -> Iterator[Change]:
    """A service that names credentials, or cannot work without them, goes with its repositories: registering a clone
    brings them back. Services and repositories of anybody else stay.
    """
    yield from view.remove_matching(STATE, NAME, "one host's registration")
    gone = set()
    for entry in view.find(SERVICES):
        said = "".join(view.lines(entry.path)) if entry.is_regular else ""
        if NEEDS_REGISTRATION.search(said):
            gone.update(HEAD.findall(said))
            yield from view.remove(entry, NAME, "a service that needs a registration")
    for entry in view.find(REPOSITORIES):
        said = "".join(view.lines(entry.path)) if entry.is_regular else ""
        if "credentials=" in said or gone.intersection(OF_SERVICE.findall(said)):
            yield from view.remove(entry, NAME, "a repository that needs a registration")
