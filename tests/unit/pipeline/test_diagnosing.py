"""What `doctor` says about a host."""

from __future__ import annotations

from pathlib import Path

import pytest

from goldsmith.doctor import Tool
from goldsmith.errors import HostError
from goldsmith.guest.engines.engine import EngineStatus
from goldsmith.machine.acceleration import Acceleration
from goldsmith.machine.driver import DriverStatus
from goldsmith.pipeline import diagnose as module
from goldsmith.pipeline.diagnose import Diagnosis, diagnose

WORKS, LACKS = EngineStatus(usable=True, why="works"), EngineStatus(usable=False, why="no FUSE", hint="install fuse3")
DRIVER, NO_DRIVER = DriverStatus(usable=True, why="QEMU 7.2"), DriverStatus(usable=False, why="no QEMU", hint="get it")
IMG = Tool("qemu-img", "qemu-utils", Path("/usr/bin/qemu-img"), "every disk image", required=True)
ZSTD = Tool("zstd", "zstd", None, "bases compressed with zstd")
EMULATED = Acceleration(kvm=False, why="KVM: /dev/kvm is not there; using emulation", speed=0.2)
KVM = Acceleration(kvm=True, why="KVM: a test boot took 0.5 s; using it", speed=1.0)


def host(
    *, tree: EngineStatus = WORKS, mount: EngineStatus = LACKS, guestfs: EngineStatus = WORKS,
    driver: DriverStatus = DRIVER, acceleration: Acceleration = EMULATED, tools: tuple[Tool, ...] = (IMG, ZSTD),
) -> Diagnosis:  # fmt: skip
    return Diagnosis({"tree": tree, "mount": mount, "guestfs": guestfs}, {"qemu": driver}, acceleration, tools)


def test_the_text() -> None:
    assert host().as_text() == [
        "✓ engine tree: works",
        "✗ engine mount: no FUSE",
        "  hint: install fuse3",
        "✓ engine guestfs: works",
        "✓ driver qemu: QEMU 7.2",
        "· KVM: /dev/kvm is not there; using emulation",
        "✗ zstd is missing (bases compressed with zstd)",
        "  hint: as root: apt-get install --no-install-recommends zstd",
        "1 of 2 tools are there",
        "images can be built and proven here",
    ]


def test_the_text_where_all_is_there() -> None:
    assert host(mount=WORKS, acceleration=KVM, tools=(IMG,)).as_text() == [
        "✓ engine tree: works",
        "✓ engine mount: works",
        "✓ engine guestfs: works",
        "✓ driver qemu: QEMU 7.2",
        "✓ KVM: a test boot took 0.5 s; using it",
        "1 of 1 tools are there",
        "images can be built and proven here",
    ]


def test_the_document() -> None:
    assert host().as_json() == {
        "engines": {
            "tree": {"usable": True, "why": "works", "hint": None},
            "mount": {"usable": False, "why": "no FUSE", "hint": "install fuse3"},
            "guestfs": {"usable": True, "why": "works", "hint": None},
        },
        "drivers": {"qemu": {"usable": True, "why": "QEMU 7.2", "hint": None}},
        "acceleration": {"kvm": {"usable": False, "why": "KVM: /dev/kvm is not there; using emulation"}},
        "tools": [
            {
                "name": "qemu-img",
                "package": "qemu-utils",
                "path": "/usr/bin/qemu-img",
                "needed_for": "every disk image",
                "required": True,
            },
            {
                "name": "zstd",
                "package": "zstd",
                "path": None,
                "needed_for": "bases compressed with zstd",
                "required": False,
            },
        ],
        "missing": [
            {"what": "zstd", "required": False, "install": "apt-get install --no-install-recommends zstd"},
        ],
    }


@pytest.mark.parametrize(
    ("diagnosis", "able"),
    [
        pytest.param(host(), True, id="one engine for disks is enough"),
        pytest.param(host(mount=WORKS, guestfs=LACKS), True, id="whichever"),
        pytest.param(host(guestfs=LACKS), False, id="a directory is no image"),
        pytest.param(host(driver=NO_DRIVER), False, id="nothing to boot clones with"),
    ],
)
def test_able(diagnosis: Diagnosis, able: bool) -> None:  # noqa: FBT001
    assert diagnosis.able is able
    last = "images can be built and proven here" if able else "images cannot be built here"
    assert diagnosis.as_text()[-1] == last


def test_without_qemu_kvm_is_not_tried_and_that_is_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse() -> Acceleration:
        raise HostError("qemu-system-x86_64 is not installed")

    monkeypatch.setattr(module, "acceleration", refuse)
    monkeypatch.setattr(module, "engines", lambda: {"mount": LACKS, "guestfs": LACKS})
    found = {"qemu": NO_DRIVER, "container": DRIVER}
    monkeypatch.setattr(module, "drivers", lambda: found)
    monkeypatch.setattr(module, "tools", lambda: (ZSTD,))
    verdict = Acceleration(kvm=False, why="KVM: not tried: qemu-system-x86_64 is not installed", speed=0.2)
    assert diagnose() == Diagnosis({"mount": LACKS, "guestfs": LACKS}, found, verdict, (ZSTD,))
    assert not diagnose().able, "a rehearsal alone proves no image"
