"""GS612: every module in a list is one that cloud-init has."""

from __future__ import annotations

from collections.abc import Iterator

from goldsmith.cloudinit.keys import MODULES
from goldsmith.cloudinit.modules import read_stages
from goldsmith.findings import Severity, printable
from goldsmith.recipe.problems import nearest
from goldsmith.rules.cloudconfig.fault import Fault, configuration_rule
from goldsmith.rules.cloudconfig.subject import CloudConfig


@configuration_rule(
    "GS612",
    "every module in a list exists",
    why="cloud-init logs an error for a module that it cannot find and goes on without it.",
    since="every version",
    wrong="cloud_config_modules: [locale, ntpp, timezone]\n",
    right="cloud_config_modules: [locale, ntp, timezone]\n",
)
def known_modules(subject: CloudConfig) -> Iterator[Fault]:
    for file in subject.own:
        for stage, modules in read_stages(file.config).items():
            entries = file.value((stage.value,))
            for module in modules:
                if module.name in MODULES:
                    continue
                near = nearest(module.name, MODULES)
                # A mapping is read as the list of its keys.
                entry = entries.index(module.entry) if isinstance(entries, list) else module.name
                yield Fault(
                    Severity.WARNING,
                    file.place(stage.value, entry),
                    f"{printable(module.name)} is no module of cloud-init",
                    f"did you mean `{near}`?" if near else "remove it, or silence this where the image brings it",
                )
