"""What is read about things that are done once, and about keys, from a directory that looks like a clone."""

from __future__ import annotations

from pathlib import Path

import pytest

from goldsmith.guest.engines.tree import open_tree
from goldsmith.rules.facts import AuthorizedKeys, Facts, Mark, Place
from goldsmith.rules.probe import ANY_KEY, public_key
from goldsmith.verification.authorized import fingerprint, sudo_rules
from goldsmith.verification.gather import gather
from goldsmith.verification.repeats import done_once_in_last_run

KEY = public_key(bytes(range(32)))
SEM = "/var/lib/cloud/instances/i-1/sem"
BEGIN = (
    "util.py[DEBUG]: Cloud-init v. 22.4.2 running 'init-local' at Thu, 01 Jan 2026 10:00:00 +0000. Up 4.0 seconds.\n"
)
ALWAYS = "helpers.py[DEBUG]: Running config-growpart using lock (<cloudinit.helpers.DummyLock object at 0x7f>)\n"
FIRST = f"{BEGIN}helpers.py[DEBUG]: Running config-ssh using lock (<FileLock using file '{SEM}/config_ssh'>)\n{ALWAYS}"
SECOND = f"{BEGIN}helpers.py[DEBUG]: config-ssh already ran (freq=once-per-instance)\n{ALWAYS}"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    files = {
        "etc/os-release": "ID=debian\n",
        "etc/passwd": "root:x:0:0:root:/root:/bin/bash\nadmin:x:1000:1000:A:/home/admin:/bin/bash\n"
        "away:x:1001:1001::/home/away:/bin/sh\nsshd:x:101:65534::/run/sshd:/usr/sbin/nologin\n",
        "home/admin/.ssh/authorized_keys": f'# mine\n\n{KEY}\ncommand="echo ssh-rsa AAAA" {ANY_KEY}\nnonsense\n',
        "etc/sudoers.d/90-cloud-init-users": "# Created by cloud-init\n\n# User rules for admin\n"
        "admin ALL=(ALL) NOPASSWD:ALL\n",
        "var/lib/cloud/instances/i-1/sem/config_ssh": "543: 1795914267.77\n",
        "var/lib/cloud/instances/i-1/sem/huge": "x" * 500,
        "var/lib/cloud/sem/config_scripts_per_once.once": "600: 1795914270.00\n",
        "var/log/cloud-init.log": FIRST + SECOND,
    }
    for name, text in files.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    (tmp_path / "home/admin").chmod(0o755)
    (tmp_path / "home/admin/.ssh").chmod(0o700)
    (tmp_path / "home/admin/.ssh/authorized_keys").chmod(0o640)
    (tmp_path / "var/lib/cloud/instance").symlink_to("/var/lib/cloud/instances/i-1")
    return tmp_path


@pytest.fixture
def facts(root: Path) -> Facts:
    with open_tree(root, read_only=True) as guest:
        return gather(guest)


def test_marks_are_read_with_their_text_which_has_a_bound(facts: Facts) -> None:
    assert facts.marks == (
        Mark("config_ssh", "543: 1795914267.77"),
        Mark("huge", "long"),
        Mark("config_scripts_per_once.once", "600: 1795914270.00"),
    )


def test_only_what_ran_under_a_mark_in_the_last_run_counts(facts: Facts) -> None:
    assert facts.done_once == ()
    assert done_once_in_last_run(FIRST) == ("config-ssh",)
    assert done_once_in_last_run(SECOND + FIRST) == ("config-ssh",)
    assert done_once_in_last_run("no log of cloud-init") == ()


def test_keys_come_with_the_owners_and_modes_that_sshd_looks_at(facts: Facts, root: Path) -> None:
    own = root.stat().st_uid
    assert facts.authorized == (
        AuthorizedKeys(
            "admin",
            (
                Place("/home/admin", own, 0o755),
                Place("/home/admin/.ssh", own, 0o700),
                Place("/home/admin/.ssh/authorized_keys", own, 0o640),
            ),
            (str(fingerprint(KEY)), str(fingerprint(ANY_KEY)), "no key"),
        ),
    )


def test_sudo_rules_are_what_cloud_init_wrote(facts: Facts) -> None:
    assert facts.sudo_rules == ("admin ALL=(ALL) NOPASSWD:ALL",)
    assert sudo_rules(None) == ()
    assert len(sudo_rules("a\n" * 5000)) == 100


def test_a_key_without_a_private_half_looks_like_any_other() -> None:
    kind, blob, comment = KEY.split()
    assert (kind, len(blob), comment) == ("ssh-ed25519", 68, "goldsmith-probe")
    assert fingerprint(KEY) != fingerprint(ANY_KEY)
