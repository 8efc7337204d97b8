from __future__ import annotations

from pathlib import Path
from uuid import UUID

import pytest

from goldsmith.cloudinit.seed import write_seed
from goldsmith.errors import InputError
from goldsmith.machine.driver import CpuTime
from goldsmith.machine.drivers import container_cgroup
from goldsmith.machine.drivers.container import FEATURES
from goldsmith.machine.drivers.container_argv import Rehearsal, nspawn_argv
from goldsmith.machine.drivers.container_seed import read_seed

ID = UUID("5f0c3f0e-6f0c-4a36-9c1b-0d8e3a7c1b2a")


def test_the_whole_command_line() -> None:
    words = ("root=UUID=1", "ro", "ci.ds=None", "quiet", "cloud-init=disabled", "ds=nocloud;h=one")
    assert nspawn_argv(Rehearsal("rehearsal-1", "/w/booted", 700000, ID, seed="/w/seed", words=words)) == [
        "systemd-nspawn",
        "--quiet",
        "--settings=no",
        "--register=no",
        "--keep-unit",
        "--boot",
        "--console=read-only",
        "--machine=rehearsal-1",
        "--uuid=5f0c3f0e-6f0c-4a36-9c1b-0d8e3a7c1b2a",
        "--directory=/w/booted",
        "--private-users=700000:65536",
        "--private-users-ownership=off",
        "--private-network",
        "--drop-capability=CAP_SYS_TTY_CONFIG,CAP_AUDIT_CONTROL,CAP_LEASE,CAP_NET_BROADCAST",
        "--resolv-conf=off",
        "--timezone=off",
        "--link-journal=no",
        "--kill-signal=SIGRTMIN+4",
        "--suppress-sync=yes",
        "--bind-ro=/w/seed:/var/lib/cloud/seed/nocloud",
        "ci.ds=None",
        "cloud-init=disabled",
        "ds=nocloud;h=one",
    ]


def test_without_a_seed_nothing_is_bound() -> None:
    assert not any(word.startswith("--bind") for word in nspawn_argv(Rehearsal("r", "/w", 1, ID)))


def test_a_rehearsal_is_no_proof_of_hardware() -> None:
    assert not FEATURES.hardware
    assert FEATURES.activity


def test_a_seed_comes_back_as_files(tmp_path: Path) -> None:
    write_seed(tmp_path / "seed.iso", instance_id="one", user_data=b"#cloud-config\n")
    assert read_seed(tmp_path / "seed.iso") == {
        "meta-data": b'{"instance-id": "one"}\n',
        "user-data": b"#cloud-config\n",
        "vendor-data": b"",
    }


@pytest.mark.parametrize("content", [b"", b"\0" * 40000, b"CD001" * 10000])
def test_what_is_no_seed_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "seed.iso").write_bytes(content)
    with pytest.raises(InputError, match="no seed that can be read"):
        read_seed(tmp_path / "seed.iso")


@pytest.mark.parametrize(
    ("mounts", "own", "expected"),
    [
        (
            ["30 1 0:1 / /cg rw - cgroup2 cgroup2 rw"],
            ["0::/user.slice/session-1.scope"],
            ["/cg/user.slice/session-1.scope"],
        ),
        (
            [
                "30 1 0:1 / /cg/systemd rw - cgroup cgroup rw,name=systemd",
                "31 1 0:2 / /cg/unified rw - cgroup2 cgroup2 rw",
                "32 1 0:3 / /cg/memory rw - cgroup cgroup rw,memory",
            ],
            ["4:memory:/a", "1:name=systemd:/", "0::/b"],
            ["/cg/systemd", "/cg/unified/b"],
        ),
        (["30 1 0:1 /docker/1 /cg rw - cgroup2 cgroup2 rw"], ["0::/docker/1/x"], ["/cg/x"]),
        ([], ["0::/"], []),
    ],
    ids=["unified", "hybrid", "in a container", "none"],
)
def test_where_a_group_of_its_own_is_made(
    mounts: list[str], own: list[str], expected: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, lines in (("MOUNTS", mounts), ("OWN", own)):
        (tmp_path / name).write_text("".join(f"{line}\n" for line in lines))
        monkeypatch.setattr(container_cgroup, name, tmp_path / name)
    assert [str(folder) for folder in container_cgroup.hierarchies()] == expected


def test_processor_time_is_read_from_the_group(tmp_path: Path) -> None:
    (tmp_path / "cpu.stat").write_text("usage_usec 1500000\nuser_usec 1\n")
    assert container_cgroup.cpu_time((tmp_path / "none", tmp_path)) == CpuTime(1.5)
    (tmp_path / "cpu.pressure").write_text("some avg10=0.00 avg60=0.00 total=250000\nfull avg10=0.00 total=9\n")
    assert container_cgroup.cpu_time((tmp_path,)) == CpuTime(1.5, 0.25)
    assert container_cgroup.cpu_time(()) == CpuTime(0.0)
