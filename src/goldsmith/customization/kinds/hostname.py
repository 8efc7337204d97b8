"""hostname: the name that clones have until their own data gives them another."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import ConfigDict, Field, RootModel

from goldsmith.customization.customization import Customization, Session, register
from goldsmith.customization.fields import HostName
from goldsmith.customization.placing import placing

HOSTNAME, HOSTS = "/etc/hostname", "/etc/hosts"
# The line of Debian's installer that resolves the machine's own name.
_OWN_LINE = re.compile(rb"^127\.0\.1\.1[ \t].*$", re.MULTILINE)


@register
class Hostname(Customization, RootModel[HostName]):
    """Set the image's host name: /etc/hostname, and the 127.0.1.1 line of /etc/hosts where the guest has one.

    Generalizing then keeps it. cloud-init gives a clone another name only if the clone's data holds one.
    """

    model_config = ConfigDict(extra=None)
    KEY = "hostname"
    EXAMPLE = "- hostname: golden"
    root: Annotated[HostName, Field(description="A name, or a fully qualified one.")]

    def perform(self, session: Session) -> str:
        place = placing(session, self.KEY, [HOSTNAME, HOSTS])
        place.file(HOSTNAME, f"{self.root}\n".encode(), None, None, None)
        try:
            before = session.guest.read(HOSTS)
        except FileNotFoundError:
            before = b""
        after = own_line(before, self.root)
        if after != before:
            place.file(HOSTS, after, None, None, None)
        place.done()
        return self.root


def own_line(hosts: bytes, name: str) -> bytes:
    """/etc/hosts with its 127.0.1.1 line, if it has one, saying `name` and its first part."""
    short = name.partition(".")[0]
    names = name if short == name else f"{name} {short}"
    return _OWN_LINE.sub(f"127.0.1.1\t{names}".encode(), hosts)
