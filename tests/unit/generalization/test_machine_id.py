"""Which state machine-id is left in, guest by guest."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.golden.trees import make, opened

from goldsmith.generalization.generalize import generalize, select

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
