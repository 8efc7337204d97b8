"""What ssh(1) is told of a machine, and which host keys a console shows."""

from __future__ import annotations

from pathlib import Path

import pytest

from goldsmith.errors import HostError, ProcessError
from goldsmith.machine.drivers.qemu import forwarded_port
from goldsmith.machine.ssh import as_root
from goldsmith.machine.ssh_config import HandedOver, Port, Way, config, known_hosts, printed_host_keys

CONSOLES = Path(__file__).parent / "consoles"
SHARED = """\
  IdentityFile "/s/100%%/key"
  IdentitiesOnly yes
  IdentityAgent none
  PreferredAuthentications publickey
  BatchMode yes
  StrictHostKeyChecking accept-new
  UserKnownHostsFile "/s/known hosts"
  GlobalKnownHostsFile /dev/null
  UpdateHostKeys no
  CheckHostIP no
  ConnectTimeout 15
  ControlPath none
  ClearAllForwardings yes
  RequestTTY no
  LogLevel ERROR
"""
USERNET = """\
Hub -1 (link):
  Protocol[State]    FD  Source Address  Port   Dest. Address  Port RecvQ SendQ
  TCP[HOST_FORWARD]  12       127.0.0.1 38133       10.0.2.15    22     0     0
"""


def told(way: Way, *, key: str = "/s/100%/key", known: bool = False) -> str:
    hosts = Path("/s/known hosts")
    return config(way, user="probe", key=Path(key), known_hosts=hosts, known=known, connect_timeout=15)


def test_a_port_of_this_host() -> None:
    head = "Host clone\n  User probe\n  HostKeyAlias clone\n  HostName 127.0.0.1\n  Port 4022\n"
    assert told(Port(4022)) == head + SHARED


def test_a_connection_that_is_handed_over() -> None:
    text = told(HandedOver(("python", "a b%", "/proc/1/fd/3")))
    assert "  ProxyCommand python 'a b%%' /proc/1/fd/3\n  ProxyUseFdpass yes\n" in text
    assert "HostName" not in text


def test_known_keys_are_the_only_ones() -> None:
    assert "  StrictHostKeyChecking yes\n" in told(Port(1), known=True)


@pytest.mark.parametrize("path", ['/a"b', "/a\\b", "/a\nb", "/${HOME}/b"])
def test_a_path_that_ssh_would_read_otherwise_is_refused(path: str) -> None:
    with pytest.raises(HostError):
        told(Port(1), key=path)


def test_the_keys_of_a_console() -> None:
    keys = printed_host_keys((CONSOLES / "debian12-rehearsed.log").read_bytes())
    assert [key.split()[0] for key in keys] == ["ecdsa-sha2-nistp256", "ssh-ed25519", "ssh-rsa"]
    assert known_hosts(keys).count("clone ") == 3


def test_a_broken_line_is_no_key() -> None:
    block = b"-----BEGIN SSH HOST KEY KEYS-----\n%s\n-----END SSH HOST KEY KEYS-----\n"
    assert printed_host_keys(block % b"ssh-ed25519 AAAAC3NzaC1lZDI1") == ()
    assert printed_host_keys(block % b"ssh-ed25519 [  OK  ] Started x") == ()
    assert printed_host_keys(b"no keys") == ()


def test_the_port_that_qemu_chose() -> None:
    assert forwarded_port(USERNET) == Port(38133)
    with pytest.raises(ProcessError):
        forwarded_port("")


def test_a_program_is_roots_with_the_agents_environment() -> None:
    assert as_root(("echo", "a b")) == (
        "cd / && exec sudo -n -- env -i HOME=/root LANG=C.UTF-8 "
        "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin "
        "/bin/sh -c 'exec \"$0\" \"$@\"' echo 'a b'"
    )
