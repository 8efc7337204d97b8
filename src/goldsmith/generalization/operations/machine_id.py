"""The machine-id of systemd and D-Bus."""

from __future__ import annotations

import re
from collections.abc import Iterator

from goldsmith.findings import Severity
from goldsmith.generalization.operation import operation
from goldsmith.generalization.view import View
from goldsmith.guest.change import ABSENT, Change, Write
from goldsmith.guest.index import Entry

NAME = "machine-id"
MACHINE_ID = "/etc/machine-id"
DBUS_ID = "/var/lib/dbus/machine-id"
REASON = "clones would share one machine-id"
ID = re.compile(rb"[0-9a-fA-F-]{32,36}\s*")


@operation(
    NAME,
    covers="/etc/machine-id and D-Bus's copy",
    roots=(MACHINE_ID, DBUS_ID),
    upstream="virt-sysprep machine-id (which its customize fills again); cloud-init clean --machine-id",
    severity=Severity.ERROR,
)
def plan(view: View) -> Iterator[Change]:
    """On systemd guests the file is left *empty*: the id is made at boot and saved, and that is all.

    `uninitialized`, or no file at all, also makes the boot a *first boot*: systemd then applies presets to all units,
    which enables again what the recipe disabled (Debian presets everything on) and, where systemd is built with
    first-boot-full-preset (Fedora, RHEL 10), disables what it enabled; systemd-firstboot may ask on the console. With
    no file and / still read-only early in the boot, systemd cannot even mount an id in its place. So a missing file is
    made, mode 0444.

    Without systemd the file goes: only D-Bus reads it, `dbus-uuidgen --ensure` makes a missing one and refuses an empty
    one.

    D-Bus's copy goes unless it is a link to the file above: systemd takes an id that it finds there over for an empty
    /etc/machine-id. Both systemd's tmpfiles and dbus make the missing path again.
    """
    target = view.index.resolve(MACHINE_ID)
    yield from (
        _systemd(view, target) if view.info.init == "systemd" else view.remove_matching((MACHINE_ID,), NAME, REASON)
    )
    for copy in view.find(DBUS_ID):
        leads_there = copy.is_link and (view.index.resolve(DBUS_ID) or copy.target) in {target, MACHINE_ID}
        if copy.path != target and not leads_there:
            yield from view.remove(copy, NAME, REASON)


def _systemd(view: View, target: str | None) -> Iterator[Change]:
    entry: Entry | None = view.index.get(MACHINE_ID)
    if entry is None and "/etc" in view.index:
        yield Write(path=MACHINE_ID, seen=ABSENT, operation=NAME, reason="systemd needs it", content=b"", mode=0o444)
    elif entry is not None and entry.is_regular:
        yield from view.truncate(entry, NAME, REASON)
    elif target is not None and ID.fullmatch(view.read(target, limit=64) or b""):
        # A link keeps leading where it did, to a file that holds an id and nothing else.
        yield from view.truncate(view.index[target], NAME, REASON)
