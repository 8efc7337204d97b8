"""GS612: every module in a list is one that cloud-init has."""

from __future__ import annotations

from collections.abc import Iterator

from goldsmith.cloudinit.first_boot_modules import MODULES as HISTORY
from goldsmith.cloudinit.keys import MODULES
from goldsmith.cloudinit.modules import read_stages
from goldsmith.findings import Severity, printable
from goldsmith.recipe.problems import nearest
from goldsmith.rules.cloudconfig.fault import Fault, configuration_rule
from goldsmith.rules.cloudconfig.subject import CloudConfig


@configuration_rule(
    "GS612",
    "every module in a list exists",
    why="cloud-init logs a warning for a module that it cannot find and goes on without it; one that a version dropped "
    "it passes over without a word.",
    since="every version",
    wrong="cloud_config_modules: [locale, ntpp, timezone]\n",
    right="cloud_config_modules: [locale, ntp, timezone]\n",
)
def known_modules(subject: CloudConfig) -> Iterator[Fault]:
    for file in subject.own:
        for stage, modules in read_stages(file.config).items():
            entries = file.value((stage.value,))
            for module in modules:
                fault = _fault(module.name, subject)
                if fault is not None:
                    # A mapping is read as the list of its keys.
                    entry = entries.index(module.entry) if isinstance(entries, list) else module.name
                    yield Fault(Severity.WARNING, file.place(stage.value, entry), *fault)


def _fault(name: str, subject: CloudConfig) -> tuple[str, str] | None:
    """What is wrong with a module's name, and what to do about it."""
    if name not in MODULES:
        near = nearest(name, MODULES)
        hint = f"did you mean `{near}`?" if near else "remove it, or silence this where the image brings it"
        return f"{printable(name)} is no module of cloud-init", hint
    known = HISTORY.get(name)
    if subject.version is None or known is None:
        return None
    if subject.version < known.since:
        came = f"{known.since[0]}.{known.since[1]}"
        return f"{name} is no module of cloud-init {subject.release}: it came with {came}", "remove it"
    if subject.version >= known.until:
        gone = f"{known.until[0]}.{known.until[1]}"
        return f"{name} is no module of cloud-init {subject.release} any more: {gone} dropped it", "remove it"
    return None
