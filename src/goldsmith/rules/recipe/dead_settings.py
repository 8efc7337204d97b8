"""GS126: no setting of the defaults is switched off by the defaults themselves."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from goldsmith.cloudinit.modules import Stage, canonical, read_stages
from goldsmith.findings import Severity
from goldsmith.recipe.model import Recipe
from goldsmith.rules.recipe.dropin import DropIn, drop_in
from goldsmith.rules.recipe.judgment import Judgment
from goldsmith.rules.rule import Needs, Outcome, rule

CODE = "GS126"
# A setting → the modules that have to run for it, and the stage in whose list they are, from 22.4 to 26.2.
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


@rule(
    CODE,
    "no setting is switched off",
    needs=Needs.RECIPE,
    why="A module list replaces the weaker one whole: `cloud_final_modules: []` also drops packages, scripts and the "
    "final message, and a disabled module takes its settings with it, without a word in any log.",
)
def dead_settings(recipe: Recipe) -> Iterator[Outcome]:
    judgment = Judgment(CODE, "every setting has its module", recipe)
    defaults = drop_in(recipe)
    dead = [(key, why) for key in MODULES if defaults.config.get(key) and (why := _switched_off(key, defaults))]
    for key, why in dead:
        yield judgment.fails(
            Severity.WARNING,
            defaults.place(key),
            f"`{key}` in the defaults has no effect: {why}",
            f"remove `{key}`, or let the module run",
        )
    if not dead:
        yield judgment.passes("none is without")


def _switched_off(key: str, defaults: DropIn) -> str | None:
    disabled = {canonical(name) for name in defaults.disabled}
    lists = read_stages(defaults.config)
    for module, stage in MODULES[key]:
        if module in disabled:
            return f"`disable_modules` names {module}"
        if isinstance(defaults.config.get(stage.value), list) and module not in {each.name for each in lists[stage]}:
            return f"`{stage.value}` leaves out {module}"
    return None
