"""Which state machine-id is left in, guest by guest."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.golden.trees import make, opened

from goldsmith.generalization.first_boot import State, choose
from goldsmith.generalization.generalize import Keep, generalize, look, preview, select
from goldsmith.rules.rule import Verdict
from goldsmith.rules.tree.machine_id import check as machine_id_rule
from goldsmith.rules.tree.subject import TreeSubject

ID = "'0123456789abcdef0123456789abcdef\\n'"
ETC, DBUS = "etc/machine-id", "var/lib/dbus/machine-id"


def after(top: Path, text: str) -> dict[str, str | None]:
    """What is left: a file's content, "-> target" of a link, None where nothing is."""
    make(top, text)
    operations = select("machine-id")
    with opened(top) as guest:
        generalize(guest, operations)
    left: dict[str, str | None] = {}
    for name in (ETC, DBUS):
        path = top / name
        if path.is_symlink():
            left[name] = f"-> {path.readlink()}"
        else:
            left[name] = path.read_text() if path.exists() else None
    return left


@pytest.mark.parametrize(
    ("etc", "dbus", "expected"),
    [
        pytest.param(f"f 0444 /{ETC} = {ID}", f"f 0644 /{DBUS} = {ID}", ("", None), id="two files"),
        pytest.param(f"f 0444 /{ETC} = {ID}", f"l /{DBUS} -> /{ETC}", ("", f"-> /{ETC}"), id="a link stays"),
        pytest.param(f"f 0444 /{ETC} = {ID}", f"l /{DBUS} -> ../../../{ETC}", ("", f"-> ../../../{ETC}"), id="so"),
        pytest.param(f"f 0444 /{ETC} = ''", f"l /{DBUS} -> /etc/other", ("", None), id="a link elsewhere goes"),
        pytest.param(f"f 0444 /{ETC} = 'uninitialized\\n'", "", ("", None), id="uninitialized becomes empty"),
        pytest.param("d 0755 /etc", "", ("", None), id="a missing file is made"),
        pytest.param(f"f 0444 /{ETC} = 'rubbish'", "", ("", None), id="rubbish goes"),
        pytest.param(f"l /{ETC} -> /{DBUS}", f"f 0644 /{DBUS} = {ID}", (f"-> /{DBUS}", ""), id="a link the other way"),
        pytest.param(f"l /{ETC} -> /run/machine-id", "", ("-> /run/machine-id", None), id="a link into /run"),
        pytest.param(f"l /{ETC} -> /etc/os-release", "", ("-> /etc/os-release", None), id="a link to another file"),
    ],
)
def test_systemd_guest(tmp_path: Path, etc: str, dbus: str, expected: tuple[str | None, str | None]) -> None:
    left = after(tmp_path, f"guest debian\n{etc}\n{dbus}\n")
    assert (left[ETC], left[DBUS]) == expected
    assert (tmp_path / "etc/os-release").read_text().startswith("ID=")


def test_without_systemd_the_file_goes(tmp_path: Path) -> None:
    left = after(tmp_path, f"guest sysv\nf 0444 /{ETC} = {ID}\nf 0644 /{DBUS} = {ID}\n")
    assert left == {ETC: None, DBUS: None}


def test_a_made_file_is_read_only_for_all(tmp_path: Path) -> None:
    after(tmp_path, "guest debian\n")
    assert (tmp_path / ETC).stat().st_mode & 0o7777 == 0o444


VENDOR = "/usr/lib/systemd/system"
OWN = "/etc/systemd/system"
WANTED = (
    f"f 0644 {VENDOR}/welcome.service = '[Unit]\\nConditionFirstBoot=yes\\n[Install]\\nWantedBy=multi-user.target\\n'\n"
    f"l {OWN}/multi-user.target.wants/welcome.service -> {VENDOR}/welcome.service\n"
)
SYSTEMD_252 = "f 0644 /usr/lib/x86_64-linux-gnu/systemd/libsystemd-shared-252.so = ''\n"
SYSTEMD_246 = "f 0644 /usr/lib/systemd/libsystemd-shared-246.so = ''\n"
SYSTEMD_257 = "f 0755 /usr/lib/systemd/libsystemd-shared-257.9-1.el10.so = ''\n"
OFF = f"f 0644 {VENDOR}/other.service = '[Install]\\nWantedBy=multi-user.target\\n'\n"
ON = OFF + f"l {OWN}/multi-user.target.wants/other.service -> {VENDOR}/other.service\n"
DISABLE_ALL = "f 0644 /usr/lib/systemd/system-preset/99-default.preset = 'disable *\\n'\n"
ENABLE_WELCOME = "f 0644 /usr/lib/systemd/system-preset/90-x.preset = '# ours\\nenable welcome.*\\n'\n"
ROCKY_10, ROCKY_9 = (
    "guest rocky\n",
    "guest rocky\nf 0644 /etc/os-release = 'ID=rocky\\nVERSION_ID=9.6\\nID_LIKE=rhel\\n'\n",
)


@pytest.mark.parametrize(
    ("text", "state", "why"),
    [
        pytest.param("guest sysv\n" + WANTED, State.ABSENT, "only D-Bus", id="no systemd"),
        pytest.param("guest debian\n" + SYSTEMD_252, State.EMPTY, "no unit waits", id="nothing waits"),
        pytest.param("guest debian\n" + SYSTEMD_252 + WANTED, State.UNINITIALIZED, "change nothing", id="one waits"),
        pytest.param("guest debian\n" + WANTED, State.EMPTY, "does not know", id="unknown systemd"),
        pytest.param("guest debian\n" + SYSTEMD_246 + WANTED, State.EMPTY, "does not know", id="old systemd"),
        pytest.param(
            "guest debian\n" + SYSTEMD_252 + WANTED + OFF,
            State.EMPTY,
            "would switch on other.service",
            id="a preset would enable what was disabled",
        ),
        pytest.param("guest debian\n" + SYSTEMD_252 + WANTED + ON, State.UNINITIALIZED, "nothing", id="all is enabled"),
        pytest.param(
            "guest debian\n" + SYSTEMD_252 + WANTED + ON + DISABLE_ALL, State.UNINITIALIZED, "nothing", id="Debian adds"
        ),
        pytest.param(
            ROCKY_10 + SYSTEMD_257 + WANTED + ON + DISABLE_ALL + ENABLE_WELCOME,
            State.EMPTY,
            "would switch off other.service",
            id="full presets would disable what was enabled",
        ),
        pytest.param(
            ROCKY_10 + SYSTEMD_257 + WANTED + OFF + DISABLE_ALL + ENABLE_WELCOME,
            State.UNINITIALIZED,
            "nothing",
            id="full presets that agree",
        ),
        pytest.param(
            "guest debian\n" + SYSTEMD_252 + WANTED + f"l {OWN}/other.service -> /dev/null\n" + OFF,
            State.UNINITIALIZED,
            "nothing",
            id="a mask is no preset's business",
        ),
        pytest.param(
            "guest debian\n"
            + SYSTEMD_252
            + WANTED
            + f"l {VENDOR}/sysinit.target.wants/systemd-firstboot.service -> ../systemd-firstboot.service\n",
            State.EMPTY,
            "may ask on the console",
            id="a question would stop the boot",
        ),
    ],
)
def test_the_state_is_the_right_one_for_the_guest(tmp_path: Path, text: str, state: State, why: str) -> None:
    make(tmp_path, text)
    with opened(tmp_path) as guest:
        choice = choose(look(guest, select("machine-id")))
    assert choice.state is state
    assert why in choice.why


def test_where_units_wait_and_nothing_speaks_against_it_the_file_says_so(tmp_path: Path) -> None:
    text = f"guest debian\n{SYSTEMD_252}{WANTED}f 0444 /{ETC} = {ID}\n"
    left = after(tmp_path, text)
    assert left[ETC] == "uninitialized\n"
    with opened(tmp_path) as guest:
        again = preview(guest, select("machine-id"))
    assert again.plan.changes == ()
    (remark,) = again.remarks
    assert (remark.path, "runs at the first boot" in remark.message) == (f"{VENDOR}/welcome.service", True)
    with opened(tmp_path) as guest:
        view = look(guest, select("machine-id"), roots=("/etc", "/var/lib/dbus"))
        (outcome,) = machine_id_rule.run(TreeSubject(view, select("machine-id")))
    assert outcome.verdict is Verdict.PASS


def test_units_that_will_not_run_are_named(tmp_path: Path) -> None:
    make(tmp_path, f"guest debian\n{SYSTEMD_252}{WANTED}{OFF}f 0444 /{ETC} = {ID}\n")
    with opened(tmp_path) as guest:
        (remark,) = preview(guest, select("machine-id")).remarks
    assert remark.path == f"{VENDOR}/welcome.service"
    assert "will not run on clones, because a first boot would switch on other.service" in remark.message


@pytest.mark.parametrize(
    ("text", "named"),
    [
        pytest.param(ROCKY_10 + ON + DISABLE_ALL, "a preset switches it off", id="full presets"),
        pytest.param(ROCKY_9 + ON + DISABLE_ALL, None, id="EL 9 only adds"),
        pytest.param("guest debian\n" + OFF, "a preset switches it on", id="no preset means on"),
    ],
)
def test_a_kept_state_names_what_presets_switch(tmp_path: Path, text: str, named: str | None) -> None:
    make(tmp_path, f"{text}f 0444 /{ETC} = 'uninitialized\\n'\n")
    with opened(tmp_path) as guest:
        remarks = preview(guest, select("machine-id"), keep=[Keep(f"/{ETC}", "first boot")]).remarks
    assert [(each.path, named in each.message) for each in remarks if named] == (
        [(f"{VENDOR}/other.service", True)] if named else []
    )
    assert bool(remarks) is bool(named)
