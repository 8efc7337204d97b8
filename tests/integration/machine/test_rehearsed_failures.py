"""Images whose userland does not get to its end, rehearsed: each is told by what its console shows, in seconds."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from goldsmith.base.base import Base
from goldsmith.cloudinit.seed import write_seed
from goldsmith.disk.qemu_img import create_overlay
from goldsmith.guest.change import Link, Plan, Seen, Write
from goldsmith.guest.guest import Guest
from goldsmith.guest.open import open_guest
from goldsmith.machine.boot import BootRecord, boot
from goldsmith.machine.cause import leading
from goldsmith.machine.driver import MachineSpec
from goldsmith.machine.milestones import Milestone
from goldsmith.machine.patience import Patience

pytestmark = [pytest.mark.root, pytest.mark.base]

# A stall has to last for longer than the pauses of a crowded host.
HURRIED = Patience(early_idle=30, early_busy=60, idle=8, sleep=0, busy=60, dead_end=1, linger=2, limit=120, grace=30)
ENDLESS = """\
[Unit]
Description=A service that never ends
Before=multi-user.target
[Service]
Type=oneshot
ExecStart=/bin/sleep infinity
TimeoutStartSec=infinity
"""
# A device would be passed over in a container.
BAD_MOUNT = "tmpfs /srv tmpfs size=nonsense 0 0\n"


ENDLESS_WANTED = "/etc/systemd/system/multi-user.target.wants/endless.service"
RESTARTS = "#!/bin/sh\necho 'Welcome to an image that restarts!'\nexec /bin/systemctl reboot -ff\n"
# All that is free, what is reserved for root included, but for too little to write a file into.
FILL = "fallocate -l $(($(stat -f -c '%f * %S' /) - 262144)) /var/fill; dd if=/dev/zero of=/var/rest bs=4k; true"

Sabotage = Callable[[Guest], None]


def put(path: str, text: str) -> Sabotage:
    """A file, with nothing else changed."""

    def edit(guest: Guest) -> None:
        mode = 0o755 if text.startswith("#!") else 0o644
        seen = Seen.of(guest.index((path,)).get(path))
        guest.apply(
            Plan(
                (
                    Write(
                        path=path,
                        seen=seen,
                        operation="test",
                        reason="",
                        content=text.encode(),
                        mode=mode,
                        uid=0,
                        gid=0,
                    ),
                )
            )
        )

    return edit


def link(path: str, target: str) -> Sabotage:
    def edit(guest: Guest) -> None:
        seen = Seen.of(guest.index((path,)).get(path))
        guest.apply(Plan((Link(path=path, seen=seen, operation="test", reason="", target=target),)))

    return edit


def fill(guest: Guest) -> None:
    guest.run(("/bin/sh", "-c", FILL), timeout=60)


def rehearsed(base: Base, folder: Path, *sabotage: Sabotage) -> BootRecord:
    """The base, sabotaged, with an empty seed."""
    disk = create_overlay(folder / "disk.qcow2", base.disk)
    with open_guest(disk, engine="mount", scratch=folder) as guest:
        for edit in sabotage:
            edit(guest)
        guest.sync()
    seed = folder / "seed.iso"
    write_seed(seed, instance_id="iid-rehearsal")
    spec = MachineSpec(name="rehearsal", disk=disk, folder=folder / "machine", seed=seed)
    (record,) = boot([spec], driver="container", patience=HURRIED)
    return record


def test_a_mount_that_fails_ends_in_emergency_mode(debian12: Base, tmp_path: Path) -> None:
    record = rehearsed(debian12, tmp_path, put("/etc/fstab", BAD_MOUNT))
    assert record.problem is not None
    assert record.problem.startswith("the boot gave up after ")
    causes = leading(record.causes)
    assert [each.name for each in causes[:2]] == ["emergency-mode", "failed-unit"]
    assert causes[1].cause.startswith("systemd could not start srv.mount")


def test_a_service_that_never_ends_is_named(debian12: Base, tmp_path: Path) -> None:
    unit = "/etc/systemd/system/endless.service"
    record = rehearsed(debian12, tmp_path, put(unit, ENDLESS), link(ENDLESS_WANTED, unit))
    assert record.problem is not None
    assert record.problem.startswith("stalled after ")
    assert not record.reached(Milestone.READY)
    assert record.off
    assert any("endless.service" in each.cause for each in leading(record.causes)), record.causes


def test_a_full_disk_is_named(debian12: Base, tmp_path: Path) -> None:
    record = rehearsed(debian12, tmp_path, fill)
    assert "disk-full" in [each.name for each in leading(record.causes)], (record.problem, record.causes)


def test_an_image_that_restarts_for_ever_is_stopped(debian12: Base, tmp_path: Path) -> None:
    record = rehearsed(debian12, tmp_path, put("/usr/lib/systemd/systemd", RESTARTS))
    assert record.problem is not None
    assert re.search(r"restarted 4 times without getting ready|restarts itself again and again", record.problem)
    assert record.boots >= 4
