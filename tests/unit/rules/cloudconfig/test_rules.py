"""What the rules over cloud configurations see, beyond their own examples."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.unit.rules.cloudconfig.configurations import codes, configuration, guest_file, host_file, image, only

from goldsmith.cloudinit.first_boot import predict
from goldsmith.cloudinit.first_boot_modules import readers_of
from goldsmith.cloudinit.keys import known
from goldsmith.cloudinit.shipped import shipped_by
from goldsmith.cloudinit.version import parse_version
from goldsmith.findings import GuestPlace, HostPlace, Severity, TextEdit
from goldsmith.rules.cloudconfig.dead_settings import KEYS
from goldsmith.rules.cloudconfig.lint import lint
from goldsmith.rules.cloudconfig.subject import CloudConfig

DOES = "downloads packages on every clone's first boot"
WOULD = "would download packages on every clone's first boot, if its module ran"
KEY = "ssh-ed25519 AAAA ops@example.org"
MANUAL = f"""\
system_info:
  default_user:
    name: admin
ssh_pwauth: false
packages:
  - htop
  - vim-enhanced
cloud_final_modules: []
# {KEY}
"""


def test_the_drop_in_of_the_manual_workflow() -> None:
    subject = image({"99-custom-defaults.cfg": MANUAL}, around={"/etc/passwd": "root:x:0\ndebian:x:1000\n"})
    found = {finding.code: finding for finding in lint(subject)}
    assert set(found) == {"GS607", "GS608", "GS611", "GS613", "GS617", "GS618", "GS619"}
    assert found["GS611"].message == (
        "`packages` has no effect: `cloud_final_modules` leaves out package_update_upgrade_install"
    )
    assert found["GS607"].message == "the default user is admin, but the user debian is in the image already"
    assert found["GS608"].message == (
        "without user-data nobody can log in to a clone: admin, with a locked password and no key"
    )
    assert found["GS618"].place == GuestPlace("/etc/cloud/cloud.cfg.d/99-custom-defaults.cfg", 7, 5)
    assert found["GS618"].hint == "its name here: vim"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"a: \xff\n", "not UTF-8 at byte 3: cloud-init dies reading it"),
        (b"- a list\n", "the top level is a list, not a dictionary"),
        (b"a: 1\na: 2\n", "a is there twice; the last one counts"),
        (b"a: {b\n", "not readable as YAML: "),
        (b"a: \x00\n", "not readable as YAML: "),
        (b"merge_how: list(append)\nssh_pwauth: true\n", "merge_how changes how this file lies under the others"),
        (b"&a [*a]\n", "not readable as YAML: "),
        (b"a: " + b"[" * 500 + b"]" * 500, "nest"),
        (b"a0: &a0 [x,x,x,x]\n" + b"".join(b"a%d: &a%d [%s]\n" % (n, n, b",".join([b"*a%d" % (n - 1)] * 9))
         for n in range(1, 12)), "too large to be meant"),
    ],
)  # fmt: skip
def test_files_that_are_not_read_as_written(content: bytes, message: str) -> None:
    assert message in only(configuration(content), "GS601").message


@pytest.mark.parametrize("content", [b"", b"\xef\xbb\xbfssh_pwauth: true\n", b"ssh_pwauth: true\r\n", b"# only\n"])
def test_files_that_are_fine(content: bytes) -> None:
    assert codes(configuration(content)) == set()


@pytest.mark.parametrize(
    ("text", "message", "repaired"),
    [
        ("users: [{name: 0123}]\n", "`users[0].name`: 0123 is the number 83 to YAML", "'0123'"),
        ("locale: no\n", "`locale`: no is a boolean to YAML, where text is meant", "'no'"),
        ("power_state: {delay: 22:22}\n", "`power_state.delay`: 22:22 is the number 1342 to YAML, in base 60",
         "'22:22'"),
        ("users: [{name: a, expiredate: 2026-01-01}]\n", "`users[0].expiredate`: 2026-01-01 is a date to YAML",
         "'2026-01-01'"),
        ("packages: [1.10]\n", "`packages[0]`: 1.10 is the number 1.1 to YAML, where text is meant", "'1.10'"),
        ("write_files: [{path: /a, permissions: 644}]\n",
         "`write_files[0].permissions`: 644 is a decimal number: the mode becomes 1204", "'0644'"),
        ("write_files: [{path: /a, permissions: 0644}]\n",
         "`write_files[0].permissions`: 0644 is the number 420 to YAML; newer versions want text", "'0644'"),
    ],
)  # fmt: skip
def test_what_yaml_takes_for_something_else(text: str, message: str, repaired: str) -> None:
    found = only(configuration(text), "GS602")
    assert found.message == message
    assert isinstance(found.place, HostPlace)
    assert found.repair == TextEdit(found.place, found.repair.old if found.repair else "", repaired)


@pytest.mark.parametrize(
    "text", ["ssh_pwauth: yes\n", "users: [{name: a, uid: 1001}]\n", "growpart: {mode: off}\n", "x-a: 1:30h\n"]
)
def test_what_yaml_takes_as_it_is_meant(text: str) -> None:
    assert "GS602" not in codes(configuration(text))


def test_a_key_that_is_nearly_one() -> None:
    found = only(configuration("ssh_pwauht: false\n"), "GS603")
    assert (found.place, found.hint) == (HostPlace("99-custom-defaults.cfg", 1, 1), "did you mean `ssh_pwauth`?")


@pytest.mark.parametrize(
    ("key", "version", "message"),
    [
        ("rpi", "22.4", "`rpi` is no key of cloud-init 22.4: it came with 25.2"),
        ("ubuntu_pro", "22.4", "`ubuntu_pro` is no key of cloud-init 22.4: it came with 24.1"),
        ("ubuntu_pro", "25.1", None),
        ("ubuntu_pro", None, None),
        ("rpi", "26.2", None),
    ],
)
def test_a_key_that_another_version_knows(key: str, version: str | None, message: str | None) -> None:
    found = lint(configuration(f"{key}: {{token: a}}\n", version=parse_version(version)))
    assert [each.message for each in found if each.code == "GS603"] == ([message] if message is not None else [])


def test_the_keys_of_the_images_own_schema_are_the_known_ones() -> None:
    schema = {"properties": {"locale": {}, "brand_new": {}}, "additionalProperties": False}
    text = "locale: C\nbrand_new: 1\nx-own: 1\ndatasource_list: [None]\ntimezone: UTC\npakages: [a]\n"
    found = lint(configuration(text, schema=schema))
    assert [each.message.split("`")[1] for each in found if each.code == "GS603"] == ["timezone", "pakages"]
    # Before 23.4 a schema let all top-level keys pass, and named them in parts of it.
    assert "GS603" not in codes(configuration("timezone: UTC\n", schema={"allOf": []}))


@pytest.mark.parametrize(
    ("module", "version", "message"),
    [
        ("raspberry_pi", "22.4", "raspberry_pi is no module of cloud-init 22.4: it came with 25.2"),
        ("cc_migrator", "25.1", "migrator is no module of cloud-init 25.1 any more: 24.1 dropped it"),
        ("migrator", "22.4", None),
        ("raspberry-pi", "25.2", None),
        ("raspberry_pi", None, None),
        # Renamed in 24.1, and still found by its old name.
        ("ubuntu_advantage", "25.1", None),
    ],
)
def test_a_module_that_another_version_has(module: str, version: str | None, message: str | None) -> None:
    found = lint(configuration(f"cloud_final_modules: [{module}]\n", version=parse_version(version)))
    assert [each.message for each in found if each.code == "GS612"] == ([message] if message is not None else [])


@pytest.mark.parametrize(
    "lists", ["{name: null}", "{name: x}", "text", "1", "[[]]", "[null, [a, b, c], {name: 1}]", "null"]
)
def test_module_lists_of_any_kind(lists: str) -> None:
    assert "GS613" in codes(configuration(f"cloud_init_modules: {lists}\n"))


def test_a_deprecated_key_has_a_version_and_a_repair() -> None:
    found = only(configuration("timezone: UTC\napt_upgrade: true\n"), "GS604")
    assert found.message == "`apt_upgrade` is deprecated since cloud-init 22.2"
    place = HostPlace("99-custom-defaults.cfg", 2, 1)
    assert found.repair == TextEdit(place, "apt_upgrade", "package_upgrade")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("growpart: {mode: false}\n", "`growpart.mode`: false is deprecated since cloud-init 22.3"),
        ("users: [{name: a, uid: '1001'}]\n", "`users[0].uid` as text is deprecated since cloud-init 22.3"),
        ("users: [{name: a, groups: {wheel: null}}]\n",
         "`users[0].groups` as a mapping is deprecated since cloud-init 23.1"),
        ("grub_dpkg: {grub-pc/install_devices_empty: 'true'}\n",
         "`grub_dpkg.grub-pc/install_devices_empty` as text is deprecated since cloud-init 22.3"),
        ("apt_pipelining: unchanged\n", "`apt_pipelining`: unchanged is deprecated since cloud-init 22.4"),
        ("apt_pipelining: os\n", None),
        ("ansible: {pull: [{playbook_name: a}]}\n",
         "`ansible.pull[0].playbook_name` is deprecated since cloud-init 25.2"),
        ("ansible: {pull: {url: a}}\n", "`ansible.pull` as a mapping is deprecated since cloud-init 25.2"),
        ("rh_subscription: {rhsm-baseurl: a}\n", "`rh_subscription.rhsm-baseurl` is deprecated since cloud-init 25.3"),
        ("ssh_pwauth: unchanged\n", "`ssh_pwauth` as text is deprecated since cloud-init 22.3"),
        ("manage_etc_hosts: template\n", "`manage_etc_hosts`: template is deprecated since cloud-init 22.3"),
        ("power_state: {delay: '+30'}\n", "`power_state.delay` as text is deprecated since cloud-init 22.3"),
        ("power_state: {delay: 30}\n", None),
        ("power_state: {delay: now}\n", None),
    ],
)  # fmt: skip
def test_what_schemas_deprecate_is_known_without_one(text: str, message: str | None) -> None:
    found = lint(configuration(text))
    assert [each.message for each in found if each.code == "GS604"] == ([message] if message is not None else [])


def test_what_only_the_images_schema_deprecates() -> None:
    kinds = [{"type": "string"}, {"type": "integer", "changed": True, "changed_version": "27.1",
                                  "changed_description": "Use a ``string``, as **locale**."}]  # fmt: skip
    schema = {"properties": {"locale": {"oneOf": kinds}, "timezone": {"deprecated": True}, "apt_update": {
        "deprecated": True, "deprecated_version": "22.2"}, "system_info": {"deprecated": True}}}  # fmt: skip
    found = lint(configuration("locale: 3\ntimezone: a\napt_update: true\nsystem_info: {}\n", schema=schema))
    assert [(each.message, each.hint) for each in found if each.code == "GS604"] == [
        ("`locale` is deprecated since cloud-init 27.1, as it stands here", "Use a `string`, as `locale`"),
        ("`timezone` is deprecated in the image's cloud-init, as it stands here",
         "write it as the schema of the image's cloud-init wants it"),
        ("`apt_update` is deprecated since cloud-init 22.2", "use package_update"),
    ]  # fmt: skip
    assert "GS604" not in codes(configuration("locale: C\n", schema=schema))


def test_an_edited_cloud_cfg() -> None:
    assert "GS605" not in codes(image({}))
    assert only(image({}, changed=frozenset({"/etc/cloud/cloud.cfg"})), "GS605").place == GuestPlace(
        "/etc/cloud/cloud.cfg", 1, 1
    )


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("100-x.cfg", "100-x.cfg sorts by its text, not by its number: files that should be weaker may win"),
        ("9-x.cfg", "9-x.cfg sorts by its text, not by its number: files that should be weaker may win"),
        (".99-x.cfg", ".99-x.cfg is read by cloud-init, but not by ds-identify, which decides whether it runs"),
    ],
)
def test_names_that_do_not_sort_as_they_look(name: str, message: str) -> None:
    assert only(image({name: "ssh_pwauth: false\n"}), "GS606").message == message


def test_a_file_that_is_not_read() -> None:
    subject = image({}, other={"99-x.yaml": "ssh_pwauth: false\n", "README": "", "98-x.cfg.dpkg-old": ""})
    assert only(subject, "GS606").message == "99-x.yaml does not end in .cfg: cloud-init does not read it"


def test_a_number_that_a_letter_beats() -> None:
    subject = image({"99-custom.cfg": "ssh_pwauth: false\nlocale: C\n", "curtin.cfg": "ssh_pwauth: true\nlocale: C\n"})
    assert only(subject, "GS606").message == "`ssh_pwauth` has no effect: curtin.cfg sorts later and sets it too"


def test_a_value_that_a_file_of_a_package_beats() -> None:
    def with_theirs(text: str) -> CloudConfig:
        ours = image({"50-ours.cfg": text})
        dpkg = guest_file("/etc/cloud/cloud.cfg.d/90_dpkg.cfg", "datasource_list: [NoCloud, None]\n", vendor=True)
        return replace(ours, files=(*ours.files, dpkg))

    assert only(with_theirs("datasource_list: [Ec2, None]\n"), "GS606").message == (
        "`datasource_list` has no effect: 90_dpkg.cfg sorts later and sets it too"
    )
    assert "GS606" not in codes(with_theirs("datasource_list: [NoCloud, None]\n"))
    meant = image({"50-ours.cfg": "locale: C\n", "90-ours.cfg": "locale: C.UTF-8\n"})
    assert "GS606" not in codes(meant)


def test_a_sudo_rule_of_the_old_default_user() -> None:
    subject = image(
        {"99-a.cfg": "system_info: {default_user: {name: admin}}\n"},
        around={"/etc/passwd": "root:x:0\n", "/etc/sudoers": "root ALL=(ALL) ALL\ndebian ALL=(ALL) NOPASSWD:ALL\n"},
    )
    assert only(subject, "GS607").place == GuestPlace("/etc/sudoers")
    assert "GS607" not in codes(image({"99-a.cfg": "ssh_pwauth: true\n"}, around={"/etc/passwd": "debian:x:1000\n"}))


ROOT = {"/etc/passwd": "root:x:0:0:root:/root:/bin/bash\n", "/etc/ssh/sshd_config": "UsePAM yes\n"}
ADMIN = "system_info: {default_user: {name: admin}}\n"


def test_a_key_in_the_image_lets_somebody_in() -> None:
    drop_in = {"99-a.cfg": f"{ADMIN}datasource_list: [NoCloud, None]\n"}
    assert only(image(drop_in, around=ROOT), "GS608").severity is Severity.NOTE
    assert "GS608" not in codes(image(drop_in, around={**ROOT, "/root/.ssh/authorized_keys": f"{KEY}\n"}))
    refused = {**ROOT, "/etc/ssh/sshd_config": "PermitRootLogin no\n", "/root/.ssh/authorized_keys": f"{KEY}\n"}
    assert "GS608" in codes(image(drop_in, around=refused))


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (f"users: [{{name: ops, shell: /sbin/nologin, ssh_authorized_keys: [{KEY}]}}]\n",
         "ops, whose shell is /sbin/nologin"),
        ("users: [{name: ops, ssh_import_id: ['gh:ops']}]\n", "ops, with a locked password and no key"),
        (f"{ADMIN}chpasswd: {{expire: false}}\n", "admin, with a locked password and no key"),
        (f"{ADMIN}cloud_init_modules: [ssh]\nssh_authorized_keys: [{KEY}]\n", "no user is made"),
        (f"{ADMIN}ssh_authorized_keys: [{KEY}]\n", None),
        (f"{ADMIN}password: x\n", None),
    ],
)  # fmt: skip
@pytest.mark.parametrize("whole", [True, False])
def test_who_can_log_in_is_what_the_prediction_says(text: str, why: str | None, *, whole: bool) -> None:
    subject = image({"99-a.cfg": f"{text}datasource_list: [NoCloud, None]\n"}, around=ROOT)
    if not whole:
        subject = configuration(f"{text}datasource_list: [NoCloud, None]\n")
    found = [finding.message for finding in lint(subject) if finding.code == "GS608"]
    assert found == ([f"without user-data nobody can log in to a clone: {why}"] if why is not None else [])
    if whole:
        boot = predict({**subject.contents, **{path: text.encode() for path, text in ROOT.items()}}, version="22.4.2")
        assert boot.reachable is (why is None)


def test_a_list_that_loses_what_the_weaker_one_had() -> None:
    subject = image({"99-a.cfg": "system_info: {default_user: {groups: [adm, wheel]}}\n"})
    assert only(subject, "GS609").message == (
        "`system_info.default_user.groups` replaces the list of cloud.cfg: without sudo"
    )
    assert "GS609" not in codes(image({"99-a.cfg": "system_info: {default_user: {groups: [adm, sudo, x]}}\n"}))


@pytest.mark.parametrize(("users", "who"), [("[]", "no user is made"), ("[{name: a}]", "the default user is not made")])
def test_users_without_the_default_one(users: str, who: str) -> None:
    found = only(image({"99-a.cfg": f"users: {users}\n"}), "GS610")
    assert found.message == f"`users` does not name `default`: {who}"


MAIN, FIRST, LATER = (f"/etc/ssh/sshd_config{name}" for name in ("", ".d/10-lab.conf", ".d/60-lab.conf"))
INCLUDE, PASSWORDS = "Include /etc/ssh/sshd_config.d/*.conf\n", "PasswordAuthentication yes\n"


@pytest.mark.parametrize(
    ("files", "why"),
    [
        ({MAIN: INCLUDE, FIRST: PASSWORDS}, f"{FIRST} says PasswordAuthentication yes, and sshd takes the first"),
        ({MAIN: INCLUDE, LATER: PASSWORDS}, None),
        ({MAIN: INCLUDE, FIRST: f"Match User joe\n{PASSWORDS}"}, None),
        ({MAIN: PASSWORDS + INCLUDE}, f"{MAIN} says PasswordAuthentication yes, and sshd takes the first"),
        ({MAIN: INCLUDE + PASSWORDS}, None),
        # Without such an Include cloud-init writes into sshd_config itself.
        ({MAIN: PASSWORDS}, None),
        ({MAIN: f"Include {FIRST}\n", FIRST: PASSWORDS},
         f"{FIRST} says PasswordAuthentication yes, and sshd takes the first"),
        ({MAIN: f"Match User joe\n{INCLUDE}"},
         "no file that sshd reads for all says so: PasswordAuthentication yes is its default"),
        ({}, None),
    ],
)  # fmt: skip
def test_sshd_takes_the_first_word(files: dict[str, str], why: str | None) -> None:
    found = lint(image({"99-a.cfg": "ssh_pwauth: false\n"}, around=files))
    said = [each.message for each in found if each.code == "GS614"]
    assert said == ([f"`ssh_pwauth: false` has no effect: {why}"] if why is not None else [])


@pytest.mark.parametrize(
    "text",
    [
        "password: x\n",
        "chpasswd: {users: [{name: a, password: x}]}\n",
        "chpasswd: {list: 'a:b'}\n",
        "system_info: {default_user: {hashed_passwd: $6$a$b}}\n",
        "apt: {proxy: 'http://me:secret@proxy.example.org/'}\n",
        "rh_subscription: {activation-key: abc}\n",
        "write_files: [{path: /k, content: '-----BEGIN OPENSSH PRIVATE KEY-----'}]\n",
    ],
)
def test_secrets_that_every_clone_would_have(text: str) -> None:
    assert "GS615" in codes(configuration(text))


def test_a_network_that_nobody_configures() -> None:
    drop_in = {"99-a.cfg": "network: {config: disabled}\n"}
    assert "GS620" in codes(image(drop_in, around={"/etc/network/interfaces": "auto lo\niface lo inet loopback\n"}))
    assert "GS620" not in codes(image(drop_in, around={"/etc/netplan/10-lan.yaml": "network: {}\n"}))


def test_a_hostname_that_stays() -> None:
    drop_in = {"99-a.cfg": "preserve_hostname: true\n"}
    assert "GS621" in codes(image(drop_in, around={"/etc/hostname": "build01\n"}))
    assert "GS621" not in codes(image(drop_in, around={"/etc/hostname": "localhost\n"}))


def test_no_datasource_for_a_clone_without_a_seed() -> None:
    assert "GS619" in codes(image({"99-a.cfg": "ssh_pwauth: true\n"}))
    assert "GS619" in codes(image({"99-a.cfg": "datasource_list: [NoCloud, ConfigDrive, None]\n"}))
    assert "GS619" not in codes(image({"99-a.cfg": "datasource_list: [NoCloud, None]\n"}))


@pytest.mark.parametrize(
    ("listing", "version", "cmdline", "faulty"),
    [
        ("[NoCloud]", "22.4.2", "", False),
        ("[NoCloud]", "25.1.4", "", True),
        ("[NoCloud]", "26.2", "", True),
        ("[NoCloud, None] # local", "22.4.2", "", True),
        ("[NoCloud, None] # local", "25.1.4", "", False),
        ("[NoCloud, None] # local", "26.2", "", False),
        ("[NoCloud, Ec2, None]", "25.1.4", "ro ci.ds=None quiet", False),
        ("[NoCloud, None]", "25.1.4", "cloud-init=disabled", True),
    ],
)
def test_a_missing_datasource_follows_version_and_command_line(
    listing: str, version: str, cmdline: str, *, faulty: bool
) -> None:
    subject = replace(image({"99-a.cfg": f"datasource_list: {listing}\n"}, version=version), cmdline=cmdline)
    assert ("GS619" in codes(subject)) is faulty
    without = predict({file.path: file.content for file in subject.files}, version=version, cmdline=cmdline)
    assert (without.datasource is None) is faulty


def test_a_reason_allows_a_finding_and_no_reason_does_not() -> None:
    allowed = only(configuration("# goldsmith: allow GS617 a lab with its own mirror\npackages: [htop]\n"), "GS617")
    assert allowed.waived == "a lab with its own mirror"
    beside = only(configuration("packages: [htop] # goldsmith: allow GS617 a mirror\n"), "GS617")
    assert beside.waived == "a mirror"
    bare = only(configuration("packages: [htop]  # goldsmith: allow GS617\n"), "GS617")
    assert (bare.waived, bare.hint) == (None, "say why behind `allow GS617`: without a reason nothing is allowed")
    other = only(configuration("packages: [htop]  # goldsmith: allow GS616 a mirror\n"), "GS617")
    assert other.waived is None


def test_files_of_packages_are_not_judged() -> None:
    assert codes(image({"99-a.cfg": "datasource_list: [NoCloud, None]\n"})) == set()


@pytest.mark.parametrize(
    ("text", "version", "repaired"),
    [
        ("apt_update: true\n", "22.4", "package_update"),
        ("apt_update: true\npackage_update: false\n", "22.4", None),
        ("users: [{name: a, lock-passwd: true}]\n", "22.4", "lock_passwd"),
        ("users: [{name: a, lock-passwd: true, lock_passwd: false}]\n", "22.4", None),
        ("ubuntu_advantage: {token: a}\n", "22.4", None),
        ("ubuntu_advantage: {token: a}\n", None, None),
        ("ubuntu_advantage: {token: a}\n", "24.1", "ubuntu_pro"),
    ],
)
def test_a_deprecated_key_is_renamed_only_where_that_changes_nothing(
    text: str, version: str | None, repaired: str | None
) -> None:
    repair = only(configuration(text, version=parse_version(version)), "GS604").repair
    assert (repair.new if repair is not None else None) == repaired


def test_a_deprecated_key_of_which_another_file_says_more_is_not_renamed() -> None:
    old = host_file("apt_update: true\n", "50-old.cfg")
    other = CloudConfig((old, host_file("package_update: false\n", "90-new.cfg")), whole=False)
    assert only(other, "GS604").repair is None
    vendor = guest_file("/etc/cloud/cloud.cfg", "apt_update: true\n", vendor=True)
    assert only(CloudConfig((vendor, old), whole=False), "GS604").repair is None


def test_a_predecessor_that_nobody_looked_for_may_stay() -> None:
    said = only(image({"99-a.cfg": "system_info: {default_user: {name: admin}}\n"}), "GS607")
    assert said.severity is Severity.NOTE
    assert said.message == (
        "the default user is admin: if debian was made before (the base booted once), that account stays in every clone"
    )
    alone = only(configuration("system_info: {default_user: {name: admin}}\n"), "GS607")
    assert "if the distribution's own default user was made before" in alone.message
    for harmless in (
        "system_info: {default_user: {name: debian}}\n",
        "system_info: {default_user: {shell: /bin/sh}}\n",
    ):
        assert "GS607" not in codes(image({"99-a.cfg": harmless}))
        assert "GS607" not in codes(configuration(harmless))


@pytest.mark.parametrize(
    ("distro", "family", "hint"),
    [
        ("rocky", None, "its name here: bind-utils"),
        ("almalinux", "linux", "its name here: bind-utils"),
        ("debian", "rhel", "its name here: bind-utils"),
        ("debian", None, None),
        ("[x]", None, None),
    ],
)
def test_the_configuration_says_the_distribution_where_nothing_else_does(
    distro: str, family: str | None, hint: str | None
) -> None:
    text = f"system_info: {{distro: {distro}}}\npackages: [dnsutils]\n"
    found = [each.hint for each in lint(configuration(text, family=family)) if each.code == "GS618"]
    assert found == ([hint] if hint is not None else [])


LISTS = {
    "init": "cloud_init_modules: []\n",
    "config": "cloud_config_modules: []\n",
    "final": "cloud_final_modules: []\n",
}


@pytest.mark.parametrize(
    ("text", "lists", "message"),
    [
        ("write_files: [{path: /a, content: x, defer: true}]\n", "final",
         "`write_files` with `defer` has no effect: `cloud_final_modules` leaves out write_files_deferred"),
        ("write_files: [{path: /a, content: x, defer: true}]\n", "init", None),
        ("write_files: [{path: /a, content: x}]\n", "final", None),
        ("puppet: {conf: {}}\n", "final", "`puppet` has no effect: `cloud_final_modules` leaves out puppet"),
        ("chef: {}\nchef: {run_list: [a]}\n", "final",
         "`chef` has no effect: `cloud_final_modules` leaves out chef"),
        ("ansible: {package_name: ansible-core}\n", "final",
         "`ansible` has no effect: `cloud_final_modules` leaves out ansible"),
        ("salt_minion: {pkg_name: a}\n", "final",
         "`salt_minion` has no effect: `cloud_final_modules` leaves out salt_minion"),
        ("rsyslog: {configs: []}\n", "init", "`rsyslog` has no effect: `cloud_init_modules` leaves out rsyslog"),
        ("ca_certs: {trusted: [a]}\n", "init", "`ca_certs` has no effect: `cloud_init_modules` leaves out ca_certs"),
        ("keyboard: {layout: de}\n", "config", "`keyboard` has no effect: `cloud_config_modules` leaves out keyboard"),
        ("disk_setup: {a: {}}\n", "init", "`disk_setup` has no effect: `cloud_init_modules` leaves out disk_setup"),
        ("fs_setup: [{}]\n", "init", "`fs_setup` has no effect: `cloud_init_modules` leaves out disk_setup"),
        ("snap: {commands: [a]}\n", "config", "`snap` has no effect: `cloud_config_modules` leaves out snap"),
        ("manage_etc_hosts: true\n", "init",
         "`manage_etc_hosts` has no effect: `cloud_init_modules` leaves out update_etc_hosts"),
        ("hostname: a\n", "init", "`hostname` has no effect: `cloud_init_modules` leaves out set_hostname"),
        ("ssh_authorized_keys: [a]\n", "init",
         "`ssh_authorized_keys` has no effect: `cloud_init_modules` leaves out ssh"),
        # Debian runs it in the config stage, Enterprise Linux in the init one.
        ("chpasswd: {users: []}\n", "config", None),
        ("ssh_pwauth: false\n", "init config",
         "`ssh_pwauth` has no effect: `cloud_init_modules` leaves out set_passwords"),
        ("package_update: false\n", "final", None),
    ],
)  # fmt: skip
def test_a_setting_whose_module_a_list_leaves_out(text: str, lists: str, message: str | None) -> None:
    found = lint(configuration(text + "".join(LISTS[name] for name in lists.split())))
    dead = [finding.message for finding in found if finding.code == "GS611"]
    assert dead == ([message] if message is not None else [])


def test_in_an_image_its_own_lists_say_which_module_runs() -> None:
    passwords = {"99-a.cfg": f"password: x\n{LISTS['config']}"}
    assert only(image(passwords), "GS611").message == (
        "`password` has no effect: `cloud_config_modules` leaves out set_passwords"
    )
    assert "GS611" not in codes(image({"99-a.cfg": "password: x\ncloud_config_modules: [set_passwords]\n"}))
    assert "GS611" not in codes(image({"99-a.cfg": "hostname: x\ncloud_final_modules: [update_hostname]\n"}))
    nowhere = image({"99-a.cfg": "snap: {commands: [a]}\n"})
    assert only(nowhere, "GS611").message == "`snap` has no effect: snap is in no module list"


def test_every_module_that_cloud_init_has_is_known_by_its_keys() -> None:
    assert {"write_files", "write_files_deferred"} == set(readers_of("write_files"))
    assert [key for key in KEYS if not known(key)] == []


@pytest.mark.parametrize(
    ("lists", "disabled", "said"),
    [
        ("", (), "downloads packages on every clone's first boot"),
        (
            "cloud_final_modules: [package-update-upgrade-install]\n",
            (),
            "downloads packages on every clone's first boot",
        ),
        ("cloud_final_modules: []\n", (), WOULD),
        ("", ("package_update_upgrade_install",), WOULD),
    ],
)
def test_packages_that_no_module_installs_are_not_said_to_be(lists: str, disabled: tuple[str, ...], said: str) -> None:
    text = f"packages: [htop]\n{lists}"
    for subject in (configuration(text), image({"99-a.cfg": text})):
        assert only(replace(subject, disabled=frozenset(disabled)), "GS617").message == f"`packages` {said}"


def test_an_image_of_enterprise_linux() -> None:
    """The manual's drop-in there: other names of packages, another default user, other stages."""
    rocky = shipped_by("rocky/9")
    assert rocky is not None
    cloud_cfg = guest_file("/etc/cloud/cloud.cfg", rocky.files["/etc/cloud/cloud.cfg"], vendor=True)
    around = {"/etc/passwd": "root:x:0:0::/root:/bin/sh\nrocky:x:1000:1000::/home/rocky:/bin/sh\n"}

    def with_drop_in(text: str) -> CloudConfig:
        subject = image({"99-a.cfg": text}, around=around, family="rhel", version="24.4")
        return replace(subject, files=(cloud_cfg, *subject.files[1:]))

    found = {each.code: each for each in lint(with_drop_in(MANUAL.replace("htop", "apache2")))}
    assert set(found) == {"GS607", "GS608", "GS611", "GS613", "GS617", "GS618", "GS619"}
    assert found["GS607"].message == "the default user is admin, but the user rocky is in the image already"
    assert found["GS618"].hint == "its name here: httpd"
    # set_passwords runs in its init stage: an empty config stage does not switch it off.
    assert "GS611" not in codes(with_drop_in("password: x\ncloud_config_modules: []\n"))
    assert only(with_drop_in("apt: {preserve_sources_list: true}\n"), "GS611").message == (
        "`apt` has no effect: apt_configure is in no module list"
    )
