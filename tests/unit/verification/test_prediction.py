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
