"""GS125: `disable_modules` names modules that cloud-init has."""

from __future__ import annotations

from collections.abc import Iterator

from goldsmith.cloudinit.modules import canonical
from goldsmith.findings import Severity, printable
from goldsmith.recipe.model import Recipe
from goldsmith.recipe.problems import nearest
from goldsmith.rules.recipe.dropin import drop_in
from goldsmith.rules.recipe.judgment import Judgment
from goldsmith.rules.rule import Needs, Outcome, rule

CODE = "GS125"
# cloudinit/config/cc_*.py of 22.4 to 26.2.
MODULES = frozenset({
    "ansible", "apk_configure", "apt_configure", "apt_pipelining", "bootcmd", "byobu", "ca_certs", "chef", "debug",
    "disable_ec2_metadata", "disk_setup", "fan", "final_message", "growpart", "grub_dpkg", "install_hotplug",
    "keyboard", "keys_to_console", "landscape", "locale", "lxd", "mcollective", "migrator", "mounts", "ntp",
    "package_update_upgrade_install", "phone_home", "power_state_change", "puppet", "raspberry_pi",
    "refresh_rmc_and_interface", "reset_rmc", "resizefs", "resolv_conf", "rh_subscription", "rightscale_userdata",
    "rsyslog", "runcmd", "salt_minion", "scripts_per_boot", "scripts_per_instance", "scripts_per_once",
    "scripts_user", "scripts_vendor", "seed_random", "set_hostname", "set_passwords", "snap", "spacewalk", "ssh",
    "ssh_authkey_fingerprints", "ssh_import_id", "timezone", "ubuntu_advantage", "ubuntu_autoinstall",
    "ubuntu_drivers", "ubuntu_pro", "update_etc_hosts", "update_hostname", "users_groups", "wireguard",
    "write_files", "write_files_deferred", "yum_add_repo", "zypper_add_repo",
})  # fmt: skip


@rule(
    CODE,
    "disabled modules are known",
    needs=Needs.RECIPE,
    why="A misspelled module would stop the build only after the base is fetched and customized.",
)
def known_modules(recipe: Recipe) -> Iterator[Outcome]:
    judgment = Judgment(CODE, "modules of cloud-init", recipe)
    unknown = [(number, name) for number, name in enumerate(drop_in(recipe).disabled) if canonical(name) not in MODULES]
    for number, name in unknown:
        near = nearest(canonical(name), MODULES)
        yield judgment.fails(
            Severity.WARNING,
            recipe.place("defaults", "disable_modules", number),
            f"{printable(name)} is no module of cloud-init",
            f"did you mean `{near}`?" if near else "modules that an image adds itself are known to its build alone",
        )
    if not unknown:
        yield judgment.passes("all are")
