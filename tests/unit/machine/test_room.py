"""How many machines run at a time, and the one line that says why."""

from __future__ import annotations

from pathlib import Path

import pytest

from goldsmith.machine import room
from goldsmith.machine.options import MachineOptions
from goldsmith.machine.room import Host, Kind, Room, room_for

SMALL, LARGE = MachineOptions(), MachineOptions(memory=4096, cpus=2)
MUCH = 64 << 10


def machines(count: int, options: MachineOptions = SMALL) -> list[MachineOptions]:
    return [options] * count


@pytest.mark.parametrize(
    ("wanted", "kind", "host", "expected"),
    [
        (machines(2), Kind.EMULATED, Host(2, MUCH), Room(2, "2 machines at once")),
        (
            machines(4),
            Kind.EMULATED,
            Host(2, MUCH),
            Room(2, "2 of 4 machines at once: emulation keeps a processor busy for each of theirs, and there are 2"),
        ),
        (
            machines(3, LARGE),
            Kind.EMULATED,
            Host(2, MUCH),
            Room(1, "1 of 3 machines at once: emulation keeps a processor busy for each of theirs, and there are 2"),
        ),
        (machines(4), Kind.ACCELERATED, Host(2, MUCH), Room(4, "4 machines at once")),
        (
            machines(6),
            Kind.ACCELERATED,
            Host(2, MUCH),
            Room(4, "4 of 6 machines at once: 2 for each processor, and there are 2"),
        ),
        (
            machines(6),
            Kind.ACCELERATED,
            Host(8, 3200),
            Room(2, "2 of 6 machines at once: each takes 1280 MiB, and 3200 MiB are free"),
        ),
        (
            [*machines(2), LARGE],
            Kind.ACCELERATED,
            Host(8, 10_000),
            Room(2, "2 of 3 machines at once: each takes 4352 MiB, and 10000 MiB are free"),
        ),
        (
            machines(2),
            Kind.EMULATED,
            Host(2, 700),
            Room(1, "1 of 2 machines at once: each takes 1280 MiB, and 700 MiB are free", tight=True),
        ),
        (
            machines(12, LARGE),
            Kind.REHEARSED,
            Host(2, MUCH),
            Room(4, "4 of 12 rehearsals at once: 2 for each processor, and there are 2"),
        ),
        (
            machines(12),
            Kind.REHEARSED,
            Host(16, 1536),
            Room(4, "4 of 12 rehearsals at once: each takes 256 MiB, and 1536 MiB are free"),
        ),
    ],
)
def test_room(wanted: list[MachineOptions], kind: Kind, host: Host, expected: Room) -> None:
    assert room_for(wanted, kind, host) == expected


@pytest.mark.parametrize("cpus", [1, 2, 5])
@pytest.mark.parametrize("available", [0, 600, 5000, MUCH])
@pytest.mark.parametrize("count", [1, 2, 9])
@pytest.mark.parametrize("kind", Kind)
def test_there_is_always_room_for_one_and_never_for_more_than_asked(
    cpus: int, available: int, count: int, kind: Kind
) -> None:
    assert 1 <= room_for(machines(count), kind, Host(cpus, available)).at_once <= count


def test_this_host_is_read_from_the_kernel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    meminfo = tmp_path / "meminfo"
    monkeypatch.setattr(room, "MEMINFO", meminfo)
    meminfo.write_text("MemTotal:       24684092 kB\nMemAvailable:   2048000 kB\n")
    assert Host.here().available == 2000
    assert Host.here().cpus >= 1
    for unknown in ("MemTotal: 1 kB\n", "MemAvailable:\n", "MemAvailable: many kB\n"):
        meminfo.write_text(unknown)
        assert Host.here().available > MUCH
    meminfo.unlink()
    assert Host.here().available > MUCH
