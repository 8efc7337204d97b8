"""One session of recipe steps on a real Debian, for each engine that runs guest programs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

import goldsmith.customization.kinds  # noqa: F401  registers them
from goldsmith.base.base import Base
from goldsmith.customization.customization import Session, registered
from goldsmith.disk.qemu_img import create_overlay
from goldsmith.errors import GoldsmithError
from goldsmith.events import Event
from goldsmith.guest.guest import Guest
from goldsmith.guest.index import Index
from goldsmith.guest.info import INFO_ROOTS, read_info
from goldsmith.guest.open import open_guest

FOLDER = Path(__file__).parent / "recipe"
# A host's setting that only programs with the network may see, and that must not stay.
MARKER = "marker.example.org"
STEPS: tuple[dict[str, Any], ...] = (
    {"defaults": {"config": "ssh_pwauth: false  # policy\n", "disable_modules": ["runcmd"]}},
    {"datasource": "local"},
    {"install": ["htop", "tree"]},
    {"install": ["no-such-package"]},
    {"uninstall": ["tree", "ghost"]},
    {"write": {"path": "/etc/motd", "text": "{{ name }} {{ version }}\n"}},
    {"write": {"path": "/bin/hello", "text": "#!/bin/sh\necho hello\n", "mode": "0755"}},
    {"mkdir": {"path": "/srv/data", "mode": "2750", "owner": "www-data", "group": "adm"}},
    {"copy": {"from": "files", "to": "/opt/app"}},
    {"link": {"path": "/usr/local/bin/app", "target": "/opt/app/run"}},
    {"run": {"script": "setup.sh"}},
    {"run": {"shell": "hello; echo $no_proxy >/srv/offline; id -u >>/srv/offline; ip -oneline link >>/srv/offline"}},
    {"run": {"shell": "echo $no_proxy; ip -oneline route show default", "network": True}},
    {"run": {"shell": "echo one\nfalse\ntouch /srv/never\n"}},
    {"run": {"command": ["sleep", "60"], "timeout": 2}},
    {"services": {"enable": ["ssh"], "disable": ["apt-daily.timer"], "mask": ["apt-daily-upgrade.timer"]}},
    {"services": {"enable": ["no-such-unit"]}},
    {"hostname": "golden"},
    {"timezone": "Etc/GMT-1"},
    {"delete": ["/etc/motd.d", "/var/cache/apt/*.bin"]},
    {"delete": ["/var/cache/apt/*.bin", "/usr/share/common-licenses/GPL"]},
)


@dataclass
class Performed:
    """What a session left: the open guest, its tree, and what each step said, by its place in STEPS."""

    guest: Guest
    before: Index
    said: list[str | GoldsmithError] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    printed: list[bytes] = field(default_factory=list)
    declared: set[str] = field(default_factory=set)

    def of(self, key: str) -> list[str | GoldsmithError]:
        return [said for step, said in zip(STEPS, self.said, strict=True) if key in step]

    def read(self, path: str) -> str:
        return self.guest.read(path).decode()


@pytest.fixture(
    scope="module",
    params=[
        pytest.param("mount", marks=[pytest.mark.root, pytest.mark.base]),
        # Minutes under emulation; that the engine runs programs at all is the engines' own test.
        pytest.param(
            "guestfs",
            marks=[pytest.mark.guestfs, pytest.mark.base, pytest.mark.full, pytest.mark.timeout(1500)],
        ),
    ],
)
def performed(
    request: pytest.FixtureRequest, debian12: Base, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Performed]:
    scratch = tmp_path_factory.mktemp("performed")
    disk = create_overlay(scratch / "overlay.qcow2", debian12.disk, 4 << 30)
    with (
        pytest.MonkeyPatch.context() as patch,
        open_guest(disk, engine=request.param, scratch=scratch, grow=True) as guest,
    ):
        patch.setenv("no_proxy", MARKER)
        done = Performed(guest, guest.index(["/etc", "/usr/sbin"]))
        session = Session(
            guest,
            read_info(guest.index(INFO_ROOTS), guest.read),
            FOLDER,
            {"name": "web", "version": "1.0"},
            declared=done.declared,
            emit=done.events.append,
            output=done.printed.append,
        )
        for step in STEPS:
            ((key, value),) = step.items()
            try:
                done.said.append(registered()[key].model_validate(value).perform(session))
            except GoldsmithError as error:
                done.said.append(error)
        yield done
