"""A plain user's machines, run by the user's own libvirtd, which libvirt starts where none runs."""

from __future__ import annotations

import os
import shutil
import signal
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.integration.machine.libvirtd import processes_of, wait_until

from goldsmith.machine.boot import boot
from goldsmith.machine.driver import MachineSpec
from goldsmith.machine.drivers.libvirt import LibvirtMachine
from goldsmith.machine.options import MachineOptions
from goldsmith.machine.patience import Patience

pytestmark = [pytest.mark.rootless, pytest.mark.timeout(240)]

PROMPT = "\r\nlocalhost login: "
HURRIED = Patience(
    early_idle=6, early_busy=8, idle=6, sleep=0, busy=8, dead_end=0.3, linger=0, limit=60, grace=8, press=1
)
MachineOf = Callable[..., MachineSpec]


@pytest.fixture
def session(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Folders of a session's own, with short names: libvirt's sockets lie there."""
    folder = Path(tempfile.mkdtemp(prefix="ls-", dir="/tmp"))
    monkeypatch.delenv("LIBVIRT_DEFAULT_URI", raising=False)
    for name in ("XDG_CONFIG_HOME", "XDG_CACHE_HOME", "XDG_RUNTIME_DIR"):
        (folder / name[4:7]).mkdir(mode=0o700)
        monkeypatch.setenv(name, str(folder / name[4:7]))
    yield folder
    for daemon in daemons(folder):
        os.kill(daemon, signal.SIGTERM)
    wait_until(lambda: daemons(folder) == [])
    shutil.rmtree(folder)


def daemons(folder: Path) -> list[int]:
    """This session's libvirtd and virtlogd."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if (process / "comm").read_text().strip() not in {"libvirtd", "virtlogd"}:
                continue
            if str(folder).encode() in (process / "environ").read_bytes():
                found.append(int(process.name))
        except OSError:
            continue
    return found


def test_a_plain_users_own_libvirtd_is_woken_and_shared(session: Path, machine_of: MachineOf) -> None:
    assert daemons(session) == []
    options = MachineOptions(memory=64, tpm=True)
    specs = [machine_of(name, PROMPT, "power off by button", options=options) for name in ("one", "two")]
    records = boot(specs, driver="libvirt", patience=HURRIED, at_once=2)
    assert [(each.problem, each.off, each.hardware) for each in records] == [(None, True, True)] * 2
    # The first machine's end did not end it.
    assert len(daemons(session)) == 2
    assert processes_of("guest=goldsmith-") == []
    assert [str(path) for path in session.rglob("*goldsmith-*")] == []
    assert sorted(path.name for path in specs[0].folder.iterdir()) == [
        "one.console.log",
        "one.libvirt.log",
        "two.console.log",
        "two.libvirt.log",
    ]


def test_a_session_that_dies_leaves_nothing(session: Path, machine_of: MachineOf) -> None:
    spec = machine_of("clone", "hello", "halt")
    with LibvirtMachine(spec) as machine:
        wait_until(lambda: machine.ended() is None and b"hello" in spec.console.read_bytes())
        for daemon in daemons(session):
            os.kill(daemon, signal.SIGKILL)
        wait_until(machine.ended)
    assert processes_of("guest=goldsmith-") == []
    assert sorted(path.name for path in spec.folder.iterdir()) == ["clone.console.log", "clone.libvirt.log"]
