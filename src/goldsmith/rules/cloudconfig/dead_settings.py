"""GS611: no module list switches off what the same configuration asks for."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from goldsmith.cloudinit.first_boot_modules import MODULES, readers_of
from goldsmith.cloudinit.modules import Stage, read_stages
from goldsmith.cloudinit.shipped import usual_stages
from goldsmith.findings import Severity
from goldsmith.rules.cloudconfig.fault import Fault, configuration_rule
from goldsmith.rules.cloudconfig.subject import CloudConfig

KEYS = tuple(sorted({key for known in MODULES.values() for key in known.keys | known.also}))
# Settings whose `false` is no wish for nothing: the module does something for it.
FALSE_COUNTS = frozenset({"allow_public_ssh_keys", "disable_root", "ssh_deletekeys", "ssh_pwauth"})


@configuration_rule(
    "GS611",
    "no setting is switched off by a module list",
    why="A module list replaces the weaker one whole: `cloud_final_modules: []` also drops packages, scripts and the "
    "final message, without a word in any log.",
    since="every version",
    wrong="packages: [htop]\ncloud_final_modules: []\n",
    right="timezone: Europe/Berlin\ncloud_final_modules: []\n",
)
def dead_settings(subject: CloudConfig) -> Iterator[Fault]:
    for key in KEYS:
        file = subject.setter(key)
        if file is None or file.vendor or not _asks(key, subject.config.get(key)):
            continue
        for what, modules in _needed(key, subject.config.get(key)):
            whys = [_switched_off(module, subject) for module in modules]
            if None not in whys:
                yield Fault(
                    Severity.WARNING,
                    file.place(key),
                    f"{what} has no effect: {whys[0]}",
                    f"remove `{key}`, or let the module run",
                )
                break


def _asks(key: str, value: Any) -> bool:
    return bool(value) or (value is False and key in FALSE_COUNTS)


def _needed(key: str, value: Any) -> Iterator[tuple[str, tuple[str, ...]]]:
    """What of a setting needs which modules, one of them each."""
    match key:
        case "runcmd":
            # One writes its script in the config stage, the other runs it in the final one.
            yield "`runcmd`", ("runcmd",)
            yield "`runcmd`", ("scripts_user",)
        case "write_files":
            entries = [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []
            later = [each for each in entries if each.get("defer")]
            if len(later) < len(entries):
                yield "`write_files`", ("write_files",)
            if later:
                yield "`write_files` with `defer`", ("write_files_deferred",)
        case _:
            yield f"`{key}`", readers_of(key)


def _switched_off(module: str, subject: CloudConfig) -> str | None:
    """Why a module does not run, None where it does or nobody knows.

    In an image a module may stand in any list, versions differ; of a part of a configuration those lists count in which
    distributions have it.
    """
    if module in subject.disabled:
        return f"`disable_modules` names {module}"
    given = read_stages(subject.config)
    names = {stage: {each.name for each in given[stage]} for stage in Stage if _is_list(stage, subject)}
    usual = [stage for stage in Stage if stage in usual_stages(module, subject.family)]
    if any(module in each for each in names.values()) or not names:
        return None
    if not subject.whole and not names.keys() >= set(usual):
        return None
    for stage in (*(stage for stage in names if _had(module, stage, subject)), *usual):
        lists = subject.setter(stage.value)
        if lists is not None and not lists.vendor:
            return f"`{stage.value}` leaves out {module}"
    return f"{module} is in no module list" if subject.whole else None


def _is_list(stage: Stage, subject: CloudConfig) -> bool:
    return isinstance(subject.config.get(stage.value), list)


def _had(module: str, stage: Stage, subject: CloudConfig) -> bool:
    """Whether a weaker file's list of the stage holds the module."""
    return any(module in {each.name for each in read_stages(file.config)[stage]} for file in subject.files[:-1])
