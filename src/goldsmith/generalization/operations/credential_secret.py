"""The host key of systemd's credentials, and what is encrypted with it."""

from __future__ import annotations

from collections.abc import Iterator

from goldsmith.findings import Severity
from goldsmith.generalization.operation import operation
from goldsmith.generalization.view import View
from goldsmith.guest.change import Change

NAME = "credential-secret"
SECRET = "/var/lib/systemd/credential.secret"
STORE = "/etc/credstore.encrypted"


@operation(
    NAME,
    covers="systemd's credential.secret with the credentials encrypted by it, unless one of them is there on purpose",
    roots=(SECRET, STORE),
    severity=Severity.ERROR,
)
def plan(view: View) -> Iterator[Change]:
    """A new secret is made when one is needed; what the old one encrypted is unreadable without it, and readable by
    anybody beside it. So both go together, or, where the recipe or a `keep` spares a credential of the store, both
    stay. A store without a secret (credentials bound to a TPM, or to nothing) is not looked at.
    """
    held = [entry for entry in view.index.below(STORE) if not entry.is_directory] if STORE in view.index else []
    for secret in view.find(SECRET):
        if view.spares(SECRET) or any(view.spares(entry.path) for entry in held):
            continue
        yield from view.remove(secret, NAME, "clones could read each other's credentials")
        for entry in held:
            yield from view.remove(entry, NAME, "encrypted with a secret that goes")
