from __future__ import annotations

import pytest

from goldsmith.machine.jobs import MOST, Jobs
from goldsmith.machine.scanner import Scanner


def unfinished(*lines: str) -> list[str]:
    jobs = Jobs()
    for line in lines:
        jobs.read(line)
    return list(jobs.unfinished)


@pytest.mark.parametrize(
    ("begin", "end"),
    [
        ("Starting ssh.service - OpenBSD server", "[  OK  ] Started ssh.service - OpenBSD server."),
        ("Starting systemd-netw…to be Configured", "[FAILED] Failed to start systemd-ne…rk to be Configured."),
        ("Starting Network Manager Wait Online", "[  OK  ] Finished Network Manager Wait Online."),
        ("Mounting dev-hugepages.mount - Huge Pages", "[  OK  ] Mounted dev-hugepages.mount - Huge Pages."),
    ],
)
def test_what_has_ended_is_waited_for_no_more(begin: str, end: str) -> None:
    endless = "         Starting endless.service - A service that never ends..."
    first = f"         {begin}..."
    assert len(unfinished(first, endless)) == 2
    assert unfinished(first, endless, end) == ["endless.service - A service that never ends"]


@pytest.mark.parametrize(
    "line",
    [
        "         Starting cloud-config.service - App…tings specified in cloud-config...",
        "         Starting Execute cloud user/final scripts...",
        "Starting version 252.39-1~deb12u2",
        "         Stopping dbus.service - D-Bus System Message Bus...",
    ],
)
def test_stages_of_cloud_init_are_milestones_and_not_waited_for(line: str) -> None:
    assert unfinished(line) == []


def test_endless_begins_take_bounded_memory() -> None:
    assert len(unfinished(*(f"         Starting unit-{number}.service..." for number in range(10_000)))) == MOST


def test_a_restart_begins_anew() -> None:
    scanner = Scanner()
    scanner.feed(b"[    0.000000] Linux version 6.1\n         Starting a.service...\nSeaBIOS (version 1)\n")
    assert scanner.jobs.unfinished == {}
