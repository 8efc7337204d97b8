"""Looking at a guest: one listing of what operations have to see."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from goldsmith.generalization.homes import canonical_homes, homes_in_passwd, is_of_a_person
from goldsmith.generalization.operation import Operation
from goldsmith.generalization.view import View
from goldsmith.guest.guest import Guest
from goldsmith.guest.index import Index
from goldsmith.guest.info import INFO_ROOTS, read_info

PASSWD = "/etc/passwd"
# A passwd of this size names a hundred thousand users.
PASSWD_LIMIT = 8 << 20


def look(guest: Guest, operations: Iterable[Operation], *, roots: Iterable[str] = ()) -> View:
    """A view with everything that the operations have to see, and further `roots`.

    Two listings: the few files that say what guest this is and where its users live, then all roots and homes at once;
    a third one only where the guest's configuration names further places. Raises BuildError where the guest cannot be
    read.
    """
    operations = tuple(operations)
    first = guest.index((PASSWD, *INFO_ROOTS))
    info = read_info(first, guest.read)
    # Debian's own accounts have / and /usr/sbin for homes: listing those would list the whole tree.
    homes = tuple(filter(is_of_a_person, homes_in_passwd(_passwd(guest, first))))
    wanted = dict.fromkeys((PASSWD, "/home", *(root for each in operations for root in each.roots), *roots, *homes))
    index = guest.index(tuple(wanted))
    view = View(index=index, info=info, homes=canonical_homes(index, homes), reader=guest.read)
    further = {root for each in operations if each.further is not None for root in each.further(view)}
    if not further:
        return view
    more = guest.index(sorted(further))
    return replace(view, index=Index((*index.values(), *(more[path] for path in more if path not in index))))


def _passwd(guest: Guest, index: Index) -> bytes:
    """The guest's accounts; nothing where passwd is missing, no file, or larger than any real one."""
    canonical = index.resolve(PASSWD)
    if canonical is None or not index[canonical].is_regular or index[canonical].size > PASSWD_LIMIT:
        return b""
    return guest.read(canonical, PASSWD_LIMIT)
