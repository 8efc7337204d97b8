from __future__ import annotations

import pytest

from goldsmith.errors import InputError
from goldsmith.machine.architecture import ARCHITECTURES
from goldsmith.machine.options import Firmware, MachineOptions
from goldsmith.machine.refusals import check

ARM = {"arch": "aarch64", "firmware": Firmware.UEFI}


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"memory": 64},
        {"firmware": Firmware.UEFI},
        {"machine": "pc"},
        {"machine": "pc-q35-7.2"},
        {"machine": "pc-i440fx-9.1"},
        {"cpu": "host"},
        {"cpu": "Haswell-noTSX,+avx,pdpe1gb=off"},
        {"cpu": "qemu64"},
        {"cpus": 255},
        ARM,
        {**ARM, "machine": "virt-7.2", "cpu": "cortex-a57"},
    ],
)
def test_what_can_be_made(options: dict[str, object]) -> None:
    made = MachineOptions(**options)  # type: ignore[arg-type]
    assert check(made) is ARCHITECTURES[made.arch]


@pytest.mark.parametrize(
    ("options", "message", "hint"),
    [
        (
            {"arch": "sparc64"},
            "machines of architecture 'sparc64' are not known",
            "architectures: aarch64, x86_64",
        ),
        ({"arch": "aarch64"}, "aarch64 machines have no firmware bios", "firmware: uefi"),
        (
            {"memory": 63},
            "nothing boots in 63 MiB of memory",
            "memory is in MiB: at least 64, for most images 512 or more",
        ),
        ({"cpus": 0}, "a machine cannot have 0 processors", "cpus: 1 to 255"),
        ({"cpus": 256}, "a machine cannot have 256 processors", "cpus: 1 to 255"),
        (
            {"machine": "microvm"},
            "goldsmith makes no x86_64 machines of type 'microvm'",
            "machine: q35, or a version of it that qemu-system-x86_64 -machine help shows",
        ),
        (
            {**ARM, "machine": "q35"},
            "goldsmith makes no aarch64 machines of type 'q35'",
            "machine: virt, or a version of it that qemu-system-aarch64 -machine help shows",
        ),
        (
            {"machine": "q35,accel=kvm"},
            "goldsmith makes no x86_64 machines of type 'q35,accel=kvm'",
            "machine: q35, or a version of it that qemu-system-x86_64 -machine help shows",
        ),
        (
            {"cpu": "max,phys-bits=40"},
            "'max,phys-bits=40' is no processor model",
            "cpu: max, or a model that qemu-system-x86_64 -cpu help shows, with features as in max,-avx",
        ),
        (
            {"cpu": "max -snapshot"},
            "'max -snapshot' is no processor model",
            "cpu: max, or a model that qemu-system-x86_64 -cpu help shows, with features as in max,-avx",
        ),
    ],
)
def test_what_cannot(options: dict[str, object], message: str, hint: str) -> None:
    with pytest.raises(InputError) as raised:
        check(MachineOptions(**options))  # type: ignore[arg-type]
    assert (raised.value.message, raised.value.hint) == (message, hint)
