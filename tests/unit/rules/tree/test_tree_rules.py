"""Every rule of the tree on a tree that it passes, and on ones that it must not pass."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.golden.trees import make, opened
from tests.unit.rules.tree.audited import CLEAN, audited, told

from goldsmith.findings import Severity
from goldsmith.generalization.generalize import Keep, generalize, look, plan, select
from goldsmith.generalization.operation import registered
from goldsmith.rules.rule import Needs, Verdict, rules_of
from goldsmith.rules.tree.audit import audit, audit_roots, findings
from goldsmith.rules.tree.subject import TreeSubject

ID = "0123456789abcdef0123456789abcdef"
ERROR, WARNING, NOTE = Severity.ERROR, Severity.WARNING, Severity.NOTE


def test_a_clean_tree_passes_every_rule(tmp_path: Path) -> None:
    outcomes = audited(tmp_path, "")
    assert {outcome.verdict for outcome in outcomes} == {Verdict.PASS}
    assert {outcome.rule for outcome in outcomes} == {rule.code for rule in rules_of(Needs.TREE)}


@pytest.mark.parametrize(
    ("dirt", "expected"),
    [
        pytest.param(
            f"f 0444 /etc/machine-id = '{ID}\\n'",
            {("GS301", ERROR, "/etc/machine-id"), ("GS304", ERROR, "/etc/machine-id")},
            id="a baked machine-id",
        ),
        pytest.param(
            "f 0444 /etc/machine-id = 'uninitialized\\n'",
            {("GS301", WARNING, "/etc/machine-id"), ("GS304", ERROR, "/etc/machine-id")},
            id="an uninitialized machine-id",
        ),
        pytest.param(
            f"f 0444 /var/lib/dbus/machine-id = '{ID}\\n'",
            {("GS301", ERROR, "/var/lib/dbus/machine-id"), ("GS304", ERROR, "/var/lib/dbus/machine-id")},
            id="D-Bus's copy",
        ),
        pytest.param(
            "f 0600 /etc/ssh/ssh_host_rsa_key = 'key'",
            {("GS302", ERROR, "/etc/ssh/ssh_host_rsa_key"), ("GS304", ERROR, "/etc/ssh/ssh_host_rsa_key")},
            id="a host key",
        ),
        pytest.param(
            "l /var/lib/cloud/instance -> /var/lib/cloud/instances/x",
            {("GS303", ERROR, "/var/lib/cloud/instance"), ("GS304", ERROR, "/var/lib/cloud/instance")},
            id="an instance",
        ),
        pytest.param(
            "f 0600 /var/lib/cloud/seed/nocloud/user-data = ''",
            {("GS303", ERROR, "/var/lib/cloud/seed"), ("GS304", ERROR, "/var/lib/cloud/seed")},
            id="a seed",
        ),
        pytest.param("f 0600 /tmp/x = ''", {("GS304", WARNING, "/tmp/x")}, id="a temporary file"),
        pytest.param("f 0600 /root/.bash_history = ''", {("GS304", ERROR, "/root/.bash_history")}, id="a history"),
        pytest.param(
            'f 0600 "/tmp/\\x1b[2J\\udcff" = ""', {("GS304", WARNING, "/tmp/\\x1b[2J\\xff")}, id="a hostile name"
        ),
        pytest.param(
            "l /var/spool/cron -> /srv/cron\nd 0755 /srv/cron", {("GS305", WARNING, "/var/spool/cron")}, id="a link"
        ),
        pytest.param(
            "f 0644 /etc/cloud/cloud-init.disabled = ''",
            {("GS306", WARNING, "/etc/cloud/cloud-init.disabled")},
            id="cloud-init off",
        ),
        pytest.param(
            "l /etc/cloud/cloud-init.disabled -> /nowhere",
            {("GS306", WARNING, "/etc/cloud/cloud-init.disabled")},
            id="a dangling marker",
        ),
        pytest.param(
            "f 0644 /boot/grub/grub.cfg = 'linux /vmlinuz cloud-init=disabled\\n'",
            {("GS306", WARNING, "/boot/grub/grub.cfg")},
            id="cloud-init off on the command line",
        ),
        pytest.param(
            "f 0644 /etc/passwd = 'root:x:0:0::/root:/bin/sh\\nbuilder:x:1000:1000::/nonexistent:/bin/sh\\n'",
            {("GS307", WARNING, "/etc/passwd")},
            id="an account of the build",
        ),
        pytest.param(
            f"f 0644 /boot/grub/grub.cfg = 'linux /vmlinuz systemd.machine_id={ID}\\n'",
            {("GS308", ERROR, "/boot/grub/grub.cfg")},
            id="a machine-id on the command line",
        ),
        pytest.param(
            f"f 0644 /boot/loader/entries/{ID}-6.1.0.conf = 'title x\\n'",
            {("GS308", NOTE, f"/boot/loader/entries/{ID}-6.1.0.conf")},
            id="a boot entry",
        ),
        pytest.param(
            f"f 0644 /etc/kernel/entry-token = '{ID}\\n'\n"
            f"f 0644 /boot/efi/loader/entries/{ID}-6.1.0.conf = 'title x\\n'",
            {("GS308", NOTE, "/etc/kernel/entry-token"), ("GS308", NOTE, f"/boot/efi/loader/entries/{ID}-6.1.0.conf")},
            id="a token and an entry",
        ),
        pytest.param(f"f 0644 /efi/{ID}/6.1.0/linux = 'x'", {("GS308", NOTE, f"/efi/{ID}")}, id="a folder of kernels"),
        pytest.param(
            f"f 0644 /etc/kernel/install.conf = 'layout=bls\\nMACHINE_ID={ID}\\n'",
            {("GS308", WARNING, "/etc/kernel/install.conf")},
            id="a machine-id for kernel-install",
        ),
        pytest.param("f 0644 /.autorelabel = ''", {("GS309", WARNING, "/.autorelabel")}, id="a relabel"),
    ],
)
def test_dirt_is_found(tmp_path: Path, dirt: str, expected: set[tuple[str, Severity, str]]) -> None:
    assert told(audited(tmp_path, f"{dirt}\n")) == expected


def test_a_missing_machine_id_is_a_warning_for_systemd(tmp_path: Path) -> None:
    make(tmp_path, CLEAN)
    (tmp_path / "etc/machine-id").unlink()
    operations = select("tmp-files")
    with opened(tmp_path) as guest:
        outcomes = audit(TreeSubject(look(guest, operations, roots=audit_roots()), operations))
    assert told(outcomes) == {("GS301", WARNING, "/etc/machine-id")}


def test_what_is_left_on_purpose_is_a_warning(tmp_path: Path) -> None:
    dirt = "f 0600 /etc/ssh/ssh_host_rsa_key = 'key'\nf 0600 /var/lib/cloud/seed/nocloud/user-data = ''\n"
    outcomes = audited(
        tmp_path,
        dirt,
        expression="defaults,-ssh-hostkeys",
        declared=frozenset({"/var/lib/cloud/seed/nocloud/user-data"}),
    )
    assert told(outcomes) == {
        ("GS302", WARNING, "/etc/ssh/ssh_host_rsa_key"),
        ("GS303", WARNING, "/var/lib/cloud/seed"),
    }
    assert "the operation ssh-hostkeys was not selected" in findings(outcomes)[0].message
    assert "declared by the recipe" in findings(outcomes)[1].message


def test_a_kept_machine_id_is_a_warning(tmp_path: Path) -> None:
    keep = (Keep("/etc/machine-id", "one clone only"),)
    outcomes = audited(tmp_path, f"f 0444 /etc/machine-id = '{ID}\\n'\n", keep=keep)
    assert told(outcomes) == {("GS301", WARNING, "/etc/machine-id")}


def test_a_declared_user_is_no_finding(tmp_path: Path) -> None:
    dirt = "f 0644 /etc/passwd = 'admin:x:1000:1000::/home/admin:/bin/sh\\n'\n"
    assert told(audited(tmp_path, dirt, users=frozenset({"admin"}))) == set()


def test_residue_names_some_paths_and_counts_the_rest(tmp_path: Path) -> None:
    outcomes = audited(tmp_path, "".join(f"f 0600 /tmp/{number} = 'x'\n" for number in range(8)))
    (found,) = findings(outcomes)
    named = "/tmp/0, /tmp/1, /tmp/2, /tmp/3, /tmp/4 and 3 more"
    assert found.message == f"the operation tmp-files would still remove {named}: a temporary file of the build"
    assert found.hint == "generalize with the operation tmp-files, or keep the path with a reason"


def test_what_was_not_listed_is_unproven(tmp_path: Path) -> None:
    make(tmp_path, CLEAN)
    operations = select("tmp-files")
    with opened(tmp_path) as guest:
        view = look(guest, operations)
        only_tmp = TreeSubject(type(view)(guest.index(["/tmp"]), view.info, (), guest.read), operations)
        verdicts = {outcome.rule: outcome.verdict for outcome in audit(only_tmp)}
    assert {code for code, verdict in verdicts.items() if verdict is Verdict.UNPROVEN} == {
        "GS301",
        "GS302",
        "GS303",
        "GS307",
    }


FOLDERS = Path(__file__).parents[3] / "golden" / "operations"


@pytest.mark.parametrize("name", sorted(folder.name for folder in FOLDERS.iterdir()))
def test_residue_of_every_operation_is_found_and_gone_after_it(name: str, tmp_path: Path) -> None:
    """The audit's residue rule, sabotaged with each operation's own golden tree."""
    operations = tuple(each for each in registered() if each.name == name)
    said = make(tmp_path, (FOLDERS / name / "before.txt").read_text())
    keep, declared = tuple(said.keep), frozenset(said.declared)

    def residue() -> set[str]:
        with opened(tmp_path) as guest:
            subject = TreeSubject(look(guest, operations, roots=audit_roots()), operations, keep, declared)
            return {found.message.split()[2] for found in findings(audit(subject)) if found.code == "GS304"}

    assert residue() == {name}
    with opened(tmp_path) as guest:
        generalize(guest, operations, keep=keep, declared=declared)
        assert plan(look(guest, operations), operations, keep=keep, declared=declared).changes == ()
    assert residue() == set()
