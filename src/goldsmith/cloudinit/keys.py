"""The names that cloud-init's configuration knows, from 22.4 to 26.2: its top-level keys and its modules."""

from __future__ import annotations

from collections.abc import Mapping

from goldsmith.cloudinit.version import Version

# What a schema of user-data knows too.
MODULE_KEYS = frozenset({
    "allow_public_ssh_keys", "ansible", "apk_repos", "apt", "apt_pipelining", "apt_reboot_if_required", "apt_update",
    "apt_upgrade", "authkey_hash", "autoinstall", "bootcmd", "byobu_by_default", "ca-certs", "ca_certs", "chef",
    "chpasswd", "cloud_config_modules", "cloud_final_modules", "cloud_init_modules", "create_hostname_file",
    "device_aliases", "disable_ec2_metadata", "disable_root", "disable_root_opts", "disk_setup", "drivers", "fan",
    "final_message", "fqdn", "fs_setup", "groups", "growpart", "grub-dpkg", "grub_dpkg", "hostname", "keyboard",
    "landscape", "launch-index", "locale", "locale_configfile", "lxd", "manage_etc_hosts", "manage_resolv_conf",
    "mcollective", "merge_how", "merge_type", "migrate", "mount_default_fields", "mounts", "no_ssh_fingerprints", "ntp",
    "output", "package_reboot_if_required", "package_update", "package_upgrade", "packages", "password", "phone_home",
    "power_state", "prefer_fqdn_over_hostname", "preserve_hostname", "puppet", "random_seed", "reporting",
    "resize_rootfs", "resolv_conf", "rh_subscription", "rpi", "rsyslog", "runcmd", "salt_minion", "snap", "spacewalk",
    "ssh", "ssh_authorized_keys", "ssh_deletekeys", "ssh_fp_console_blacklist", "ssh_genkeytypes", "ssh_import_id",
    "ssh_key_console_blacklist", "ssh_keys", "ssh_publish_hostkeys", "ssh_pwauth", "ssh_quiet_keygen", "swap",
    "system_info", "timezone", "ubuntu_advantage", "ubuntu_pro", "updates", "user", "users", "vendor_data", "version",
    "wireguard", "write_files", "yum_repo_dir", "yum_repos", "zypper",
})  # fmt: skip
# In no schema of user-data: what is read from the system configuration alone, and an old name that modules still take.
SYSTEM_KEYS = frozenset({
    "apt_preserve_sources_list", "conf_d", "datasource", "datasource_list", "def_log_file", "def_log_file_mode",
    "disable_fallback_netcfg", "features", "log_basic", "log_cfgs", "manual_cache_clean", "network", "syslog_fix_perms",
    "ubuntu-advantage", "unverified_modules", "vendor_data2", "warnings",
})  # fmt: skip
KEYS = MODULE_KEYS | SYSTEM_KEYS
# Those that came after 22.4.
SINCE: Mapping[str, Version] = {"rpi": (25, 2), "ubuntu_pro": (24, 1)}
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


def known(name: str, version: Version | None = None) -> bool:
    """Whether cloud-init (of a version, or some) reads a top-level key. Keys that begin with `x-` or `_` are people's
    own anchors.
    """
    if name.startswith(("x-", "_")):
        return True
    return name in KEYS and (version is None or SINCE.get(name, version) <= version)
