"""The host key of systemd's credentials."""

from __future__ import annotations

from collections.abc import Iterator

from goldsmith.findings import Severity
from goldsmith.generalization.operation import operation
from goldsmith.generalization.view import View
from goldsmith.guest.change import Change

NAME = "credential-secret"
SECRET = "/var/lib/systemd/credential.secret"
STORES = ("/etc/credstore.encrypted", "/usr/lib/credstore.encrypted")


@operation(
    NAME,
    covers="systemd's credential.secret, unless the image ships credentials encrypted with it",
    roots=(SECRET, *STORES),
    severity=Severity.ERROR,
)
def plan(view: View) -> Iterator[Change]:
    """A new secret is made when one is needed. Credentials that the image ships would be lost with the old one, so with
    any of them in a store the secret stays, shared by all clones.
    """
    shipped = any(store in view.index and view.index.children(store) for store in STORES)
    for entry in view.find(SECRET):
        if not shipped:
            yield from view.remove(entry, NAME, "clones could read each other's credentials")
