"""GS617: packages are baked into the image, not downloaded by each clone."""

from __future__ import annotations

from collections.abc import Iterator

from goldsmith.cloudinit.modules import Stage
from goldsmith.findings import Severity
from goldsmith.rules.cloudconfig.fault import Fault, configuration_rule
from goldsmith.rules.cloudconfig.subject import CloudConfig

MODULE = "package_update_upgrade_install"


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
        off = _is_off(subject)
        verb, what = ("download", "packages") if key == "packages" else ("ask", "the mirrors")
        does = f"would {verb} {what}" if off else f"{verb}s {what}"
        yield Fault(
            Severity.NOTE if off else Severity.WARNING,
            file.place(key),
            f"`{key}` {does} on every clone's first boot{', if its module ran' if off else ''}",
            "bake them in with a step `- install: […]`" if key == "packages" else "use a step `- update: true`",
        )


def _is_off(subject: CloudConfig) -> bool:
    """Whether the configuration takes the module out of its list; of a part, the vendor's lists are not known."""
    listed = subject.whole or isinstance(subject.config.get(Stage.FINAL.value), list)
    return MODULE in subject.disabled or (listed and not subject.effective.runs(MODULE))
