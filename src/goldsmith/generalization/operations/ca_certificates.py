"""Certificates and keys that were made on the build machine."""

from __future__ import annotations

from collections.abc import Iterator

from goldsmith.generalization.operation import operation
from goldsmith.generalization.view import View
from goldsmith.guest.change import Change

NAME = "ca-certificates"
AUTHORITY = tuple(f"/etc/pki/CA/{part}" for part in ("certs", "crl", "newcerts", "private"))
TLS = tuple(f"/etc/pki/tls/{part}" for part in ("certs", "private"))
# The trusted authorities themselves.
BUNDLES = ("ca-bundle.crt", "ca-bundle.trust.crt", "ca-certificates.crt")


@operation(
    NAME,
    covers="certificates and keys of the build in /etc/pki",
    roots=(*AUTHORITY, *TLS),
    upstream="virt-sysprep ca-certificates (which then refreshes the trust store)",
    default=False,
)
def plan(view: View) -> Iterator[Change]:
    """*.crt and *.key in upstream's directories. Links stay: they lead into the trust store. The trust store
    does not read these directories, so nothing has to be refreshed.
    """
    patterns = [f"{directory}/*.{suffix}" for directory in (*AUTHORITY, *TLS) for suffix in ("crt", "key")]
    for entry in view.find(*patterns):
        if entry.name not in BUNDLES and entry.is_regular:
            yield from view.remove(entry, NAME, "a certificate or key of the build")
