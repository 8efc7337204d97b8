"""GS621: no hostname survives into every clone."""

from __future__ import annotations

from collections.abc import Iterator

from goldsmith.findings import Severity, printable
from goldsmith.rules.cloudconfig.fault import Fault, configuration_rule
from goldsmith.rules.cloudconfig.subject import CloudConfig

NONE = frozenset({"", "localhost", "localhost.localdomain"})


@configuration_rule(
    "GS621",
    "no clone is given another one's hostname",
    why="`hostname` and `fqdn` in the image name every clone alike, and `preserve_hostname: true` lets each keep the "
    "name that stands in the image's /etc/hostname.",
    since="every version",
    wrong="hostname: build01\n",
    right="manage_etc_hosts: true\n",
)
def fixed_hostname(subject: CloudConfig) -> Iterator[Fault]:
    for key in ("hostname", "fqdn"):
        file = subject.setter(key)
        if file is not None and isinstance(subject.config.get(key), str):
            yield Fault(
                Severity.WARNING,
                file.place(key),
                f"`{key}: {printable(str(subject.config[key]))}` gives every clone the same name",
                "leave it out: metadata and user-data name each clone",
            )
    name = " ".join(subject.image.lines("/etc/hostname")).strip() if subject.image is not None else ""
    if subject.config.get("preserve_hostname") is True and name not in NONE:
        yield Fault(
            Severity.WARNING,
            subject.place("preserve_hostname"),
            f"`preserve_hostname: true` keeps {printable(name)} of /etc/hostname in every clone",
            "leave it out, or empty /etc/hostname",
        )
