from __future__ import annotations

from pathlib import Path

import pytest

from goldsmith.errors import InputError
from goldsmith.machine.drivers import libvirt_daemon
from goldsmith.machine.drivers.libvirt_daemon import default_uri, is_session, logs, status, uri


@pytest.fixture(autouse=True)
def unset(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LIBVIRT_DEFAULT_URI", raising=False)


def test_root_has_the_hosts_and_everybody_else_an_own(monkeypatch: pytest.MonkeyPatch) -> None:
    for user, chosen in ((0, "qemu:///system"), (1000, "qemu:///session")):
        monkeypatch.setattr("os.geteuid", lambda user=user: user)
        assert uri() == default_uri() == chosen
    assert is_session("qemu:///session")
    assert is_session("qemu+unix:///session?socket=/run/x")
    assert not is_session("qemu:///system")


def test_another_is_chosen_by_libvirts_own_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LIBVIRT_DEFAULT_URI", "qemu+unix:///system?socket=/run/x")
    assert uri() == "qemu+unix:///system?socket=/run/x"


@pytest.mark.parametrize("chosen", ["qemu+ssh://host/system", "qemu+tls:///system", "test:///default", "xen:///"])
def test_other_hosts_and_hypervisors_are_refused(monkeypatch: pytest.MonkeyPatch, chosen: str) -> None:
    monkeypatch.setenv("LIBVIRT_DEFAULT_URI", chosen)
    with pytest.raises(InputError, match="machines run on this host's QEMU only"):
        uri()


def test_what_is_missing_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "libvirt.py").touch()
    binding = str(tmp_path).removeprefix("/")
    monkeypatch.setenv("LIBVIRT_DEFAULT_URI", "qemu:///system")
    monkeypatch.setattr(libvirt_daemon, "BINDINGS", ())
    assert (status().usable, status().why) == (False, "python3-libvirt is not installed")
    monkeypatch.setattr(libvirt_daemon, "BINDINGS", (binding,))
    monkeypatch.setattr(libvirt_daemon, "PROGRAMS", ())
    assert (status().usable, status().why) == (False, "libvirtd is not installed")
    assert "apt-get install --no-install-recommends libvirt-daemon-system python3-libvirt" in str(status().hint)
    monkeypatch.setattr(libvirt_daemon, "PROGRAMS", ("true",))
    monkeypatch.setattr(libvirt_daemon, "SOCKETS", (tmp_path / "none",))
    assert (status().usable, status().why) == (False, "libvirtd does not run")
    assert "systemctl start libvirtd" in str(status().hint)
    monkeypatch.setattr(libvirt_daemon, "SOCKETS", (tmp_path,))
    assert status().usable
    monkeypatch.setenv("LIBVIRT_DEFAULT_URI", "qemu:///session")
    monkeypatch.setattr(libvirt_daemon, "SOCKETS", ())
    assert status().usable


def test_where_logs_lie(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", "/home/me/.cache")
    assert logs("qemu:///session", "one") == (
        Path("/home/me/.cache/libvirt/qemu/log/one.log"),
        Path("/home/me/.cache/libvirt/qemu/log/one-swtpm.log"),
    )
    assert logs("qemu:///system", "one") == (
        Path("/var/log/libvirt/qemu/one.log"),
        Path("/var/log/swtpm/libvirt/qemu/one-swtpm.log"),
    )
