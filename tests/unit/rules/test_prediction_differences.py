"""Every way in which a first boot can differ from its prediction is told."""

from __future__ import annotations

from dataclasses import replace

import pytest

from goldsmith.cloudinit.datasource import Seed
from goldsmith.cloudinit.first_boot import FALLBACK, predict
from goldsmith.cloudinit.first_boot_record import FirstBoot
from goldsmith.cloudinit.result import Result, StageResult, Status
from goldsmith.rules.facts import Account, Facts, HostKey, Password
from goldsmith.rules.prediction import differences

FILES = {
    "/etc/cloud/cloud.cfg": b"""\
datasource_list: [NoCloud, None]
users: [default]
cloud_init_modules: [users_groups, ssh]
cloud_final_modules: [package_update_upgrade_install, final_message]
packages: [htop]
system_info: {distro: debian, default_user: {name: admin, groups: [adm], shell: /bin/sh, sudo: [ALL]}}
""",
    "/etc/passwd": b"root:x:0:0:root:/root:/bin/bash\n",
}
ADMIN = Account("admin", 1000, "/bin/sh", Password.LOCKED, ("adm",))
FACTS = Facts(
    accounts=(Account("root", 0, "/bin/bash", Password.LOCKED, ()), Account("daemon", 1, "", Password.NONE, ()), ADMIN),
    machine_id="0" * 32,
    dbus_machine_id=None,
    host_keys=tuple(HostKey(f"ssh_host_{kind}_key", None, private=True) for kind in ("ecdsa", "ed25519", "rsa")),
    random_seed=None,
    sudoers=("90-cloud-init-users",),
    packages=(),
    cloud_init_version="25.1.4",
    instance_id="iid-datasource-none",
    previous_instance_id=None,
    semaphores=("config_users_groups", "config_ssh", "config_package_update_upgrade_install", "consume_data"),
    status=Status("DataSourceNone", None, (StageResult("init", 1.0, 2.0, ()),)),
    result=Result("DataSourceNone", ("('package_update_upgrade_install', RuntimeError())",)),
    status_error=None,
    cloud_log=(f"cc_final_message.py[WARNING]: {FALLBACK}",),
)


@pytest.fixture
def predicted() -> FirstBoot:
    return predict(FILES, Seed.NONE, version="25.1.4", network=False)


def test_what_happened_as_predicted_is_no_difference(predicted: FirstBoot) -> None:
    assert differences(predicted, FACTS) == ()


@pytest.mark.parametrize(
    ("facts", "said"),
    [
        (
            replace(FACTS, status=Status("DataSourceNoCloud [x]", None, ())),
            "datasource DataSourceNoCloud, not DataSourceNone",
        ),
        (replace(FACTS, accounts=FACTS.accounts[:2]), "user admin is not there"),
        (replace(FACTS, accounts=(*FACTS.accounts, replace(ADMIN, name="joe", uid=1001))), "user joe is there"),
        (
            replace(FACTS, accounts=(*FACTS.accounts[:2], replace(ADMIN, groups=("sudo",)))),
            "user admin has the groups sudo, not adm",
        ),
        (
            replace(FACTS, accounts=(*FACTS.accounts[:2], replace(ADMIN, shell="/bin/zsh"))),
            "user admin has the shell /bin/zsh, not /bin/sh",
        ),
        (
            replace(FACTS, accounts=(*FACTS.accounts[:2], replace(ADMIN, password=Password.SET))),
            "the password of user admin is set, not locked",
        ),
        (replace(FACTS, sudoers=()), "90-cloud-init-users is not there"),
        (replace(FACTS, host_keys=()), "host keys none, not ecdsa, ed25519, rsa"),
        (replace(FACTS, semaphores=(*FACTS.semaphores, "config_snap")), "module snap ran"),
        (replace(FACTS, semaphores=FACTS.semaphores[1:]), "module users_groups did not run"),
        (replace(FACTS, cloud_log=()), f"the warning {FALLBACK!r} did not come"),
        (replace(FACTS, result=Result("DataSourceNone", ())), "package_update_upgrade_install did not fail"),
        (
            replace(
                FACTS,
                result=Result("DataSourceNone", (*(FACTS.result.errors if FACTS.result else ()), "('locale', X)")),
            ),
            "cloud-init reports the error ('locale', X)",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_each_difference_is_told(predicted: FirstBoot, facts: Facts, said: str) -> None:
    assert differences(predicted, facts) == (said,)


def test_a_cloud_init_that_did_not_run(predicted: FirstBoot) -> None:
    told = differences(predicted, replace(FACTS, status=None, result=None))
    assert told[0] == "cloud-init did not run; predicted: datasource_list is [NoCloud, None]"
