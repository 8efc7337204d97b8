"""GS616: each clone makes its own SSH host keys."""

from __future__ import annotations

from collections.abc import Iterator

from goldsmith.findings import Severity
from goldsmith.rules.cloudconfig.fault import Fault, configuration_rule
from goldsmith.rules.cloudconfig.subject import CloudConfig


@configuration_rule(
    "GS616",
    "clones make their own host keys",
    why="`ssh_deletekeys: false` lets clones keep whatever host keys they find, `ssh_keys` gives all of them the same: "
    "then one clone can pose as any other.",
    since="every version",
    wrong="ssh_deletekeys: false\n",
    right="ssh_genkeytypes: [ed25519, ecdsa]\n",
)
def own_host_keys(subject: CloudConfig) -> Iterator[Fault]:
    for key in ("ssh_deletekeys", "ssh_keys"):
        value = subject.config.get(key)
        if (value is False) if key == "ssh_deletekeys" else bool(value):
            yield Fault(
                Severity.ERROR,
                subject.place(key),
                f"`{key}` makes clones share SSH host keys",
                "remove it: cloud-init then makes new keys for each clone",
            )
