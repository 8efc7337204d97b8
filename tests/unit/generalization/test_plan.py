"""How operations' wishes become one plan."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from tests.golden.trees import make, opened

from goldsmith.errors import BuildError
from goldsmith.generalization.generalize import Keep, generalize, look, plan, select
from goldsmith.generalization.report import Tally, kept_as_json, plan_as_json, tally
from goldsmith.generalization.view import View
from goldsmith.guest.change import Plan, Remove, Write
from goldsmith.guest.engines.tree import TreeGuest
from goldsmith.guest.index import Entry, Index


def looked(top: Path, text: str, expression: str) -> View:
    make(top, text)
    with opened(top) as guest:
        view = look(guest, select(expression))
        for path in view.index:
            view.read(path)
    return view


def planned(top: Path, text: str, expression: str) -> Plan:
    return plan(looked(top, text, expression), select(expression))


def with_owner(view: View, path: str, uid: int, gid: int) -> View:
    """The view of a tree in which a path belongs to another user, which a plain user's tree cannot show."""
    entries: dict[str, Entry] = {**view.index, path: replace(view.index[path], uid=uid, gid=gid)}
    return replace(view, index=Index(entries.values()))


def test_two_operations_edit_one_file(tmp_path: Path) -> None:
    path = "/etc/sysconfig/network-scripts/ifcfg-eth0"
    text = f"guest rocky\nf 0644 {path} = 'DEVICE=eth0\\nHWADDR=1\\nHOSTNAME=builder\\n'\n"
    (change,) = planned(tmp_path, text, "net-hostname,net-hwaddr")
    assert isinstance(change, Write)
    assert change.content == b"DEVICE=eth0\n"
    assert change.reason == "a name that clones would all ask for; binds the interface to the build's card"


def test_what_one_operation_edits_and_another_removes_goes(tmp_path: Path) -> None:
    path = "/etc/sysconfig/network-scripts/ifcfg-eth0"
    text = f"guest rocky\nf 0644 {path} = '# Created by cloud-init\\nHWADDR=1\\n'\n"
    (change,) = planned(tmp_path, text, "net-hwaddr,network-config")
    assert isinstance(change, Remove)
    assert change.path == path


def test_what_two_operations_remove_is_removed_once(tmp_path: Path) -> None:
    changes = planned(tmp_path, "guest debian\nf 0644 /tmp/x.bak = 'x'\n", "backup-files,tmp-files")
    assert [(change.path, change.operation) for change in changes] == [("/tmp/x.bak", "backup-files")]


def test_a_log_that_nobody_would_make_again_is_emptied(tmp_path: Path) -> None:
    view = looked(tmp_path, "guest rocky\nf 0640 /var/log/mysqld.log = 'log'\n", "logfiles")
    parent = view.index["/var/log"]
    mine = plan(with_owner(view, "/var/log/mysqld.log", parent.uid, 0), select("logfiles"))
    theirs = plan(with_owner(view, "/var/log/mysqld.log", parent.uid + 27, 27), select("logfiles"))
    assert [type(change) for change in (*mine, *theirs)] == [Remove, Write]


def test_a_long_sparse_log_is_emptied_without_reading_it(tmp_path: Path) -> None:
    make(tmp_path, "guest debian\nf 0664 /var/log/wtmp = ''\n")
    with (tmp_path / "var/log/wtmp").open("r+b") as file:
        file.truncate(1 << 40)
    with opened(tmp_path) as guest:
        done = generalize(guest, select("logfiles"))
    assert [(change.path, change.bytes) for change in done.applied] == [("/var/log/wtmp", 1 << 40)]
    assert (tmp_path / "var/log/wtmp").stat().st_size == 0


@pytest.mark.parametrize("path", ["/etc/machine-info", "/etc/netplan/a.yaml", "/etc/apt/apt.conf", "/etc/hostname"])
def test_a_configuration_that_was_inflated_is_left_alone(tmp_path: Path, path: str) -> None:
    make(tmp_path, f"guest debian\nf 0644 {path} = ''\n")
    with (tmp_path / path[1:]).open("r+b") as file:
        file.truncate(1 << 40)
    operations = select("hostname,network-config,build-residue")
    with opened(tmp_path) as guest:
        assert generalize(guest, operations).applied.changes == ()


def test_a_deep_directory_is_emptied(tmp_path: Path) -> None:
    make(tmp_path, "guest debian\nd 1777 /tmp\nd 0755 /tmp" + "/d" * 1100 + "\n")
    with opened(tmp_path) as guest:
        assert len(generalize(guest, select("tmp-files")).applied) == 1100


def test_a_name_that_the_recipe_gave_stays_with_its_line_in_hosts(tmp_path: Path) -> None:
    text = "guest debian\nf 0644 /etc/hostname = 'web\\n'\nf 0644 /etc/hosts = '127.0.1.1 web\\n'\n"
    view = looked(tmp_path, text, "hostname")
    assert plan(view, select("hostname"), declared={"/etc/hostname"}).changes == ()
    assert plan(view, select("hostname"), keep=[Keep("/etc/hostname", "")]).changes == ()
    assert len(plan(view, select("hostname"))) == 2


@pytest.mark.parametrize(
    ("content", "changes"),
    [
        ("nameserver 192.0.2.1\\n", 1),
        ("# nothing\\n", 0),
        ("nameserver 127.0.0.53\\n", 0),
        ("search example.org\\n", 0),
    ],
)
def test_a_resolver_of_the_builds_network_is_emptied(tmp_path: Path, content: str, changes: int) -> None:
    text = f"guest debian\nf 0644 /etc/resolv.conf = '{content}'\n"
    found = planned(tmp_path, text, "build-residue")
    assert [type(change) for change in found] == [Write] * changes


def test_a_linked_resolver_stays(tmp_path: Path) -> None:
    text = "guest debian\nl /etc/resolv.conf -> /etc/static.conf\nf 0644 /etc/static.conf = 'nameserver 192.0.2.1\\n'\n"
    assert planned(tmp_path, text, "build-residue").changes == ()


SECRET = "/var/lib/systemd/credential.secret"
TOKEN = "/etc/credstore.encrypted/token"


@pytest.mark.parametrize(
    ("declared", "changed"),
    [((), [TOKEN, SECRET]), ((TOKEN,), []), ((SECRET,), []), (("/etc/other",), [TOKEN, SECRET])],
)
def test_a_secret_stays_with_what_it_encrypted(tmp_path: Path, declared: tuple[str, ...], changed: list[str]) -> None:
    view = looked(tmp_path, f"guest debian\nf 0400 {SECRET} = 'x'\nf 0600 {TOKEN} = 'x'\n", "credential-secret")
    found = plan(view, select("credential-secret"), declared=declared)
    assert [change.path for change in found] == changed


def test_credentials_without_a_secret_stay(tmp_path: Path) -> None:
    assert planned(tmp_path, f"guest debian\nf 0600 {TOKEN} = 'x'\n", "credential-secret").changes == ()


def test_what_is_not_done_after_one_pass_is_an_error(tmp_path: Path) -> None:
    class Growing(TreeGuest):
        def apply(self, plan: Plan) -> None:
            super().apply(plan)
            (tmp_path / "tmp/again\n").touch()

    make(tmp_path, "guest debian\nf 0644 /tmp/x = 'x'\n")
    with opened(tmp_path) as guest:
        growing = Growing(guest._tree, read_only=False)
        with pytest.raises(BuildError, match=r"/tmp/again\\n \(tmp-files\)"):
            generalize(growing, select("tmp-files"))


def test_the_report(tmp_path: Path) -> None:
    text = "guest debian\nf 0644 /var/log/wtmp = 'logins'\nf 0644 '/tmp/a' = ''\n".replace("'/tmp/a'", "/tmp/a")
    make(tmp_path, text)
    (tmp_path / "tmp/\udcff").write_bytes(b"123")
    operations = select("logfiles,tmp-files")
    with opened(tmp_path) as guest:
        done = plan(look(guest, operations), operations, keep=[Keep("/tmp/a", "wanted")])
    reason = "a temporary file of the build"
    assert tally(done) == (Tally("logfiles", 1, 6, 0), Tally("tmp-files", 1, 3, 1))
    assert plan_as_json(done) == [
        {
            "operation": "tmp-files",
            "action": "remove",
            "path": "/tmp/\\xff",
            "path_b64": "L3RtcC//",
            "reason": reason,
            "bytes": 3,
        },
        {
            "operation": "logfiles",
            "action": "write",
            "path": "/var/log/wtmp",
            "reason": "a log of the build",
            "bytes": 6,
        },
    ]
    assert kept_as_json(done.kept) == [{"operation": "tmp-files", "path": "/tmp/a", "reason": "wanted"}]


def test_a_home_that_holds_another_ones_stays(tmp_path: Path) -> None:
    lines = "a:x:1000:1000::/data:/bin/sh\\nb:x:900:900::/data/b:/bin/sh\\nc:x:1001:1001::/x/../root:/bin/sh\\n"
    text = f"guest debian\nf 0644 /etc/passwd = '{lines}'\nf 0644 /data/b/x = 'x'\nf 0644 /root/x = 'x'\n"
    assert [change.path for change in planned(tmp_path, text, "user-account")] == ["/etc/passwd"]
