"""The real virt-sysprep on a small disk: what it did, what it left, and that nothing stays when it is stopped.

One run of its appliance for all but the last test, which stops one that has begun.
"""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from tests.golden.trees import make

from goldsmith import api
from goldsmith.disk.disk import Disk, DiskFormat
from goldsmith.disk.qemu_img import create_overlay
from goldsmith.events import Event, Note, Progress, StepFinished
from goldsmith.guest.open import open_guest
from goldsmith.pipeline.existing.generalize import GeneralizeReport

pytestmark = [
    pytest.mark.root,
    pytest.mark.guestfs,
    pytest.mark.timeout(600),
]

MIB = 1 << 20
SIZE = 32 * MIB
ID = "0123456789abcdef0123456789abcdef"
TREE = f"""
guest debian
d 0755 /bin
f 0755 /usr/lib/systemd/systemd = ''
f 0444 /etc/machine-id = '{ID}\\n'
f 0644 /etc/fstab = ''
f 0644 /etc/hostname = 'localhost\\n'
f 0644 /etc/passwd = "root:x:0:0:root:/root:/bin/sh\\n"
f 0600 /etc/ssh/ssh_host_ed25519_key = 'key\\n'
f 0600 /root/.bash_history = 'passwd\\n'
f 0600 /root/.viminfo = 'x\\n'
f 0644 /var/lib/cloud/data/instance-id = 'i-1\\n'
f 0600 /var/lib/systemd/random-seed = 'seed'
d 1777 /tmp
"""


@pytest.fixture(scope="module")
def disk(tmp_path_factory: pytest.TempPathFactory) -> Disk:
    """Read only: a raw disk with one ext4 partition of the tree."""
    folder = tmp_path_factory.mktemp("disk")
    tree, path = folder / "tree", folder / "guest.raw"
    tree.mkdir()
    make(tree, TREE)
    with path.open("wb") as file:
        file.truncate(SIZE)
    subprocess.run(
        ["/usr/sbin/sfdisk", "--quiet", path], input="label: gpt\nstart=1MiB, type=linux\n", text=True, check=True
    )
    kib = (SIZE - 2 * MIB) // 1024
    subprocess.run(
        ["/usr/sbin/mke2fs", "-q", "-F", "-t", "ext4", "-d", tree, "-E", f"offset={MIB}", path, f"{kib}k"],
        check=True,
        capture_output=True,
    )
    return Disk(path, DiskFormat.RAW, SIZE)


@dataclass(frozen=True)
class Done:
    report: GeneralizeReport
    events: list[Event]
    output: Path


@pytest.fixture(scope="module")
def done(disk: Disk, tmp_path_factory: pytest.TempPathFactory) -> Done:
    """`generalize DISK --with virt-sysprep --output OUT`."""
    events: list[Event] = []
    output = tmp_path_factory.mktemp("out") / "golden.qcow2"
    report = api.generalize(
        disk.path, engine="mount", operations="defaults", tools=["virt-sysprep"], output=output, emit=events.append
    )
    return Done(report, events, output)


def test_what_it_did_is_told_path_by_path(done: Done) -> None:
    told = {(change.path, type(change).__name__) for change in done.report.plan if change.operation == "virt-sysprep"}
    assert told >= {
        ("/etc/machine-id", "Write"),
        ("/etc/ssh/ssh_host_ed25519_key", "Remove"),
        ("/root/.bash_history", "Remove"),
    }


def test_its_customize_did_not_fill_the_machine_id_again(done: Done) -> None:
    (machine_id,) = [change for change in done.report.plan if change.path == "/etc/machine-id"]
    assert machine_id.content == b""  # type: ignore[attr-defined]
    finished = {event.step: event.summary for event in done.events if isinstance(event, StepFinished)}
    assert "customize not among them" in finished["virt-sysprep"]


def test_what_it_left_is_named_by_the_second_look(done: Done) -> None:
    left = {change.operation: change.path for change in done.report.left}
    assert left["random-seed"] == "/var/lib/systemd/random-seed"
    assert left["program-histories"] == "/root/.viminfo"
    assert left["cloud-init"].startswith("/var/lib/cloud/data")
    notes = [event.text for event in done.events if isinstance(event, Note) and event.warning]
    assert any(note.startswith("virt-sysprep left what random-seed removes") for note in notes)


def test_the_audit_names_it_again_on_the_sealed_bytes(done: Done) -> None:
    audited = api.audit(done.output, engine="mount")
    assert audited.failed
    named = " ".join(str(finding.place) for finding in audited.findings)
    assert "/var/lib/systemd/random-seed" in named
    assert "ssh_host" not in named


def test_it_goes_on_step_by_step(done: Done) -> None:
    progress = [event for event in done.events if isinstance(event, Progress) and event.step == "virt-sysprep"]
    assert [event.done for event in progress] == sorted({event.done for event in progress})
    assert {event.unit for event in progress} <= {"operations"}


def test_the_disk_that_was_given_is_as_it_was(disk: Disk, done: Done, tmp_path: Path) -> None:
    assert done.output.exists()
    overlay = create_overlay(tmp_path / "overlay.qcow2", disk)
    with open_guest(overlay, engine="mount", scratch=tmp_path, read_only=True) as guest:
        assert guest.read("/etc/machine-id").decode() == f"{ID}\n"


def test_stopped_it_leaves_no_process_and_no_file(
    disk: Disk, tmp_path: Path, started: Any, environment: dict[str, str]
) -> None:
    events = tmp_path / "events"
    copy = tmp_path / "copy.raw"
    shutil.copyfile(disk.path, copy)
    words = ("generalize", copy, "--with", "virt-sysprep", "--output", tmp_path / "out.qcow2", "--engine", "mount")
    process = started(*words, "--events", events)
    deadline = time.monotonic() + 120
    while not (ours := _appliances(copy)) and time.monotonic() < deadline:
        time.sleep(0.2)
    assert ours, process.communicate()[1]
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 130, said
    assert _appliances(copy) == []
    assert not (tmp_path / "out.qcow2").exists()
    steps = [json.loads(line) for line in events.read_text().splitlines()]
    assert any(event["event"] == "StepFailed" and event["step"] == "virt-sysprep" for event in steps)
    assert Path(environment["TMPDIR"]).is_dir()
    assert list(Path(environment["TMPDIR"]).iterdir()) == []


def _appliances(disk: Path) -> list[int]:
    """The processes that have an overlay of this test in their command line."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            words = (folder / "cmdline").read_bytes()
        except OSError:
            continue
        if words.startswith(b"virt-sysprep\0") and bytes(disk.parent) in words:
            found.append(int(folder.name))
    return found
