"""Ids and certificates that programs made for one machine, and make again when they are missing."""

from __future__ import annotations

from collections.abc import Iterator

from goldsmith.findings import Severity
from goldsmith.generalization.operation import operation, roots_of
from goldsmith.generalization.view import View
from goldsmith.guest.change import Change

NAME = "host-ids"
FILES = (
    "/etc/nvme/hostid",
    "/etc/nvme/hostnqn",
    "/etc/cockpit/ws-certs.d/0-self-signed*",
    "/etc/pki/tls/private/localhost.key",
    "/etc/pki/tls/certs/localhost.crt",
    "/var/lib/fwupd/pki/*",
    "/var/lib/fwupd/gnupg/*",
)
SNAKEOIL = ("/etc/ssl/private/ssl-cert-snakeoil.key", "/etc/ssl/certs/ssl-cert-snakeoil.pem")
MAKES_SNAKEOIL = ("/usr/lib/systemd/system/ssl-cert.service", "/lib/systemd/system/ssl-cert.service")


@operation(
    NAME,
    covers="NVMe host ids; certificates that httpd, Cockpit, fwupd and ssl-cert made for themselves",
    roots=(*roots_of(FILES), *SNAKEOIL, *MAKES_SNAKEOIL),
    severity=Severity.ERROR,
)
def plan(view: View) -> Iterator[Change]:
    """Debian's snakeoil certificate goes only where ssl-cert.service makes a new one at boot: on older releases nothing
    does, and PostgreSQL and others do not start without it.
    """
    yield from view.remove_matching(FILES, NAME, "identifies one machine to others")
    if any(view.index.resolve(unit) for unit in MAKES_SNAKEOIL):
        yield from view.remove_matching(SNAKEOIL, NAME, "clones would share one private key")
