"""GS611: no module list switches off what the same configuration asks for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from goldsmith.cloudinit.modules import Stage
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
    for key, needed in MODULES.items():
        if not subject.config.get(key) or (place := subject.place(key)) is None:
            continue
        for module, stage in needed:
            lists = subject.setter(stage.value)
            if lists is None or lists.vendor or subject.effective.runs(module):
                continue
            if isinstance(subject.config.get(stage.value), list):
                yield Fault(
                    Severity.WARNING,
                    place,
                    f"`{key}` has no effect: `{stage.value}` leaves out {module}",
                    f"remove `{key}`, or let the module run (to switch off one module alone, a recipe has "
                    "`defaults.disable_modules`)",
                )
                break
