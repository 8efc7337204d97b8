"""What a build puts into a guest on purpose without saying so: programs that it runs declare no paths.

The places where generalizing would destroy such things are few. They are looked at before the first step and after the
last one: what is new there, or changed, is the recipe's own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from goldsmith.generalization.accounts import people
from goldsmith.generalization.look import look
from goldsmith.generalization.operation import Operation, roots_of
from goldsmith.generalization.view import View
from goldsmith.guest.guest import Guest

# Crontabs, keys that may log in, and network profiles. Leases, logs and the like are nobody's purpose.
PLACES = (
    "/var/spool/cron/*",
    "/var/spool/cron/crontabs/*",
    "/var/spool/cron/tabs/*",
    "~/.ssh/authorized_keys",
    "~/.ssh/authorized_keys2",
    "~/.ssh/config",
    "/etc/NetworkManager/system-connections/*",
    "/etc/netplan/*",
    "/etc/network/interfaces.d/*",
    "/etc/systemd/network/*",
    "/etc/sysconfig/network-scripts/ifcfg-*",
    "/etc/sysconfig/network/ifcfg-*",
)
_LOOKS = Operation("purpose", "what is there on purpose", (*roots_of(PLACES), "/etc/login.defs"), lambda _: ())


@dataclass(frozen=True, slots=True)
class Purpose:
    """`files` are the places' regular files and links, each with what changes when it does; `people` the names of
    accounts.
    """

    files: Mapping[str, tuple[int, int, int]] = field(default_factory=dict)
    people: frozenset[str] = frozenset()

    def since(self, before: Purpose) -> Purpose:
        """What is new or changed since a former look."""
        return Purpose(
            {path: seen for path, seen in self.files.items() if before.files.get(path) != seen},
            self.people - before.people,
        )

    @property
    def paths(self) -> frozenset[str]:
        return frozenset(self.files)


def purpose_of(guest: Guest) -> Purpose:
    """What lies in the places now. Raises BuildError where the guest cannot be read."""
    return _purpose(look(guest, (_LOOKS,)))


def _purpose(view: View) -> Purpose:
    found = [entry for entry in view.find(*PLACES) if entry.is_regular or entry.is_link]
    return Purpose(
        {entry.path: (entry.inode, entry.size, entry.mtime) for entry in found},
        frozenset(account.name for account in people(view)),
    )
