"""A first boot, predicted: who is there, who gets in, what runs, what is fetched."""

from __future__ import annotations

import json

import pytest

from goldsmith.cloudinit.datasource import Seed
from goldsmith.cloudinit.first_boot import FALLBACK, predict
from goldsmith.cloudinit.first_boot_accounts import Password, Way
from goldsmith.cloudinit.modules import Stage
from goldsmith.cloudinit.shipped import shipped_by

OLD, NEW = "22.4.2-1+deb12u4", "25.1.4-1+deb13u1"
CLOUD_CFG = b"""\
users: [default]
disable_root: true
cloud_init_modules: [migrator, seed_random, bootcmd, users-groups, ssh]
cloud_config_modules: [locale, set-passwords, grub-dpkg, runcmd, yum_add_repo]
cloud_final_modules: [package-update-upgrade-install, scripts-user, final-message]
system_info:
  distro: debian
  default_user: {name: debian, lock_passwd: true, groups: [adm, sudo], shell: /bin/bash, sudo: ["ALL=(ALL) ALL"]}
"""
SSHD_CONFIG = b"Include /etc/ssh/sshd_config.d/*.conf\nKbdInteractiveAuthentication no\nUsePAM yes\n"
PASSWD = b"root:x:0:0:root:/root:/bin/bash\ndaemon:x:1:1::/usr/sbin:/usr/sbin/nologin\n"
KEYED = (
    b"#cloud-config\nusers:\n  - {name: joe, ssh_authorized_keys: [ssh-ed25519 AAAA], groups: sudo, shell: /bin/sh}\n"
)


def files(*drop_ins: bytes, listing: bytes = b"datasource_list: [NoCloud, None]\n", **more: bytes) -> dict[str, bytes]:
    made = {
        "/etc/cloud/cloud.cfg": CLOUD_CFG,
        "/etc/cloud/cloud.cfg.d/90_dpkg.cfg": listing,
        "/etc/ssh/sshd_config": SSHD_CONFIG,
        "/etc/passwd": PASSWD,
        "/etc/shadow": b"root:*:19000:0:99999:7:::\n",
    }
    for number, content in enumerate(drop_ins):
        made[f"/etc/cloud/cloud.cfg.d/95-{number}.cfg"] = content
    return {**made, **{f"/{name.replace('__', '/')}": content for name, content in more.items()}}


@pytest.mark.parametrize("version", [OLD, NEW])
def test_the_default_user_is_there_and_nobody_can_log_in(version: str) -> None:
    boot = predict(files(), version=version)
    assert (boot.runs, boot.datasource, boot.default_user) == (True, "DataSourceNone", "debian")
    debian = boot.account("debian")
    assert debian is not None
    assert (debian.created, debian.groups, debian.password) == (True, ("adm", "sudo"), Password.LOCKED)
    assert not boot.reachable
    assert boot.warnings == (FALLBACK,)
    assert boot.errors == ()
    assert boot.finished


def test_versions_differ_in_modules_and_host_keys() -> None:
    old, new = predict(files(), version=OLD), predict(files(), version=NEW)
    assert old.host_keys == ("dsa", "ecdsa", "ed25519", "rsa")
    assert new.host_keys == ("ecdsa", "ed25519", "rsa")
    assert old.running(Stage.INIT) == ("migrator", "seed_random", "users_groups", "ssh")
    assert new.running(Stage.INIT) == ("seed_random", "users_groups", "ssh")
    assert old.running(Stage.CONFIG) == ("locale", "set_passwords", "grub_dpkg")
    assert new.running(Stage.CONFIG) == ("locale", "set_passwords")
    assert (old.follows, new.follows, predict(files()).follows) == ("22.4", "25.1", "26.2")


def test_a_seed_with_user_data_replaces_the_users() -> None:
    boot = predict(files(), Seed.USER_DATA, version=NEW, user_data=KEYED)
    assert boot.datasource == "DataSourceNoCloud"
    assert [account.name for account in boot.accounts] == ["root", "joe"]
    assert [(login.user, login.way) for login in boot.logins] == [("joe", Way.SSH_KEY)]


def test_no_word_of_user_data_changes_the_default_user_of_the_distribution() -> None:
    user_data = b"#cloud-config\nsystem_info: {default_user: {name: eve}}\n"
    assert predict(files(), Seed.USER_DATA, version=NEW, user_data=user_data).default_user == "debian"


@pytest.mark.parametrize("seed", [Seed.OPENSTACK, Seed.EC2])
def test_a_cloud_brings_a_key(seed: Seed) -> None:
    boot = predict(files(listing=b""), seed, version=NEW, keys=["ssh-ed25519 AAAA"])
    assert boot.datasource == f"DataSource{'OpenStack' if seed is Seed.OPENSTACK else 'Ec2'}Local"
    assert [(login.user, login.way) for login in boot.logins] == [("debian", Way.SSH_KEY)]


def test_without_a_datasource_nothing_is_applied() -> None:
    disabled = predict(files(listing=b"datasource_list: [NoCloud, Ec2, None]\n"), version=OLD)
    assert not disabled.runs
    assert (disabled.accounts[0].name, disabled.modules, disabled.host_keys) == ("root", (), ())
    lost = predict(files(listing=b"datasource_list: [NoCloud]\n"), version=NEW)
    assert lost.runs
    assert lost.datasource is None
    assert lost.errors == ("No instance datasource found: nothing of the configuration is applied",)


def test_an_empty_final_stage_cancels_packages_and_the_end() -> None:
    wanted = b"packages: [htop, vim=2:9, [curl, 8.1]]\npackage_upgrade: true\n"
    boot = predict(files(wanted), version=OLD, installed={"curl"}, network=False)
    assert (boot.packages.fetched, boot.packages.present, boot.packages.upgrade) == (("htop", "vim"), ("curl",), True)
    assert boot.errors == ("package_update_upgrade_install fails: no package mirror can be reached",)
    cancelled = predict(files(wanted, b"cloud_final_modules: []\n"), version=OLD, network=False)
    assert (cancelled.packages.fetched, cancelled.finished, cancelled.errors) == ((), False, ())
    assert cancelled.warnings == ()


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (b"package_update: true\n", ["asked of the mirrors: the lists of packages"]),
        (b"package_upgrade: true\n",
         ["asked of the mirrors: the lists of packages, and newer versions of all that the image has"]),
        (b"packages: [htop]\n", ["fetched from the network: htop", "asked of the mirrors: the lists of packages"]),
        (b"package_update: false\n", []),
        (b"package_update: true\ncloud_final_modules: []\n", []),
    ],
)  # fmt: skip
def test_the_text_tells_all_that_needs_a_network(text: bytes, told: list[str]) -> None:
    lines = [line.strip() for line in predict(files(text), version=OLD).as_text().splitlines()]
    assert [line for line in lines if line.startswith(("fetched", "asked"))] == told


def test_enterprise_linux_makes_host_keys_without_cloud_init() -> None:
    bare = {"/etc/cloud/cloud.cfg": b"system_info: {distro: rocky}\ndatasource_list: [Ec2]\n"}
    known = shipped_by("rocky/9")
    assert known is not None
    for files_ in (bare, known.files):
        boot = predict(files_, version="24.4", cmdline="cloud-init=disabled")
        assert (boot.runs, boot.host_keys) == (False, ("ecdsa", "ed25519", "rsa"))
    debian = {"/etc/cloud/cloud.cfg": b"system_info: {distro: debian}\n"}
    assert predict(debian, version="25.1", cmdline="cloud-init=disabled").host_keys == ()


def test_ways_in() -> None:
    config = b"password: secret\nchpasswd: {expire: false}\nssh_authorized_keys: [ssh-rsa AAAA]\n"
    ways = {login.way: login.how for login in predict(files(config, b"ssh_pwauth: true\n"), version=NEW).logins}
    assert ways == {
        Way.CONSOLE: "a password",
        Way.SSH_KEY: "1 key",
        Way.SSH_PASSWORD: "PasswordAuthentication is on (/etc/ssh/sshd_config.d/50-cloud-init.conf)",
    }
    off = predict(files(config, b"ssh_pwauth: false\n"), version=NEW)
    assert {login.way for login in off.logins} == {Way.CONSOLE, Way.SSH_KEY}
    undone = files(
        config, b"ssh_pwauth: false\n", **{"etc__ssh__sshd_config.d__10-local.conf": b"PasswordAuthentication yes\n"}
    )
    assert Way.SSH_PASSWORD in {login.way for login in predict(undone, version=NEW).logins}


def test_an_account_that_is_there_keeps_its_groups() -> None:
    passwd = PASSWD + b"debian:x:1000:1000:Old,,,:/home/debian:/bin/sh\n"
    boot = predict(files(etc__passwd=passwd, etc__shadow=b"debian:$y$x:1::::::\n"), version=NEW)
    debian = boot.account("debian")
    assert debian is not None
    assert (debian.created, debian.groups, debian.shell, debian.password) == (False, (), "/bin/sh", Password.LOCKED)


def test_an_image_that_booted_once_runs_nothing_again() -> None:
    stale = files(**{"var__lib__cloud__instances__iid-datasource-none__sem__config_ssh": b""})
    boot = predict(stale, version=OLD)
    assert boot.running() == ("migrator", "final_message")
    assert boot.account("debian") is None
    assert boot.host_keys == ()


def test_the_document_is_json_and_the_text_names_the_version() -> None:
    boot = predict(files(), version=OLD)
    document = json.loads(json.dumps(boot.as_json()))
    assert document["users"][1]["name"] == "debian"
    assert [each["name"] for each in document["modules"]["final"] if each["runs"]] == ["scripts_user", "final_message"]
    assert boot.as_text().splitlines()[0] == f"without a seed (cloud-init {OLD})"
    assert "  nobody can log in" in boot.as_text().splitlines()


@pytest.mark.parametrize(
    ("unit", "machine_id", "expected"),
    [
        ("usr__lib__systemd__system__sshd-keygen@.service", b"", ("ecdsa", "ed25519", "rsa")),
        ("etc__systemd__system__ssh.service.wants__sshd-keygen.service", b"", ()),
        (
            "etc__systemd__system__ssh.service.wants__sshd-keygen.service",
            b"uninitialized\n",
            ("ecdsa", "ed25519", "rsa"),
        ),
    ],
    ids=["EL", "Debian 13", "Debian 13, first boot"],
)
def test_host_keys_without_cloud_init(unit: str, machine_id: bytes, expected: tuple[str, ...]) -> None:
    made = files(listing=b"datasource_list: [NoCloud, Ec2]\n", **{unit: b"", "etc__machine-id": machine_id})
    boot = predict(made, version=NEW)
    assert (boot.runs, boot.host_keys) == (False, expected)


def test_a_file_that_is_not_utf_8_ends_every_stage() -> None:
    boot = predict(files(b"# caf\xe9\n"), version=NEW)
    assert (boot.runs, boot.dies, boot.datasource, boot.modules, boot.host_keys) == (True, True, None, (), ())
    assert boot.errors[0].startswith("every stage dies: /etc/cloud/cloud.cfg.d/95-0.cfg")


@pytest.mark.parametrize(
    ("version", "said"),
    [("26.2", "26.2"), ("27.1", "27.1, by the rules of 26.2"), ("21.4", "21.4, by the rules of 22.4")],
)
def test_the_text_says_whose_rules_were_followed(version: str, said: str) -> None:
    assert predict(files(), version=version).as_text().splitlines()[0] == f"without a seed (cloud-init {said})"


@pytest.mark.parametrize("version", [OLD, NEW])
def test_configuration_on_the_kernels_command_line_counts(version: str) -> None:
    cmdline = "ro cc: {packages: [htop], users: [{name: eve, sudo: ALL}]} end_cc quiet"
    boot = predict(files(), version=version, cmdline=cmdline)
    assert [account.name for account in boot.accounts if account.created] == ["eve"]
    assert boot.packages.fetched == ("htop",)
    assert predict(files(), version=version, cmdline="cc: {cloud_final_modules: []} end_cc").running(Stage.FINAL) == ()


def test_a_list_of_datasources_on_the_kernels_command_line_outranks_ds_identify() -> None:
    boot = predict(files(), version=NEW, cmdline="cc: {datasource_list: [Ec2]} end_cc")
    assert (boot.runs, boot.datasource) == (True, None)
