"""GS613: a module list is a default that user-data may undo, and a frozen one."""

from __future__ import annotations

from collections.abc import Iterator

from goldsmith.cloudinit.modules import Stage
from goldsmith.findings import Severity
from goldsmith.rules.cloudconfig.fault import Fault, configuration_rule
from goldsmith.rules.cloudconfig.subject import CloudConfig


@configuration_rule(
    "GS613",
    "a module list is not taken for a control",
    why="User-data is stronger than the image's files and may set the list again, so a list switches nothing off for "
    "somebody who wants it; and a list that is written whole hides the modules that later versions add.",
    since="every version",
    wrong="cloud_config_modules: [locale, timezone]\n",
    right="timezone: Europe/Berlin\n",
)
def frozen_modules(subject: CloudConfig) -> Iterator[Fault]:
    for file in subject.own:
        for stage in Stage:
            if file.find(stage.value) is not None:
                yield Fault(
                    Severity.NOTE,
                    file.place(stage.value),
                    f"`{stage.value}` is a default, no control: user-data may set it again; and it hides modules that "
                    "later versions of cloud-init add",
                    "look at it at each update of cloud-init",
                )
    if subject.disabled:
        yield Fault(
            Severity.NOTE,
            subject.disabled_at,
            "disabled modules are a default, no control: user-data may set their list again; and the list that is "
            "written hides modules that later versions of cloud-init add",
            "look at it at each update of cloud-init; what nobody may run is no matter of cloud-init's configuration",
        )
