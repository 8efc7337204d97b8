"""What the image's own configuration predicts for each seed."""

from __future__ import annotations

from goldsmith.cloudinit.datasource import Seed
from goldsmith.rules.expectation import BOOTED, SeedPrediction, predict

CLOUD_CFG = b"""\
users: [default]
cloud_init_modules: [users-groups, ssh]
packages: [htop, [vim, 1.0], {apt: [curl=7.88]}, "git tmux"]
datasource_list: [NoCloud, None]
system_info: {default_user: {name: debian, groups: [adm]}}
"""


def test_a_local_image_runs_cloud_init_with_both_seeds() -> None:
    prediction = predict({"/etc/cloud/cloud.cfg": CLOUD_CFG}, version="22.4.2")
    why = "datasource_list is [NoCloud, None]"
    assert prediction.of(Seed.NONE) == SeedPrediction(Seed.NONE, enabled=True, why=why, datasource="DataSourceNone")
    assert prediction.of(Seed.EMPTY_NOCLOUD).datasource == "DataSourceNoCloud"
    assert (prediction.default_user, [user.name for user in prediction.users]) == ("debian", ["debian"])
    assert prediction.modules == ("ssh", "users_groups")
    assert prediction.packages == ("htop", "vim", "curl", "git", "tmux")


def test_an_image_without_cloud_init_runs_none() -> None:
    for seed in BOOTED:
        assert predict({}, version=None).of(seed).why == "cloud-init is not installed"


def test_a_configuration_that_kills_cloud_init_disables_it() -> None:
    bad = {"/etc/cloud/cloud.cfg": CLOUD_CFG, "/etc/cloud/cloud.cfg.d/x.cfg": b"a: \xfc\n"}
    predicted = predict(bad, version="22.4.2").of(Seed.NONE)
    assert not predicted.enabled
    assert predicted.why == "/etc/cloud/cloud.cfg.d/x.cfg: not UTF-8 at byte 3: cloud-init dies reading it"


def test_the_kernels_command_line_counts() -> None:
    predicted = predict({"/etc/cloud/cloud.cfg": CLOUD_CFG}, version="22.4.2", cmdline="ro cloud-init=disabled")
    assert not predicted.of(Seed.EMPTY_NOCLOUD).enabled


def test_settings_are_told_as_cloud_init_computes_them() -> None:
    files = {
        "/etc/cloud/cloud.cfg": CLOUD_CFG,
        "/etc/cloud/cloud.cfg.d/10-a.cfg": b"ssh_pwauth: no\nhostname: golden\n",
        "/etc/cloud/cloud.cfg.d/20-b.cfg": b"ssh_pwauth: yes\ncloud_config_modules: [set_passwords, set_hostname]\n",
    }
    asked = ["ssh_pwauth", "system_info.default_user.groups", "system_info.nothing.here", "def_log_file"]
    predicted = predict(files, version="22.4.2", asked=asked)
    assert {each.key: each.value for each in predicted.effective} == {
        "ssh_pwauth": "true",
        "system_info.default_user.groups": '["adm"]',
        "system_info.nothing.here": None,
        "def_log_file": '"/var/log/cloud-init.log"',
    }
    assert (predicted.ssh_passwords, predicted.hostname, predicted.keeps_hostname) == (True, "golden", False)
    kept = predict({**files, "/etc/cloud/cloud.cfg.d/30-c.cfg": b"preserve_hostname: true\n"}, version="22.4.2")
    assert (kept.hostname, kept.keeps_hostname) == (None, True)


def test_what_no_module_obeys_is_not_predicted() -> None:
    files = {"/etc/cloud/cloud.cfg": CLOUD_CFG + b"ssh_pwauth: no\nhostname: golden\n"}
    predicted = predict(files, version="22.4.2")
    assert (predicted.ssh_passwords, predicted.hostname) == (None, None)
