"""Lists of modules: what a first boot runs of them, and what is left of them, as cloud-init itself decides."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from tests.integration.cloudinit.test_effective_oracle import shipped
from tests.oracle.oracle import Oracle

from goldsmith.cloudinit.effective import CLOUD_CFG_D, effective
from goldsmith.cloudinit.first_boot_modules import module_runs
from goldsmith.cloudinit.keys import MODULES
from goldsmith.cloudinit.modules import Stage, read_stages
from goldsmith.cloudinit.shipped import shipped_by
from goldsmith.cloudinit.version import parse_version
from goldsmith.customization.kinds.defaults import without_modules

pytestmark = pytest.mark.process
Agreements = Callable[[int], None]
# Modules.run_section, but for the running; a distribution's own name decides.
SECTION = """
from types import SimpleNamespace
from cloudinit.config.modules import Modules, form_module_name
ran = {}
for name in names:
    modules = Modules.__new__(Modules)
    modules._cached_cfg = config
    modules.init = SimpleNamespace(distro=SimpleNamespace(name=distro))
    modules._run_modules = lambda active: [(form_module_name(each[1])[3:], each[2]) for each in active]
    ran[name] = modules.run_section(name)
answer = ran
"""
DISTROS = ("debian", "ubuntu", "rhel", "rocky", "almalinux", "centos", "fedora", "opensuse", "sles", "alpine")
# A setting that each module may wait for, and one for none of them.
SETTINGS: tuple[dict[str, Any], ...] = (
    {},
    {"packages": ["htop"], "runcmd": [["true"]], "write_files": [], "bootcmd": ["true"]},
    {"ntp": {}, "timezone": "UTC", "snap": {}, "apt_pipelining": False, "keyboard": {}, "ca_certs": {}, "lxd": {}},
    {"ca-certs": {}, "mounts": [], "disk_setup": {}, "fs_setup": [], "rsyslog": {}, "puppet": {}, "chef": {}},
    {"yum_repos": {}, "zypper": {}, "apk_repos": {}, "rh_subscription": {}, "spacewalk": {}, "ansible": {}},
    {"power_state": {}, "phone_home": {}, "manage_etc_hosts": True, "locale": "C.UTF-8", "swap": {}, "fan": {}},
    {"wireguard": {}, "autoinstall": {}, "ubuntu_pro": {}, "ubuntu_advantage": {}, "drivers": {}, "landscape": {}},
    {"salt_minion": {}, "mcollective": {}, "byobu_by_default": "user", "grub_dpkg": {}, "grub-dpkg": {}},
    {"disable_ec2_metadata": True, "manage_resolv_conf": True, "resolv_conf": {}, "package_update": True},
    {"unverified_modules": ["snap", "yum_add_repo", "apt_configure"], "yum_repos": {}, "snap": {}},
)


def test_what_runs_of_a_list_for_every_distribution(cloud_init: Oracle, agreements: Agreements) -> None:
    version = parse_version(cloud_init.root.version)
    assert version is not None
    # Names that a version does not have are told apart from those that it skips.
    entries = [*sorted(MODULES), ["runcmd", "always"], {"name": "ssh", "frequency": "once"}, ["locale", "never"]]
    differing, count = [], 0
    for distro in DISTROS:
        for settings in SETTINGS:
            config = {**settings, "cloud_final_modules": entries, "system_info": {"distro": distro}}
            theirs = cloud_init.ask(SECTION, config=config, names=["cloud_final_modules"], distro=distro)
            runs = module_runs(read_stages(config), config, version)
            ours = [(run.name, run.frequency.value) for run in runs if run.runs]
            count += len(entries)
            if ours != theirs["cloud_final_modules"]:
                odd = set(ours) ^ set(theirs["cloud_final_modules"])
                differing.append((distro, sorted(settings), sorted(odd)))
    assert differing == []
    agreements(count)


def test_a_module_is_left_out_and_no_other(cloud_init: Oracle, agreements: Agreements) -> None:
    """Each module of each stage by itself: the list that cloud-init then has is its own without that module."""
    base = shipped(cloud_init)
    before = cloud_init.config(base)
    names = [module.name for modules in effective(base).modules.values() for module in modules]
    assert len(names) > 45
    for name in names:
        written = without_modules(b"ssh_pwauth: false\n", (name,), base)
        after = cloud_init.config({**base, f"{CLOUD_CFG_D}/99-x.cfg": written})
        for stage in Stage:
            left = [entry for entry in before[stage.value] if entry.replace("-", "_") != name]
            assert after[stage.value] == left, name
        changed = [stage.value for stage in Stage if after[stage.value] != before[stage.value]]
        assert len(changed) == 1
        assert [key for key in after if key not in changed and after[key] != before.get(key)] == ["ssh_pwauth"]
    agreements(len(names))


def test_what_debian_is_known_to_ship_is_what_its_package_ships(cloud_init: Oracle, agreements: Agreements) -> None:
    known = shipped_by({"22.4": "debian/12", "25.1": "debian/13"}[cloud_init.root.release])
    assert known is not None
    assert cloud_init.root.version.startswith(f"{known.version}-")
    own = cloud_init.config(shipped(cloud_init))
    for key in ("_log", "log_cfgs"):
        del own[key]
    del own["system_info"]["package_mirrors"]
    for stage in Stage:
        own[stage.value] = [entry.replace("-", "_") for entry in own[stage.value]]
    assert dict(effective(known.files).config) == own
    agreements(1)
