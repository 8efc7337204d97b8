"""GS617: packages are baked into the image, not downloaded by each clone."""

from __future__ import annotations

from collections.abc import Iterator

from goldsmith.findings import Severity
from goldsmith.rules.cloudconfig.fault import Fault, configuration_rule
from goldsmith.rules.cloudconfig.subject import CloudConfig


@configuration_rule(
    "GS617",
    "packages are baked in",
    why="`packages:` installs nothing into the image: each clone downloads at its first boot, which fails without a "
    "network, and user-data with its own `packages:` replaces the list.",
    since="every version",
    wrong="packages: [htop]\n",
    right="timezone: Europe/Berlin\n",
)
def baked_packages(subject: CloudConfig) -> Iterator[Fault]:
    for key in ("packages", "package_update", "package_upgrade"):
        file = subject.setter(key)
        if file is None or file.vendor or not subject.config.get(key):
            continue
        does = "downloads packages" if key == "packages" else "asks the mirrors"
        yield Fault(
            Severity.WARNING,
            file.place(key),
            f"`{key}` {does} on every clone's first boot",
            "bake them in with a step `- install: […]`" if key == "packages" else "use a step `- update: true`",
        )
