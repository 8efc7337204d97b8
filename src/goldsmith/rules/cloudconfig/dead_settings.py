"""GS611: no module list switches off what the same configuration asks for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from goldsmith.cloudinit.modules import Stage, read_stages
from goldsmith.findings import Severity
from goldsmith.rules.cloudconfig.fault import Fault, configuration_rule
from goldsmith.rules.cloudconfig.subject import CloudConfig

# A setting → the modules that have to run for it, from 22.4 to 26.2.
MODULES: Mapping[str, tuple[tuple[str, Stage], ...]] = {
    "bootcmd": (("bootcmd", Stage.INIT),),
    "growpart": (("growpart", Stage.INIT),),
    "mounts": (("mounts", Stage.INIT),),
    "users": (("users_groups", Stage.INIT),),
    "write_files": (("write_files", Stage.INIT),),
    "apt": (("apt_configure", Stage.CONFIG),),
    "locale": (("locale", Stage.CONFIG),),
    "ntp": (("ntp", Stage.CONFIG),),
    "timezone": (("timezone", Stage.CONFIG),),
    "yum_repos": (("yum_add_repo", Stage.CONFIG),),
    # Its script is written in the config stage and run in the final one.
    "runcmd": (("runcmd", Stage.CONFIG), ("scripts_user", Stage.FINAL)),
    "packages": (("package_update_upgrade_install", Stage.FINAL),),
    "package_update": (("package_update_upgrade_install", Stage.FINAL),),
    "package_upgrade": (("package_update_upgrade_install", Stage.FINAL),),
    "phone_home": (("phone_home", Stage.FINAL),),
    "power_state": (("power_state_change", Stage.FINAL),),
}


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
    for key in MODULES:
        file = subject.setter(key)
        if file is not None and not file.vendor and subject.config.get(key) and (why := _switched_off(key, subject)):
            yield Fault(
                Severity.WARNING,
                file.place(key),
                f"`{key}` has no effect: {why}",
                f"remove `{key}`, or let the module run",
            )


def _switched_off(key: str, subject: CloudConfig) -> str | None:
    for module, stage in MODULES[key]:
        if module in subject.disabled:
            return f"`disable_modules` names {module}"
        whole_list = isinstance(subject.config.get(stage.value), list)
        lists = subject.setter(stage.value)
        if whole_list and lists is not None and not lists.vendor and not _runs(module, stage, subject):
            return f"`{stage.value}` leaves out {module}"
    return None


def _runs(module: str, stage: Stage, subject: CloudConfig) -> bool:
    """In its own stage or, in an image, in any: versions differ in where a module runs."""
    if subject.whole:
        return subject.effective.runs(module)
    return module in {each.name for each in read_stages(subject.config)[stage]}
