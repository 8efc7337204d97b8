"""The name by which iSCSI targets know a machine, and the targets it knows."""

from __future__ import annotations

import re
from collections.abc import Iterator

from goldsmith.findings import Severity
from goldsmith.generalization.operation import operation
from goldsmith.generalization.view import View
from goldsmith.guest.change import Change

NAME = "iscsi-initiator"
INITIATOR = "/etc/iscsi/initiatorname.iscsi"
RECORDS = ("/etc/iscsi/nodes/*", "/etc/iscsi/send_targets/*", "/var/lib/iscsi/nodes/*", "/var/lib/iscsi/send_targets/*")
NAMED = re.compile(rb"^\s*(InitiatorName|InitiatorAlias)\s*=.*$", re.MULTILINE)
# It is left as the package ships it: open-iscsi's startup-checks.sh replaces this line by a new name.
DEBIAN = b"""\
## DO NOT EDIT OR REMOVE THIS FILE!
## If you remove this file, the iSCSI daemon will not start.
## If you change the InitiatorName, existing access control lists
## may reject this initiator.  The InitiatorName must be unique
## for each iSCSI initiator.  Do NOT duplicate iSCSI InitiatorNames.
GenerateName=yes
"""


@operation(
    NAME,
    covers="the iSCSI initiator's name, targets that were found and logged in to",
    roots=("/etc/iscsi", "/var/lib/iscsi"),
    severity=Severity.ERROR,
)
def plan(view: View) -> Iterator[Change]:
    """Two initiators of one name write to the same disks. Debian and Ubuntu make a new name where the file says
    `GenerateName=yes` and do not start without the file; RHEL's and SUSE's iscsi-init.service makes one where the file
    is missing. Records of targets hold passwords.
    """
    for entry in view.find(INITIATOR):
        content = view.read(INITIATOR) if entry.is_regular else None
        if content is None or not NAMED.search(content):
            continue
        if view.info.family == "debian":
            yield from view.rewrite(entry, DEBIAN, NAME, "targets would take all clones for one machine")
        else:
            yield from view.remove(entry, NAME, "targets would take all clones for one machine")
    yield from view.remove_matching(RECORDS, NAME, "a target that the build machine used")
