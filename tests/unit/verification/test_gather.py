"""What is read from a clone's tree, from a plain directory that looks like one."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from goldsmith.guest.engines.tree import open_tree
from goldsmith.rules.facts import Facts, HostKey, Password
from goldsmith.verification.authorized import fingerprint
from goldsmith.verification.gather import gather, kernel_cmdline, warned

# ssh-keygen -lf of this line prints the fingerprint below.
PUBLIC = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8g root@host\n"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    files = {
        "etc/os-release": 'ID=debian\nVERSION_ID="12"\n',
        "etc/passwd": "root:x:0:0:root:/root:/bin/bash\nadmin:x:1000:1000:A:/home/admin:/bin/bash\n"
        "open:x:1001:1001::/:/bin/sh\nset:x:1002:1002::/:/bin/sh\nnone:x:1003:1003::/:/bin/sh\nbroken\n",
        "etc/shadow": "root:*:19000::::::\nadmin:!:19000::::::\nopen::19000::::::\nset:$y$j9T$abc:19000::::::\n",
        "etc/group": "root:x:0:\nsudo:x:27:admin\nadm:x:4:admin,set\n",
        "etc/machine-id": "0123456789abcdef0123456789abcdef\n",
        "etc/ssh/ssh_host_ed25519_key": "secret",
        "etc/ssh/ssh_host_ed25519_key.pub": PUBLIC,
        "etc/ssh/ssh_host_rsa_key.pub": "not a key",
        "etc/sudoers.d/90-cloud-init-users": "admin ALL=(ALL) NOPASSWD:ALL\n",
        "var/lib/systemd/random-seed": "0" * 32,
        "var/lib/cloud/data/instance-id": "i-1\n",
        "var/lib/cloud/data/previous-instance-id": "NO_PREVIOUS_INSTANCE_ID\n",
        "var/lib/cloud/data/status.json": json.dumps({"v1": {"datasource": "DataSourceNone", "stage": None}}),
        "var/lib/cloud/data/result.json": json.dumps({"v1": {"datasource": "DataSourceNone", "errors": []}}),
        "var/lib/cloud/instances/i-1/sem/config_ssh": "",
        "var/log/cloud-init.log": "2026-01-01 10:00:00,001 - util.py[DEBUG]: fine\n"
        "2026-01-01 10:00:00,002 - util.py[WARNING]: not \x1b[31mfine\n",
        "boot/grub/grub.cfg": "menuentry 'x' {\n\tlinux /boot/vmlinuz root=UUID=1 ro cloud-init=disabled\n}\n",
    }
    for name, text in files.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    (tmp_path / "etc/ssh/ssh_host_ed25519_key").chmod(0o600)
    (tmp_path / "var/lib/cloud/instance").symlink_to("/var/lib/cloud/instances/i-1")
    return tmp_path


@pytest.fixture
def facts(root: Path) -> Facts:
    with open_tree(root, read_only=True) as guest:
        return gather(guest)


def test_accounts_say_what_opens_them_and_never_how(facts: Facts) -> None:
    passwords = {account.name: account.password for account in facts.accounts}
    assert passwords == {
        "root": Password.LOCKED,
        "admin": Password.LOCKED,
        "open": Password.EMPTY,
        "set": Password.SET,
        "none": Password.NONE,
    }
    admin = facts.account("admin")
    assert admin is not None
    assert (admin.uid, admin.groups, admin.shell) == (1000, ("adm", "sudo"), "/bin/bash")
    assert "$y$" not in repr(facts)


def test_host_keys_are_told_by_their_fingerprints(facts: Facts) -> None:
    assert facts.host_keys == (
        HostKey("ssh_host_ed25519_key", fingerprint(PUBLIC), private=True),
        HostKey("ssh_host_rsa_key", None, private=False),
    )


def test_a_fingerprint_is_the_one_that_ssh_keygen_prints() -> None:
    assert fingerprint(PUBLIC) == "SHA256:mKqU+0K8OhKmA8bBQi9Rz0Q5l7/g160hIP+rJYSTNj4"


def test_the_state_of_cloud_init_is_found_through_its_absolute_link(facts: Facts) -> None:
    assert facts.semaphores == ("config_ssh",)
    assert (facts.instance_id, facts.previous_instance_id) == ("i-1", "NO_PREVIOUS_INSTANCE_ID")
    assert facts.status is not None
    assert facts.status.datasource == "DataSourceNone"
    assert facts.status_error is None


def test_warnings_are_kept_without_their_time_and_safe_to_print(facts: Facts) -> None:
    assert facts.cloud_log == ("util.py[WARNING]: not \\x1b[31mfine",)


def test_a_flood_of_warnings_is_cut() -> None:
    lines = list(warned("\n".join(f"util.py[ERROR]: {'x' * 1000}" for _ in range(1000))))
    assert len(lines) == 100
    assert max(len(line) for line in lines) == 500


def test_a_status_that_is_no_json_is_told_and_stops_nothing(root: Path) -> None:
    (root / "var/lib/cloud/data/status.json").write_text("{", encoding="utf-8")
    with open_tree(root, read_only=True) as guest:
        assert gather(guest).status_error == "status.json is no JSON"


def test_a_tree_that_never_booted_has_no_facts(tmp_path: Path) -> None:
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/os-release").write_text("ID=debian\n", encoding="utf-8")
    with open_tree(tmp_path, read_only=True) as guest:
        facts = gather(guest)
    assert (facts.accounts, facts.machine_id, facts.host_keys, facts.status) == ((), None, (), None)


def test_the_command_line_of_the_kernel_is_the_boot_loaders(root: Path) -> None:
    with open_tree(root, read_only=True) as guest:
        assert kernel_cmdline(guest) == "root=UUID=1 ro cloud-init=disabled"
